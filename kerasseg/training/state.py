"""All that an exact resume needs, in one file: `state/<step>.npz`, written whole or not at all."""

import json
import zipfile
import zlib
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasseg.data.curriculum import Epoch, Plan
from kerasseg.errors import UserError
from kerasseg.files import writing
from kerasseg.training.patience import validations_since_best
from kerasseg.training.segmenter import Segmenter

_KEPT = 2
# What NumPy, zipfile, zlib and json raise for a damaged file, and Progress for another version's.
_DAMAGED = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass
class Progress:
    """Where a run stands.

    step: steps done. history: finished rows. best_miou: of the weights in `best.keras`, or None.
    plan: the epochs to run. planned_by_budget: the plan came from `train.minutes` or `train.steps`.
    data_key: names the data it was trained on. device: what `auto` became when the run was begun,
    precision and whether XLA compiles; None if it is not known. patience: `train.patience` as it is
    now, which is not saved.
    """

    plan: Plan
    planned_by_budget: bool
    data_key: str
    step: int = 0
    best_miou: float | None = None
    history: list[dict[str, str]] = field(default_factory=list)
    device: tuple[str, bool] | None = None
    patience: int | None = None

    @property
    def finished(self) -> bool:
        return len(self.history) == len(self.plan.epochs) or self.out_of_patience

    @property
    def out_of_patience(self) -> bool:
        """Whether the run ends before its plan does. A function of the rows, so that a resumed run
        ends where one without a break does."""
        if self.patience is None or len(self.history) == len(self.plan.epochs):
            return False
        last = self.plan.epochs[-1].stage + 1
        return validations_since_best(self.history, stage=last) >= self.patience


def _variables(segmenter: Segmenter) -> dict[str, keras.Variable]:
    """Every number that training changes, under names that do not depend on the session.

    Dropout keeps the state of its seeds in variables that a saved Keras model leaves out.
    """
    averaged = segmenter.averaged
    groups = {
        "net": segmenter.net.variables,
        "averaged": [] if averaged is None else averaged.trainable_variables,
        "optimizer": segmenter.optimizer.variables,
        "metrics": [v for mean in segmenter.term_means.values() for v in mean.variables],
    }
    return {f"{group}/{i}": v for group, held in groups.items() for i, v in enumerate(held)}


def snapshot(segmenter: Segmenter) -> dict[str, np.ndarray]:
    """Values of all variables, by name."""
    return {name: np.asarray(v.value) for name, v in _variables(segmenter).items()}


def restore(segmenter: Segmenter, values: dict[str, np.ndarray]) -> None:
    """Puts a `snapshot` back. Raises ValueError if it is of another model."""
    variables = _variables(segmenter)
    if variables.keys() != values.keys() or any(
        tuple(v.shape) != values[name].shape for name, v in variables.items()
    ):
        raise ValueError("the saved state is of another model")
    for name, variable in variables.items():
        variable.assign(values[name])


def save_state(folder: Path, segmenter: Segmenter, progress: Progress) -> None:
    """Writes `folder/<step>.npz` durably; keeps the last two.

    Raises FloatingPointError, and writes nothing, if a weight is not finite: the update after a
    last finite loss may already have spoilt it.
    """
    _write(folder, *_taken(segmenter, progress))


class StateWriter:
    """`save_state` without waiting for the disk: training goes on while a thread of it writes.

    A context manager; at its end all that was saved is written. One state is written at a time.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._thread = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def save(self, segmenter: Segmenter, progress: Progress) -> None:
        """Takes the state as it is now. Raises what `save_state` raises, or writing the state
        before this one has raised."""
        self.wait()
        self._writing = self._thread.submit(_write, self._folder, *_taken(segmenter, progress))

    def wait(self) -> None:
        """Until what was saved is written. Raises what writing it raises."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def diverged(self, step: int) -> UserError:
        """What to raise once the loss or a weight is not finite after `step`."""
        self.wait()
        newest = max(self._folder.glob("*.npz"))
        return UserError(
            f"the loss is not finite after step {step}; lower optimizer.learning_rate or set "
            "optimizer.clip_norm, which makes a new run (another name, or --fresh); the last good "
            f"state is {newest}"
        )

    def __enter__(self) -> "StateWriter":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._thread.shutdown()
        if kind is None:
            self.wait()


def _taken(segmenter: Segmenter, progress: Progress) -> tuple[str, dict[str, np.ndarray]]:
    """The name of the file that holds the state as it is now, and what is in it."""
    values = snapshot(segmenter)
    if not all(np.isfinite(v).all() for name, v in values.items() if name.startswith("net/")):
        raise FloatingPointError("a weight is not finite")
    meta = {
        "step": progress.step,
        "best_miou": progress.best_miou,
        "history": progress.history,
        "planned_by_budget": progress.planned_by_budget,
        "data_key": progress.data_key,
        "device": progress.device,
        "plan": [[e.stage, e.crop_scale, e.first_step, e.steps] for e in progress.plan.epochs],
    }
    # Rows count as well: before and after the validation of an epoch the step is the same.
    name = f"{progress.step:09d}-{len(progress.history):05d}.npz"
    return name, {"meta": np.array(json.dumps(meta)), **values}


def _write(folder: Path, name: str, arrays: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with writing(folder / name, durable=True) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)
    for old in sorted(folder.glob("*.npz"))[:-_KEPT]:
        old.unlink()


def load_state(folder: Path) -> tuple[Progress, dict[str, np.ndarray]] | None:
    """The newest readable state: (progress, values for `restore`), or None.

    A damaged file is passed over, with a line that says so, in favour of the one before.
    """
    for path in sorted(folder.glob("*.npz"), reverse=True):
        try:
            # Opened here: NumPy leaves a damaged file open.
            with path.open("rb") as file, np.load(file) as archive:
                values = {name: archive[name] for name in archive.files}
            progress = _progress(values.pop("meta"))
        except _DAMAGED as error:
            print(f"{path} cannot be read ({error}); going back to the state before it")
            continue
        return progress, values
    return None


def saved_device(folder: Path) -> tuple[str, bool] | None:
    """`Progress.device` of the newest readable state, without its arrays; None if there is none."""
    for path in sorted(folder.glob("*.npz"), reverse=True):
        with suppress(*_DAMAGED), path.open("rb") as file, np.load(file) as archive:
            return _progress(archive["meta"]).device
    return None


def _progress(text: np.ndarray) -> Progress:
    meta = json.loads(str(text))
    plan = Plan(tuple(Epoch(*epoch) for epoch in meta.pop("plan")))
    if device := meta.pop("device", None):
        precision, jit = device
        meta["device"] = (str(precision), bool(jit))
    return Progress(plan=plan, **meta)
