/*
 * Runs the net beside the page, so that the page stays responsive. Takes {type: "load"} once, then
 * {type: "label", bitmap, target}, one at a time.
 */
import * as ort from "./onnxruntime-web.js";
import { finalAnswers, netInput } from "./answers.js";

let session, wanted, rule, canvas;

onmessage = async ({ data }) => {
  try {
    if (data.type === "load") await load();
    else await label(data);
  } catch (error) {
    postMessage({ type: "failed", reason: String(error?.message ?? error) });
  }
};

async function load() {
  const described = JSON.parse(new TextDecoder().decode(await fetched("labels.json")));
  const progress = { done: 0, total: 0 };
  const [wasm, model] = await Promise.all(
    ["onnxruntime-web.wasm", "model.onnx"].map((name) => fetched(name, progress)),
  );
  // One thread: several take headers (COOP, COEP) that a static server does not send.
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = wasm.buffer;
  session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  wanted = described.plain_input;
  const known = described.names.length;
  rule = {
    outputs: known + (described.void === "background" ? 1 : 0),
    known,
    temperature: described.temperature ?? 1,
    forced: described.unlabelled_above !== null,
  };
  const [height, width] = wanted.size;
  await answer(new Uint8ClampedArray(4 * height * width), { height, width }, { height, width });
  postMessage({ type: "ready", described });
}

/** The bytes of a file of the page's folder; says how much of all of them has come. */
async function fetched(name, progress) {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok) throw new Error(`${name}: HTTP status ${response.status}`);
  if (!progress) return new Uint8Array(await response.arrayBuffer());
  progress.total += Number(response.headers.get("content-length"));
  const pieces = [];
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    progress.done += value.length;
    postMessage({ type: "loading", ...progress });
  }
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

async function label({ bitmap, target }) {
  const start = performance.now();
  const size = { height: bitmap.height, width: bitmap.width };
  if (canvas?.width !== size.width || canvas?.height !== size.height) {
    canvas = new OffscreenCanvas(size.width, size.height);
  }
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, size.width, size.height);
  const found = await answer(data, size, target);
  found.milliseconds = performance.now() - start;
  postMessage({ type: "labelled", ...found, ...target }, [
    found.labels.buffer,
    found.uncertainty.buffer,
  ]);
}

async function answer(rgba, size, target) {
  const [height, width] = wanted.size;
  const image = new ort.Tensor("float32", netInput(rgba, size, wanted), [1, 3, height, width]);
  const start = performance.now();
  const { logits, spread } = await session.run({ image });
  const net = performance.now() - start;
  return { ...finalAnswers(logits.data, spread.data, { height, width }, target, rule), net };
}
