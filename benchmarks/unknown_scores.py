"""Which score finds wrong pixels and unknown things: python benchmarks/unknown_scores.py RUN

    python benchmarks/unknown_scores.py runs/camvid --anomalies photos --half 0
    python benchmarks/unknown_scores.py runs/streets --config configs/streets.yaml

Every candidate is read off the same pass. --half 0 and --half 1: every second image by name, so
that one is chosen on the one and reported on the other. Class statistics of the standardised max
logit (SML; Jung et al. 2021) are those of the pixels of the images themselves by predicted class,
which favours it. Prints JSON: {score: {AUROC of wrong pixels, AP, FPR95, AUROC of unknown ones}}.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kerasseg.backend import load_tensorflow
from kerasseg.config import load_config
from kerasseg.errors import run_command
from kerasseg.labels import VOID
from kerasseg.metrics.ranking import Ranking
from kerasseg.metrics.undefined import null_if_undefined


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--anomalies", type=Path, help="photos NAME.jpg with NAME_labels.png")
    where.add_argument("--config", help="of the data, whose validation split is scored")
    parser.add_argument("--half", type=int, choices=(0, 1), help="every second image by name")
    parser.add_argument("--scale", type=float, default=1.0, help="at which the net sees an image")
    parser.add_argument("settings", nargs="*", metavar="key=value")
    return parser.parse_intermixed_args()


def images_of_split(args) -> Iterator[tuple[np.ndarray, np.ndarray | None, np.ndarray, np.ndarray]]:
    """(image, truth, unknown, asked) of each: truth trainIds or None, two masks bool (H, W)."""
    from kerasseg.data.catalog import open_catalog
    from kerasseg.data.contents import UNKNOWN_END, companion, image_of, label_of
    from kerasseg.evaluation.anomalies import find_anomalies, read_mask

    if args.anomalies:
        for sample in find_anomalies(args.anomalies)[
            args.half :: 2 if args.half is not None else 1
        ]:
            mask = read_mask(sample.label)
            yield image_of(sample), None, mask, np.ones_like(mask)
        return
    catalog = open_catalog(load_config(args.config, args.settings), splits=("val",))
    for sample in catalog.splits["val"][args.half :: 2 if args.half is not None else 1]:
        truth = label_of(sample, catalog)
        unknown = companion(sample, UNKNOWN_END)
        mask = np.zeros(truth.shape, bool) if unknown is None else unknown > 0
        yield image_of(sample), truth, mask, (truth != VOID) | mask


def candidates(graph, image: np.ndarray, *, background: int | None) -> dict[str, np.ndarray]:
    """float32 (H, W) by name, the higher the less is known; of any sign."""
    import tensorflow as tf

    from kerasseg.data.resize import resize_bilinear
    from kerasseg.models.dropout_moments import expected_confidence

    features, working = graph.working(tf.constant(image[None]))
    size, rate = tf.shape(image)[:2], graph.dropout_rate
    logits = resize_bilinear(working, size)[0].numpy()
    expected = expected_confidence(features, working, graph.head.kernel, dropout_rate=rate)
    averaged = resize_bilinear(expected[..., None], size)[0, ..., 0].numpy()
    spread = class_variances(features, graph.head.kernel, rate)
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    p = powers / powers.sum(axis=-1, keepdims=True)
    known, logits_of_known = p[..., :background], logits[..., :background]
    entropy = -(p * np.log(np.maximum(p, 1e-30))).sum(axis=-1)
    largest = logits_of_known.max(axis=-1)
    energy = largest + np.log(np.exp(logits_of_known - largest[..., None]).sum(axis=-1))
    found = {
        "1 - known": 1 - known.max(axis=-1),
        "1 - confidence": 1 - p.max(axis=-1),
        "1 - expected confidence": 1 - averaged,
        "entropy": entropy,
        "max logit": -largest,
        "energy": -energy,
        "_class": logits_of_known.argmax(axis=-1),
        "_label": logits.argmax(axis=-1),
    }
    if background is not None:
        q = p[..., background]
        rest = known / np.maximum(known.sum(axis=-1, keepdims=True), 1e-30)
        centred = working - tf.reduce_mean(working, axis=-1, keepdims=True)
        damped = centred / tf.sqrt(1.0 + np.pi / 8 * spread)
        found["1 - known, mf1"] = 1 - known_softmax(damped, size, background)
        for factor in (1, 2, 4, 8, 16):
            mean = factor * np.pi / 8 * tf.reduce_mean(spread, axis=-1, keepdims=True)
            damped = working / tf.sqrt(1.0 + mean)
            found[f"1 - known, pixel temperature {factor}"] = 1 - known_softmax(
                damped, size, background
            )
            small = tf.reduce_max(tf.nn.softmax(damped)[..., :background], axis=-1, keepdims=True)
            found[f"1 - known, pixel temperature {factor}, resized"] = (
                1 - resize_bilinear(small, size)[0, ..., 0].numpy()
            )
        found |= {
            "p(background)": q,
            "1 - known, Dropout": 1 - averaged * known.max(axis=-1) / p.max(axis=-1),
            "entropy + p(background)": entropy / np.log(p.shape[-1]) + q,
            "p(background) x (1 - known of the rest)": q * (1 - rest.max(axis=-1)),
            "background logit - largest": logits[..., background] - largest,
        }
    return found


def class_variances(features, kernel, rate: float):
    """(B, h, w, C): of the logits under Dropout, less what all classes share."""
    import tensorflow as tf

    weights = kernel[0, 0] - tf.reduce_mean(kernel[0, 0], axis=-1, keepdims=True)
    return rate / (1 - rate) * tf.matmul(tf.square(features), tf.square(weights))


def known_softmax(logits, size, background: int) -> np.ndarray:
    """(H, W): the largest probability of a known class, of logits (1, h, w, C) resized."""
    import tensorflow as tf

    from kerasseg.data.resize import resize_bilinear

    return tf.reduce_max(
        tf.nn.softmax(resize_bilinear(logits, size))[0, ..., :background], -1
    ).numpy()


def standardised(kept: list[dict[str, np.ndarray]]) -> None:
    """Adds SML: the largest logit less the mean of its class, over its deviation."""
    classes = np.concatenate([k["_class"].ravel() for k in kept])
    values = np.concatenate([-k["max logit"].ravel() for k in kept])
    count = np.maximum(np.bincount(classes), 1)
    mean = np.bincount(classes, values) / count
    spread = np.sqrt(np.maximum(np.bincount(classes, values**2) / count - mean**2, 1e-12))
    for k in kept:
        k["SML"] = (k["max logit"] + mean[k["_class"]]) / spread[k["_class"]]


def main() -> None:
    args = parse()
    load_tensorflow()
    from dataclasses import replace

    from kerasseg.runs.trained import open_run

    run = open_run(args.run)
    run = replace(run, description=run.description.at_scale(args.scale))
    background = run.description.label_set.background_id
    graph, kept, truths = run.graph(), [], []
    for image, truth, unknown, asked in images_of_split(args):
        kept.append(candidates(graph, image, background=background))
        truths.append((truth, unknown, asked))
    standardised(kept)
    report: dict[str, dict[str, float | None]] = {}
    for name in (n for n in kept[0] if not n.startswith("_")):
        low = min(float(k[name].min()) for k in kept)  # a Ranking takes what is not negative
        errors, things = Ranking(), Ranking()
        for scores, (truth, unknown, asked) in zip(kept, truths, strict=True):
            values = (scores[name] - low).astype(np.float32)
            things.add(values[asked], unknown[asked])
            if truth is not None:
                valid = truth != VOID
                errors.add(values[valid], (scores["_label"] != truth)[valid])
        report[name] = {
            "errors AUROC": null_if_undefined(errors.auroc),
            "AP": null_if_undefined(things.average_precision),
            "FPR95": null_if_undefined(things.false_positive_rate()),
            "AUROC": null_if_undefined(things.auroc),
        }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    sys.exit(run_command(main))
