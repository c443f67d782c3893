"""Worker: training steps of this project. Started by benchmarks/train_step.py."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from turns import limit_threads, serve

from kerasseg.backend import load_tensorflow
from kerasseg.config import Config, load_config
from kerasseg.errors import run_command

VARIANTS = {
    "plain": ["loss.boundary_weight=1", "loss.uncertainty_weight=0"],
    "boundary": ["loss.boundary_weight=2", "loss.uncertainty_weight=0"],
    "sampled": ["loss.boundary_weight=1", "loss.uncertainty_weight=0.5", "loss.variance=sampled"],
    "closed_form": [
        "loss.boundary_weight=1",
        "loss.uncertainty_weight=0.5",
        "loss.variance=closed_form",
    ],
    "full": ["loss.boundary_weight=2", "loss.uncertainty_weight=0.5", "loss.variance=sampled"],
    "full_closed_form": [
        "loss.boundary_weight=2",
        "loss.uncertainty_weight=0.5",
        "loss.variance=closed_form",
    ],
}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=Path, required=True, help="npz of image and label")
    parser.add_argument("--width", type=int, help="of the U-Net; other encoders have none")
    parser.add_argument("--variant", choices=list(VARIANTS), default="full")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--ahead", type=int, default=1, help="steps a call, the last waited for")
    parser.add_argument("--inter", type=int, help="operations at a time; default: TensorFlow's")
    parser.add_argument("--set", nargs="*", default=[], metavar="key=value", help="more settings")
    parser.add_argument("--check", type=Path, help="writes weights here and prints the losses")
    return parser.parse_args()


def read_batch(path: Path) -> dict:
    """What a TrainingInput yields, out of an npz of image and label."""
    import numpy as np
    import tensorflow as tf

    with np.load(path) as file:
        images = len(file["image"])
        return {
            "image": tf.constant(file["image"]),
            "label": tf.constant(file["label"]),
            "epoch": tf.zeros([images], tf.int32),
            "index": tf.range(images),
        }


def build(config: Config, catalog_root: Path):
    """The session that a run with these settings would have."""
    from kerasseg.data.catalog import open_catalog
    from kerasseg.streets.draw import draw_streets
    from kerasseg.training.device import pick_device
    from kerasseg.training.session import build_session

    draw_streets(catalog_root, train=1, val=1, seed=0)
    device = pick_device(precision=config.train.precision, jit=config.train.jit)
    return build_session(config, open_catalog(config), device), device


def prepare(args, config: Config, root: Path):
    from kerasseg.training.step import compile_step

    session, device = build(config, root)
    step = compile_step(session.segmenter, jit=device.jit)
    batch = read_batch(args.batch)
    weights = session.segmenter.net.trainable_variables
    facts = {
        "parameters": sum(int(w.value.shape.num_elements()) for w in weights),
        "precision": device.precision,
        "jit": device.jit,
    }

    def call() -> None:
        for _ in range(args.ahead):
            means = step(batch)
        float(means["loss"])
        facts.update(gpu_memory())

    return call, facts


def gpu_memory() -> dict[str, int]:
    """The most that tensors ever took on the first GPU; nothing where there is none."""
    import tensorflow as tf

    if not tf.config.list_logical_devices("GPU"):
        return {}
    return {"gpu_mib": round(tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**20)}


def check(args, config: Config, root: Path) -> dict:
    """Both terms and the norm of the gradient; the weights and dropout masks go to a file."""
    import numpy as np
    import tensorflow as tf

    from kerasseg.losses.term import NetOutputs
    from kerasseg.models.heads import dropout_rate_of, features_and_logits, head_of

    session, _ = build(config, root)
    net, batch = session.segmenter.net, read_batch(args.batch)
    features_of = features_and_logits(net)
    objective = session.segmenter.objective
    keep = 0.7
    shape = (3, *batch["label"].shape, args.width)
    masks = (np.random.default_rng(0).random(shape) < keep).astype(np.float32) / np.float32(keep)
    with tf.GradientTape() as tape:
        features, direct = features_of(tf.cast(batch["image"], tf.float32), training=True)
        outputs = NetOutputs(
            logits=direct,
            features=features,
            head_kernel=head_of(net).kernel,
            dropout_rate=dropout_rate_of(net),
            branch_logits=tf.stack([head_of(net)(features * mask) for mask in masks]),
        )
        terms = objective(batch["label"], outputs)
        loss = objective.total(terms)
    gradients = tape.gradient(loss, net.trainable_variables)
    weights = {f"weight{i}": w.numpy() for i, w in enumerate(net.trainable_variables)}
    np.savez(args.check, masks=masks, **weights)
    return {
        **{name: float(value) for name, value in terms.items()},
        "gradient_norm": float(tf.linalg.global_norm(gradients)),
    }


def main() -> None:
    args = parse()
    limit_threads(args.threads)
    load_tensorflow()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    if args.inter:
        tf.config.threading.set_inter_op_parallelism_threads(args.inter)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "streets"
        import numpy as np

        with np.load(args.batch) as file:
            images, height, width = file["label"].shape
        settings = [
            f"data.root={root}",
            f"data.cache_dir={folder}/cache",
            f"data.image_size=[{height},{width}]",
            *([f"model.width={args.width}"] if args.width else []),
            f"train.batch_size={images}",
            *VARIANTS[args.variant],
            *args.set,
        ]
        config = load_config(None, settings)
        if args.check:
            print(json.dumps(check(args, config, root)))
        else:
            serve(lambda: prepare(args, config, root), warmup=args.warmup)


if __name__ == "__main__":
    sys.exit(run_command(main))
