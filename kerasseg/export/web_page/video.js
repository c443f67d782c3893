/* Frames of a video or of the camera, as many as somebody keeps up with. */

/** Seconds as m:ss. */
export function clock(seconds) {
  const whole = Number.isFinite(seconds) ? Math.floor(seconds) : 0;
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** The camera, the one at the back if there are two. Throws an Error that says what is wrong. */
export async function startCamera() {
  if (!navigator.mediaDevices) {
    throw new Error("browsers give it to pages from https:// or localhost only");
  }
  const wanted = { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } };
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    return new VideoSource({ stream });
  } catch (error) {
    const known = {
      NotAllowedError: "it was not allowed",
      NotFoundError: "there is none",
      NotReadableError: "another program uses it",
    };
    throw new Error(known[error.name] ?? error.message);
  }
}

/** Fires the event "video" at the document whenever its place changes, or whether it plays. */
export class VideoSource {
  constructor({ stream, address }) {
    this.stream = stream;
    this.isCamera = Boolean(stream);
    this.stopped = false;
    this.element = document.createElement("video");
    this.element.muted = this.element.playsInline = true;
    if (stream) this.element.srcObject = stream;
    else this.element.src = address;
    for (const name of ["play", "pause", "ended", "timeupdate", "seeked"]) {
      this.element.addEventListener(name, () => document.dispatchEvent(new Event("video")));
    }
  }

  static ofFile(file) {
    return new VideoSource({ address: URL.createObjectURL(file) });
  }

  /** Plays and gives frames to `take`, which returns a promise, until it is stopped. Resolves when
   * the first one was taken. Throws an Error for what the browser cannot play; what goes wrong later
   * is given to `fail`. */
  async start(take, fail) {
    await new Promise((resolve, reject) => {
      this.element.onloadeddata = resolve;
      this.element.onerror = () => reject(new Error("this browser cannot play it"));
    });
    const first = this.#nextFrame();
    await this.element.play();
    await first;
    await this.#give(take);
    this.#follow(take).catch(fail);
  }

  async #give(take) {
    await take(await createImageBitmap(this.element));
  }

  async #follow(take) {
    while (!this.stopped) {
      await this.#nextFrame();
      if (!this.stopped) await this.#give(take);
    }
  }

  /** Resolves when a frame is on show that was not there before, after a jump of a paused one, too. */
  #nextFrame() {
    return new Promise((resolve) => {
      if (this.element.requestVideoFrameCallback) this.element.requestVideoFrameCallback(resolve);
      else this.element.addEventListener("timeupdate", resolve, { once: true });
    });
  }

  async toggle() {
    if (this.element.paused) await this.element.play();
    else this.element.pause();
  }

  seek(seconds) {
    this.element.currentTime = seconds;
  }

  stop() {
    this.stopped = true;
    this.element.pause();
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    if (this.element.src) URL.revokeObjectURL(this.element.src);
    this.element.removeAttribute("src");
  }
}
