"""A small net that was never trained, as a graph, an ONNX file, an export and a run directory."""

from pathlib import Path

import numpy as np

from kerasseg.config import load_config
from kerasseg.data.working_scale import WorkingScale
from kerasseg.export.formats.deployment import Deployment
from kerasseg.export.formats.onnx_graph import convert, write
from kerasseg.labels import LabelSet, cityscapes_labels
from kerasseg.models.build import build_net, net_geometry
from kerasseg.models.serving_graph import ServingGraph
from kerasseg.runs.description import ModelDescription
from kerasseg.runs.directory import RunDirectory

WORKING, NATIVE, DEPTH, TILE = (128, 256), (256, 512), 2, 512


def describe_small(label_set: LabelSet | None = None) -> ModelDescription:
    """What labels.json says of an export of the small model."""
    stride, reach = net_geometry(small_config().model)
    return ModelDescription(
        label_set=label_set or cityscapes_labels(void="background", dataset="streets"),
        working_size=WORKING,
        native_size=NATIVE,
        stride=stride,
        reach=reach,
        tile=TILE,
        max_pixels=20_000,
        scale=WORKING[0] / NATIVE[0],
        temperature=1.0,
        kerasseg_version="0",
        config_hash="0123456789abcdef",
        run="small",
    )


def small_config(**changes):
    settings = {"model.width": 4, "model.depth": DEPTH, "serving.tile": TILE, **changes}
    settings.setdefault("serving.scale", WORKING[0] / NATIVE[0])
    return load_config(None, [f"{name}={value}" for name, value in settings.items()])


def small_net(model, *, outputs: int):
    net = build_net(model, outputs=outputs, seed=1, precision="float32")
    # Untrained logits are nearly equal: stretched, so that every class wins somewhere.
    head = net.get_layer("head")
    head.kernel.assign(head.kernel * 8.0)
    return net


def small_graph(*, scale: float = WORKING[0] / NATIVE[0], outputs: int = 20, **changes):
    """At one scale whatever the size. The last output is the background. changes: settings."""
    model = small_config(**changes).model
    return ServingGraph(
        small_net(model, outputs=outputs),
        scale=WorkingScale(WORKING, fixed=scale),
        background_id=outputs - 1,
        dropout_rate=model.dropout_rate,
        variance=True,
    )


def write_onnx(
    path: Path, graph: ServingGraph, description: ModelDescription | None = None
) -> Path:
    text = (description or describe_small()).to_text()
    write(convert(graph, probabilities=False), path, metadata={"kerasseg": text})
    return path


def write_export(folder: Path, graph: ServingGraph, onnx_file: Path) -> Path:
    """What `export.py` leaves: a version directory, and links to the newest."""
    version = folder / "1"
    version.mkdir(parents=True)
    labels = version / "labels.json"
    labels.write_text(describe_small().to_text(), encoding="utf-8")
    Deployment(graph, max_pixels=20_000, labels_file=labels).save(version)
    (version / "model.onnx").write_bytes(onnx_file.read_bytes())
    (folder / "latest").symlink_to("1")
    for name in ("model.onnx", "labels.json"):
        (folder / name).symlink_to(f"latest/{name}")
    return folder


def write_run(path: Path) -> Path:
    """Settings, labels and the weights of `small_graph()`, as training leaves them."""
    config = small_config(run_dir=path)
    run = RunDirectory(path)
    run.open(config, fresh=False)
    run.write_description(describe_small())
    run.save_best(small_net(config.model, outputs=20))
    return path


def blotches(height: int, width: int, seed: int = 0) -> np.ndarray:
    """uint8 (height, width, 3): blotches of colour, so that several classes win."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (-(-height // 6), -(-width // 6), 3))
    fine = np.repeat(np.repeat(coarse, 6, axis=0), 6, axis=1)[:height, :width]
    return np.clip(fine + rng.integers(-20, 20, fine.shape), 0, 255).astype(np.uint8)
