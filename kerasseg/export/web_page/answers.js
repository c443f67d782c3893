/*
 * What stands before the net and behind it: the same numbers as kerasseg/inference/fixed_size.py.
 * Arrays are flat; a size is {height, width}.
 */

/**
 * The input of the net: channels first, 0 to 1.
 *
 * rgba: bytes of the image, four a pixel, of which the last is not looked at. size: of the image.
 * wanted: `plain_input` of labels.json. Returns a Float32Array of 3 * height * width.
 */
export function netInput(rgba, size, wanted) {
  const [height, width] = wanted.size;
  const levels = Float32Array.from({ length: 256 }, (_, level) => level / wanted.divide_by);
  const small = resizePixels(rgba, size, { height, width });
  const plane = height * width;
  const input = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) input[c * plane + i] = levels[small[3 * i + c]];
  }
  return input;
}

/** RGBA bytes to three bytes a pixel of the target's size; large images are averaged in blocks first. */
export function resizePixels(rgba, size, target) {
  const rows = Math.floor((size.height + 2 * target.height - 1) / (2 * target.height));
  const columns = Math.floor((size.width + 2 * target.width - 1) / (2 * target.width));
  const image = averageBlocks(rgba, size, rows, columns);
  const down = steps(image.height, target.height);
  const across = steps(image.width, target.width);
  const result = new Uint8Array(3 * target.height * target.width);
  let at = 0;
  for (let y = 0; y < target.height; y++) {
    const top = 3 * image.width * down.low[y];
    const bottom = 3 * image.width * down.high[y];
    const v = down.weight[y];
    for (let x = 0; x < target.width; x++) {
      const left = 3 * across.low[x];
      const right = 3 * across.high[x];
      const u = across.weight[x];
      for (let c = 0; c < 3; c++) {
        const near = image.data[top + left + c] * (256 - v) + image.data[bottom + left + c] * v;
        const far = image.data[top + right + c] * (256 - v) + image.data[bottom + right + c] * v;
        result[at++] = halfToEven((near * (256 - u) + far * u) / 65536);
      }
    }
  }
  return result;
}

/** Means of blocks of rows x columns pixels, in whole levels; the edge pixel is repeated. */
function averageBlocks(rgba, size, rows, columns) {
  const height = Math.ceil(size.height / rows);
  const width = Math.ceil(size.width / columns);
  const count = rows * columns;
  const data = new Uint8Array(3 * height * width);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let red = 0, green = 0, blue = 0;
      for (let i = y * rows; i < (y + 1) * rows; i++) {
        const row = Math.min(i, size.height - 1) * size.width;
        for (let j = x * columns; j < (x + 1) * columns; j++) {
          const pixel = 4 * (row + Math.min(j, size.width - 1));
          red += rgba[pixel];
          green += rgba[pixel + 1];
          blue += rgba[pixel + 2];
        }
      }
      data[at++] = halfToEven(Math.fround(red / count));
      data[at++] = halfToEven(Math.fround(green / count));
      data[at++] = halfToEven(Math.fround(blue / count));
    }
  }
  return { data, height, width };
}

/** Neighbours of each place along an axis and the weight of the second, in 256ths. */
function steps(source, target) {
  const low = new Int32Array(target), high = new Int32Array(target), weight = new Int32Array(target);
  for (let i = 0; i < target; i++) {
    const most = 2 * target * (source - 1);
    const place = Math.min(Math.max((2 * i + 1) * source - target, 0), most);
    low[i] = Math.floor(place / (2 * target));
    high[i] = Math.min(low[i] + 1, source - 1);
    weight[i] = Math.floor(((place - low[i] * 2 * target) * 256 + target) / (2 * target));
  }
  return { low, high, weight };
}

function halfToEven(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/**
 * The class of each pixel and how uncertain it is.
 *
 * logits: Float32Array of outputs * h * w, spread: of h * w, both of `net`, the size of the net.
 * target: size of the answers. rule: {outputs, known, temperature, forced}: number of outputs, how
 * many of them are classes, what divides the logits, and whether the background may not win.
 * Returns {labels: Uint8Array, uncertainty: Float32Array in 0 to 1}.
 */
export function finalAnswers(logits, spread, net, target, rule) {
  const doubts = new Float32Array(net.height * net.width);
  for (let i = 0; i < doubts.length; i++) doubts[i] = doubt(logits, i, doubts.length, spread[i], rule);
  const uncertainty = new Float32Array(target.height * target.width);
  enlarge([doubts], net, target, (y, [row]) => {
    const start = y * target.width;
    for (let x = 0; x < target.width; x++) uncertainty[start + x] = Math.min(1, Math.max(0, row[x]));
  });
  const labels = new Uint8Array(target.height * target.width);
  const largest = new Float32Array(target.width);
  const plane = net.height * net.width;
  const rivals = rule.forced ? rule.known : rule.outputs;
  const maps = Array.from({ length: rivals }, (_, c) => logits.subarray(c * plane, (c + 1) * plane));
  enlarge(maps, net, target, (y, rows) => {
    const start = y * target.width;
    largest.fill(-Infinity);
    rows.forEach((row, c) => {
      for (let x = 0; x < target.width; x++) {
        if (row[x] > largest[x]) {
          largest[x] = row[x];
          labels[start + x] = c;
        }
      }
    });
  });
  return { labels, uncertainty };
}

/** 1 - the largest probability of a known class, Dropout taken into account, at one pixel. */
function doubt(logits, pixel, plane, spread, rule) {
  const damping = Math.sqrt(rule.temperature ** 2 + (Math.PI / 8) * Math.max(spread, 0));
  let best = -Infinity;
  for (let c = 0; c < rule.known; c++) best = Math.max(best, logits[c * plane + pixel]);
  let total = 0;
  for (let c = 0; c < rule.outputs; c++) total += Math.exp((logits[c * plane + pixel] - best) / damping);
  return 1 - 1 / total;
}

/** Bilinear, half-pixel centres: calls take(y, one row of each map) for each row of the target. */
function enlarge(maps, net, target, take) {
  const down = shares(net.height, target.height);
  const across = shares(net.width, target.width);
  const mixed = new Float32Array(net.width);
  const rows = maps.map(() => new Float32Array(target.width));
  for (let y = 0; y < target.height; y++) {
    const top = down.low[y] * net.width;
    const bottom = down.high[y] * net.width;
    const v = down.weight[y];
    maps.forEach((map, c) => {
      for (let x = 0; x < net.width; x++) {
        mixed[x] = map[top + x] + (map[bottom + x] - map[top + x]) * v;
      }
      const row = rows[c];
      for (let x = 0; x < target.width; x++) {
        const near = mixed[across.low[x]];
        row[x] = near + (mixed[across.high[x]] - near) * across.weight[x];
      }
    });
    take(y, rows);
  }
}

function shares(source, target) {
  const low = new Int32Array(target), high = new Int32Array(target), weight = new Float32Array(target);
  for (let i = 0; i < target; i++) {
    const place = Math.min(Math.max((i + 0.5) * (source / target) - 0.5, 0), source - 1);
    low[i] = Math.floor(place);
    high[i] = Math.min(low[i] + 1, source - 1);
    weight[i] = place - low[i];
  }
  return { low, high, weight };
}
