"""Steps, validations and scores against a clock that only they move."""

from types import SimpleNamespace

import numpy as np
import pytest

from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.streets.draw import draw_streets
from kerasseg.training import timing
from kerasseg.training.device import Device
from kerasseg.training.session import build_session
from kerasseg.training.timing import TRIAL_STEPS, time_scoring, time_steps, time_validation

VAL = 20


class Clock:
    now = 0.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(timing, "time", clock)
    return clock


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    root = tmp_path_factory.mktemp("timed")
    draw_streets(root / "data", train=2, val=VAL, seed=0)
    settings = {
        "data.root": root / "data",
        "data.cache_dir": root / "cache",
        "data.image_size": [32, 64],
        "model.width": 2,
        "model.depth": 1,
        "train.batch_size": 2,
        "train.panels": 3,
    }
    config = load_config(None, [f"{name}={value}" for name, value in settings.items()])
    return build_session(config, open_catalog(config), Device("float32", False, ""))


def test_the_first_steps_are_not_timed_and_nothing_that_was_read_ahead(clock):
    """The input takes 2 s a batch, and the first 12 are ready at once."""
    ready, steps = [12], []

    def batch():
        if ready[0]:
            ready[0] -= 1
        else:
            clock.now += 2.0

    def step(_):
        steps.append(clock.now)
        clock.now += 30.0 if len(steps) <= 3 else 0.5  # tracing is slow
        return {"loss": 1.0}

    assert time_steps(step, batch) == pytest.approx(2.5)
    assert len(steps) == 13
    assert TRIAL_STEPS == 13 + 16


def slowly(clock, function, seconds, first):
    """`function`, which takes `first` seconds on its first call and `seconds` on the others."""
    calls = []

    def call(*arguments, **options):
        clock.now += seconds if calls else first
        calls.append(1)
        return function(*arguments, **options)

    return call


def test_a_validation_with_its_matrix(clock, session, monkeypatch):
    matrix = timing.validate.__globals__["ConfusionMatrix"]
    labels = slowly(clock, session.predictor.labels, 2.0, first=50.0)
    monkeypatch.setattr(session.predictor, "labels", labels)
    monkeypatch.setattr(matrix, "add", slow_method(clock, matrix.add, 0.25))
    # A batch of two: 1 s an image for the labels and 0.25 s for its matrix.
    assert time_validation(session) == pytest.approx(VAL * 1.25)


def slow_method(clock, method, seconds):
    def call(self, *arguments):
        clock.now += seconds
        return method(self, *arguments)

    return call


def test_the_final_scores_and_the_panels(clock, session, monkeypatch):
    compute = session.predictor.compute_with_probabilities
    slow = slowly(clock, compute, 3.0, first=60.0)
    monkeypatch.setattr(session.predictor, "compute_with_probabilities", slow)
    seconds = time_scoring(session, boundaries=False)
    # The first image, after which the second is under way, compiles; then 20 images, 3 panels.
    assert (VAL + 3) * 2.0 + 60 <= seconds <= (VAL + 3) * 3.0 + 63


def test_one_image_to_validate_with_is_enough(clock, session, monkeypatch):
    one = SimpleNamespace(
        catalog=SimpleNamespace(
            label_set=session.catalog.label_set, splits={"val": session.catalog.splits["val"][:1]}
        ),
        predictor=session.predictor,
        validation=session.validation.take(1),
    )
    monkeypatch.setattr(
        session.predictor, "labels", slowly(clock, session.predictor.labels, 4.0, first=4.0)
    )
    assert time_validation(one) == pytest.approx(2.0)
    assert np.isfinite(clock.now)
