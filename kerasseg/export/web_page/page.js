/*
 * The page: takes pictures, videos and the camera, hands their frames to the worker, one at a time,
 * and shows what comes back.
 */
import { HEAT, Picture } from "./picture.js";
import { clock, startCamera, VideoSource } from "./video.js";

const LONGEST = 1600; // pixels of what is drawn
const STILL = 2 ** 20; // pixels that are labelled, at most; a smaller picture at its own size
const MOVING = 2 ** 18;

const element = (id) => document.getElementById(id);
const [stage, canvas, said] = ["stage", "canvas", "said"].map(element);
const [opacity, threshold, seek] = ["opacity", "threshold", "seek"].map(element);

let picture, worker, waiting, video;
let source = 0; // counts what was opened: answers to what was left are thrown away
let frames = 0; // of it that were shown
let totals = []; // milliseconds of the last of them

/** For tests: what is on show. */
export const shown = () => ({ ...picture?.answer, source, frames });

// A worker from a blob is under this page's Content-Security-Policy, one from an address is not.
function startWorker() {
  const script = `import ${JSON.stringify(new URL("worker.js", import.meta.url))};`;
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  worker = new Worker(address, { type: "module" });
  worker.onmessage = ({ data }) => received[data.type](data);
  worker.onerror = () => received.failed({ reason: "the worker could not be started" });
  worker.postMessage({ type: "load" });
}

const received = {
  loading({ done, total }) {
    element("state").textContent = `Loading the model, ${(total / 1e6).toFixed(0)} MB`;
    element("progress").hidden = false;
    if (total) element("progress").value = Math.min(1, done / total);
  },
  ready({ described }) {
    picture = new Picture(canvas, described);
    const [height, width] = described.plain_input.size;
    const count = described.names.length;
    element("about").textContent =
      `Model ${described.run}: ${count} classes of ${described.dataset}, seen at ${width} × ${height}`;
    threshold.value = described.unlabelled_above ?? 1;
    element("loading").hidden = true;
    element("choose").disabled = element("camera").disabled = false;
    element("said").textContent = "The model is loaded.";
    showExamples(described.examples ?? []);
    showSettings();
  },
  labelled(answer) {
    waiting?.resolve(answer);
  },
  failed({ reason }) {
    if (waiting) waiting.reject(new Error(reason));
    else problem(`The model cannot be loaded: ${reason}`);
  },
};

/** Labels a bitmap, which is gone afterwards, and shows it. number: the source that it is of. */
async function label(bitmap, most, number) {
  const scale = Math.min(1, Math.sqrt(most / (bitmap.width * bitmap.height)));
  const target = {
    height: Math.max(1, Math.round(bitmap.height * scale)),
    width: Math.max(1, Math.round(bitmap.width * scale)),
  };
  while (waiting) await waiting.done.catch(() => {});
  if (number !== source) return bitmap.close();
  const drawn = await createImageBitmap(bitmap);
  const done = new Promise((resolve, reject) => (waiting = { resolve, reject }));
  waiting.done = done;
  worker.postMessage({ type: "label", bitmap, target }, [bitmap]);
  const answer = await done.finally(() => (waiting = undefined));
  if (number === source) {
    picture.keep(drawn, LONGEST);
    picture.answer = answer;
    frames += 1;
    totals = [...totals.slice(-9), answer.milliseconds];
    canvas.hidden = false;
    element("empty").hidden = true;
    element("save").disabled = false;
    recolour();
    showSpeed(answer);
  }
  drawn.close();
}

function showSpeed({ net }) {
  const middle = [...totals].sort((a, b) => a - b)[totals.length >> 1];
  const rate = video ? `, ${(1000 / middle).toFixed(1)} frames a second` : "";
  element("speed").textContent =
    `${middle.toFixed(0)} ms a frame${rate}; net ${net.toFixed(0)} ms`;
}

function recolour() {
  if (!picture?.answer) return;
  const counts = picture.colour({ uncertainty: heat(), threshold: limit() });
  const { names, palette, void_name: none } = picture.described;
  const rows = [...counts.entries()].filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
  const share = (count) => {
    const percent = (100 * count) / picture.answer.labels.length;
    return percent < 1 ? "< 1 %" : `${Math.round(percent)} %`;
  };
  const named = rows.map(([index, count]) => [index, names[index] ?? none, share(count)]);
  const legend = named.map(([index, name, percent]) => {
    const row = document.createElement("li");
    const swatch = document.createElement("i");
    if (index < names.length) swatch.style.backgroundColor = `rgb(${palette[index]})`;
    else swatch.className = "hatched";
    const [text, number] = [document.createElement("span"), document.createElement("b")];
    [text.textContent, number.textContent] = [name, percent];
    row.append(swatch, text, number);
    return row;
  });
  element("legend").replaceChildren(...legend);
  const summary = named.map(([, name, percent]) => `${name} ${percent}`).join(", ");
  canvas.setAttribute("aria-label", `${heat() ? "Uncertainty" : "Labels"} over the picture: ${summary}`);
  if (!video && said.textContent !== summary) said.textContent = summary;
  redraw();
}

function redraw() {
  if (picture?.answer) picture.draw(Number(opacity.value));
}

const limit = () => Math.fround(Number(threshold.value)); // as Python compares
const heat = () => document.querySelector("[name=view]:checked").value === "uncertainty";

function showSettings() {
  const percent = `${Math.round(100 * opacity.value)} %`;
  element("opacity-value").textContent = percent;
  opacity.setAttribute("aria-valuetext", percent);
  const above = limit() < 1 ? limit().toFixed(2) : "off";
  element("threshold-value").textContent = above;
  threshold.setAttribute("aria-valuetext", above);
  element("scale").hidden = !heat();
  element("mark").style.left = `${100 * limit()}%`;
  element("mark").hidden = limit() >= 1;
}

function problem(text) {
  element("problem").textContent = text;
  element("problem").hidden = !text;
}

/** Leaves what is on show. Returns the number of what comes next. */
function leave() {
  video?.stop();
  video = undefined;
  totals = [];
  frames = 0;
  problem("");
  stage.classList.remove("waiting");
  element("player").hidden = true;
  const camera = element("camera");
  camera.textContent = "Use camera";
  camera.setAttribute("aria-pressed", "false");
  return ++source;
}

/** A picture or a video of the user's. */
export async function open(file) {
  if (!picture) return;
  const number = leave();
  stage.classList.add("waiting");
  try {
    if (file.type.startsWith("video/")) await openVideo(VideoSource.ofFile(file), number);
    else {
      // Pixels as they are in the file, as in Python: no colour profile, turned upright.
      const options = { colorSpaceConversion: "none", imageOrientation: "from-image" };
      await label(await createImageBitmap(file, options), STILL, number);
    }
  } catch (error) {
    if (number === source) problem(`${file.name}: cannot be shown (${error.message})`);
  } finally {
    if (number === source) stage.classList.remove("waiting");
  }
}

/** Pictures that lie beside the page, if its labels.json names any. */
function showExamples(names) {
  const buttons = names.map((name, index) => {
    const [button, image] = ["button", "img"].map((tag) => document.createElement(tag));
    [button.type, image.src, image.alt] = ["button", name, `Example ${index + 1}`];
    button.append(image);
    button.onclick = async () => {
      const number = leave();
      try {
        const response = await fetch(name);
        if (!response.ok) throw new Error(`HTTP status ${response.status}`);
        const content = await response.blob();
        if (number === source) await open(new File([content], name, { type: content.type }));
      } catch (error) {
        if (number === source) problem(`${name}: cannot be loaded (${error.message})`);
      }
    };
    return button;
  });
  element("examples").replaceChildren(...buttons);
  element("examples").hidden = !names.length;
}

async function openVideo(opened, number) {
  video = opened;
  const fail = (error) => number === source && problem(error.message);
  await opened.start((bitmap) => label(bitmap, MOVING, number), fail);
  if (number !== source) return opened.stop();
  element("player").hidden = opened.isCamera;
}

async function toggleCamera() {
  const wasOn = video?.isCamera;
  const number = leave();
  if (wasOn) return;
  try {
    const opened = await startCamera();
    if (number !== source) return opened.stop();
    await openVideo(opened, number);
    element("camera").textContent = "Stop camera";
    element("camera").setAttribute("aria-pressed", "true");
  } catch (error) {
    if (number === source) problem(`Camera: ${error.message}`);
  }
}

function showPlayer() {
  if (!video || video.isCamera) return;
  const { duration, currentTime, paused } = video.element;
  seek.max = duration;
  seek.value = currentTime;
  element("play").textContent = paused ? "Play" : "Pause";
  element("time").textContent = `${clock(currentTime)} / ${clock(duration)}`;
  seek.setAttribute("aria-valuetext", `${clock(currentTime)} of ${clock(duration)}`);
}

function listen() {
  element("choose").onclick = () => element("file").click();
  element("file").onchange = ({ target }) => {
    if (target.files[0]) open(target.files[0]);
    target.value = ""; // the same file may be chosen again
  };
  element("camera").onclick = toggleCamera;
  element("play").onclick = () => video?.toggle();
  seek.oninput = () => video?.seek(Number(seek.value));
  document.addEventListener("video", showPlayer);
  opacity.oninput = () => (showSettings(), redraw());
  threshold.oninput = () => (showSettings(), recolour());
  for (const view of document.getElementsByName("view")) view.onchange = () => (showSettings(), recolour());
  element("save").onclick = save;
  addEventListener("dragover", (event) => {
    event.preventDefault();
    stage.classList.add("over");
  });
  addEventListener("dragleave", (event) => event.relatedTarget || stage.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    stage.classList.remove("over");
    if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
  });
  canvas.onpointermove = canvas.onpointerdown = showSpot;
  canvas.onpointerleave = () => (element("spot").hidden = true);
}

function showSpot({ offsetX, offsetY }) {
  // The picture stands in the middle of the element, which may be wider than it.
  const scale = Math.min(canvas.clientWidth / canvas.width, canvas.clientHeight / canvas.height);
  const across = (offsetX - canvas.clientWidth / 2) / (canvas.width * scale) + 0.5;
  const down = (offsetY - canvas.clientHeight / 2) / (canvas.height * scale) + 0.5;
  const inside = across >= 0 && across < 1 && down >= 0 && down < 1;
  const found = inside && picture?.at(across, down, limit());
  element("spot").hidden = !found;
  if (found) element("spot").textContent = `${found.name}, uncertainty ${found.uncertainty.toFixed(2)}`;
}

function save() {
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = "labelled.png";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
}

function drawBar() {
  const context = element("bar").getContext("2d");
  const ramp = context.createLinearGradient(0, 0, 256, 0);
  HEAT.forEach((color, index) => ramp.addColorStop(index / (HEAT.length - 1), `rgb(${color})`));
  context.fillStyle = ramp;
  context.fillRect(0, 0, 256, 1);
}

element("state").textContent = "Loading the model";
drawBar();
showSettings();
listen();
startWorker();
