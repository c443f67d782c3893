"""Which number of an image tells how much of it is wrong: python benchmarks/image_scores.py RUN

    python benchmarks/image_scores.py runs/camvid --config camvid data.root=data/camvid

Of each validation image: several aggregates of `uncertainty` and of 1 - confidence over its
pixels, and its error, 1 - the share of labelled pixels that are right. Prints JSON: Spearman's rank
correlation of each aggregate with the error, 1 if they rank the images alike; chance has 0, give
or take 1 / sqrt(images).
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kerasseg.config import load_config
from kerasseg.errors import run_command
from kerasseg.labels import VOID

AGGREGATES = {
    "mean": np.mean,
    "median": np.median,
    "90th percentile": lambda values: np.quantile(values, 0.9),
    "99th percentile": lambda values: np.quantile(values, 0.99),
    "share above 0.5": lambda values: np.mean(values > 0.5),
    "mean square": lambda values: np.mean(np.square(values)),
}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="a run, an export or an .onnx file")
    parser.add_argument("--config", required=True, help="of the data")
    parser.add_argument("settings", nargs="*", metavar="key=value")
    return parser.parse_intermixed_args()


def correlation(values: list[float], errors: list[float]) -> float | None:
    """Spearman's, in -1…1; None where all values or all errors are the same."""
    if min(np.ptp(values), np.ptp(errors)) == 0:
        return None
    return float(spearmanr(values, errors).statistic)


def main() -> None:
    args = parse()
    import kerasseg
    from kerasseg.data.catalog import open_catalog
    from kerasseg.data.contents import image_of, label_of

    predictor = kerasseg.load(args.model)
    catalog = open_catalog(load_config(args.config, args.settings), splits=("val",))
    errors, found = [], {}
    for sample in catalog.splits["val"]:
        truth, prediction = label_of(sample, catalog), predictor.predict(image_of(sample))
        labelled = truth != VOID
        errors.append(1 - np.mean(prediction.labels[labelled] == truth[labelled]))
        maps = {"uncertainty": prediction.uncertainty, "1 - confidence": 1 - prediction.confidence}
        for name, values in maps.items():
            for kind, aggregate in AGGREGATES.items():
                found.setdefault(f"{name}, {kind}", []).append(float(aggregate(values)))
    print(
        json.dumps(
            {
                "images": len(errors),
                "spearman": {name: correlation(v, errors) for name, v in found.items()},
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    sys.exit(run_command(main))
