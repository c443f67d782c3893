/*
 * A frame and what the net says about it, drawn on a canvas: label colours or a heat map over the
 * photograph, what is unlabelled hatched.
 */

// As kerasseg/drawing/panels.py: dark to light through violet and orange.
export const HEAT = [
  [10, 8, 30], [62, 20, 96], [135, 33, 107], [204, 66, 72], [246, 130, 32], [252, 255, 190],
];

const GRAY = [70, 74, 80], WHITE = [255, 255, 255];

const HEAT_BYTES = Array.from({ length: 256 }, (_, level) => {
  const place = (level / 255) * (HEAT.length - 1);
  const low = Math.min(Math.floor(place), HEAT.length - 2);
  return HEAT[low].map((from, c) => Math.round(from + (HEAT[low + 1][c] - from) * (place - low)));
});

export class Picture {
  /** canvas: where it is drawn. described: the content of labels.json. */
  constructor(canvas, described) {
    this.canvas = canvas;
    this.described = described;
    this.frame = document.createElement("canvas");
    this.layer = document.createElement("canvas");
    this.answer = null;
  }

  /** Keeps a frame, at most `longest` pixels long, and the answer {labels, uncertainty, width,
   * height} to it; null: none yet. */
  keep(bitmap, longest) {
    const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
    this.frame.width = Math.max(1, Math.round(bitmap.width * scale));
    this.frame.height = Math.max(1, Math.round(bitmap.height * scale));
    const context = this.frame.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, this.frame.width, this.frame.height);
  }

  /** What is unlabelled: background or void, and all above the threshold. */
  isUnlabelled(pixel, threshold) {
    const { labels, uncertainty } = this.answer;
    return labels[pixel] >= this.described.names.length || uncertainty[pixel] > threshold;
  }

  /** Colours the layer anew. shown: {uncertainty: boolean, threshold: 0 to 1}. Returns how many
   * pixels each class has, the unlabelled ones last. */
  colour(shown) {
    const { labels, uncertainty, width, height } = this.answer;
    const { palette, names } = this.described;
    const counts = new Int32Array(names.length + 1);
    const image = new ImageData(width, height);
    const period = Math.max(6, Math.round(width / 60));
    const white = Math.max(1, Math.floor(period / 4));
    for (let i = 0, at = 0; i < labels.length; i++, at += 4) {
      const unlabelled = this.isUnlabelled(i, shown.threshold);
      counts[unlabelled ? names.length : labels[i]]++;
      let color = unlabelled ? GRAY : palette[labels[i]];
      if (shown.uncertainty) color = HEAT_BYTES[Math.round(255 * uncertainty[i])];
      else if (unlabelled && (Math.floor(i / width) + (i % width)) % period < white) color = WHITE;
      image.data[at] = color[0];
      image.data[at + 1] = color[1];
      image.data[at + 2] = color[2];
      image.data[at + 3] = 255;
    }
    this.layer.width = width;
    this.layer.height = height;
    this.layer.getContext("2d").putImageData(image, 0, 0);
    return counts;
  }

  /** opacity: of the colours, 0 to 1. */
  draw(opacity) {
    const { canvas, frame } = this;
    if (canvas.width !== frame.width) canvas.width = frame.width;
    if (canvas.height !== frame.height) canvas.height = frame.height;
    const context = canvas.getContext("2d");
    context.globalAlpha = 1;
    context.drawImage(frame, 0, 0);
    if (!this.answer) return;
    context.globalAlpha = opacity;
    context.imageSmoothingEnabled = this.answer.width < frame.width;
    context.drawImage(this.layer, 0, 0, frame.width, frame.height);
  }

  /** {name, uncertainty} at a place of the canvas, both 0 to 1 of its sides; null: no answer. */
  at(across, down, threshold) {
    if (!this.answer) return null;
    const { labels, uncertainty, width, height } = this.answer;
    const x = Math.min(width - 1, Math.max(0, Math.floor(across * width)));
    const y = Math.min(height - 1, Math.max(0, Math.floor(down * height)));
    const pixel = y * width + x;
    const { names, void_name: none } = this.described;
    const name = this.isUnlabelled(pixel, threshold) ? none : names[labels[pixel]];
    return { name, uncertainty: uncertainty[pixel] };
  }
}
