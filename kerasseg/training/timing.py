"""How long a step, a validation and the final scores take here, from a few of each."""

import time
from collections.abc import Callable
from dataclasses import replace

from kerasseg.data.samples import take_evenly
from kerasseg.evaluation.answers import answers_of
from kerasseg.evaluation.split import evaluate_split
from kerasseg.training.session import Session
from kerasseg.training.step import TrainStep
from kerasseg.training.validate import validate

_WARM_UP, _TIMED = 3, 10  # steps
_AHEAD = 16  # batches at most that the input has ready while the step is compiled
TRIAL_STEPS = _WARM_UP + _AHEAD + _TIMED
_BATCHES = 9  # of a validation; those read ahead and the one that compiles are not timed
_READ_AHEAD = 3
_IMAGES = 4  # that are scored


def time_steps(step: TrainStep, batches: Callable[[], object]) -> float:
    """Seconds of a training step with its input, the mean of a few after a warm-up.

    batches: gives the next batch. What was read ahead during the warm-up is thrown away: where the
    input is slower than the step it would hide that.
    """
    for _ in range(_WARM_UP):
        float(step(batches())["loss"])
    for _ in range(_AHEAD):
        batches()
    start = time.perf_counter()
    for _ in range(_TIMED):  # a GPU is waited for at the end alone, as by `StepClock`
        means = step(batches())
    float(means["loss"])
    return (time.perf_counter() - start) / _TIMED


def time_validation(session: Session) -> float:
    """Seconds of one whole validation: reading, labels and their matrix."""
    total = len(session.catalog.splits["val"])
    done, times = [0], [time.perf_counter()]

    def each_batch(images: int) -> None:
        done.append(images)
        times.append(time.perf_counter())

    validate(
        session.predictor,
        session.validation.take(_BATCHES),
        classes=session.catalog.label_set.num_classes,
        each_batch=each_batch,
    )
    return _rate(done, times, skip=_READ_AHEAD) * total


def time_scoring(session: Session, *, boundaries: bool) -> float:
    """Seconds of the final scores and panels; the net is opened and compiled anew for them."""
    catalog, start = session.catalog, time.perf_counter()
    samples = catalog.splits["val"]
    done, times = [0], [start]

    def each_image(images: int) -> None:
        done.append(images)
        times.append(time.perf_counter())

    evaluate_split(
        answers_of(session.predictor, catalog.label_set),
        replace(catalog, splits={"val": take_evenly(samples, _IMAGES)}),
        split="val",
        each_image=each_image,
        boundaries=boundaries,
    )
    each = _rate(done, times, skip=1)
    first = times[1] - start
    panels = min(session.config.train.panels, len(samples))
    return first + each * (len(samples) + panels)


def _rate(done: list[int], times: list[float], *, skip: int) -> float:
    """Seconds an image, without the first `skip` entries if there are others."""
    skip = skip if len(done) > skip + 1 else len(done) - 2
    return (times[-1] - times[skip]) / (done[-1] - done[skip])
