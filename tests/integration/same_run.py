"""Whether two run directories hold the same training: everything but what a clock said."""

import csv
import json
from pathlib import Path

import numpy as np

OF_THE_CLOCK = ("images_per_second", "input_wait")


def final_state(run: Path) -> dict[str, np.ndarray]:
    """Every variable of the last state: weights, averages, optimizer, seeds, metric sums."""
    with np.load(sorted((run / "state").glob("*.npz"))[-1]) as archive:
        return {name: archive[name] for name in archive.files if name != "meta"}


def history(run: Path) -> list[dict[str, str]]:
    with (run / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [{k: v for k, v in row.items() if k not in OF_THE_CLOCK} for row in rows]


def best_weights(run: Path) -> list[np.ndarray]:
    from kerasseg.runs.weights import load_net

    return load_net(run).get_weights()


def assert_same_run(a: Path, b: Path) -> None:
    assert history(a) == history(b)
    one, other = final_state(a), final_state(b)
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)
    for values, others in zip(best_weights(a), best_weights(b), strict=True):
        np.testing.assert_array_equal(values, others)
    assert json.loads((a / "metrics.json").read_text()) == json.loads(
        (b / "metrics.json").read_text()
    )
