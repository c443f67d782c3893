"""Saved state: everything comes back bit for bit, and only whole files count."""

import threading

import numpy as np
import pytest

from kerasseg.config import OptimizerConfig
from kerasseg.data.curriculum import plan_epochs
from kerasseg.errors import UserError
from kerasseg.training import state
from kerasseg.training.state import (
    Progress,
    StateWriter,
    load_state,
    restore,
    save_state,
    saved_device,
    snapshot,
)
from tests.training.small_segmenter import noise_batch, small_segmenter

ADAM = OptimizerConfig(average_decay=0.9, encoder_rate=0.5, encoder_frozen=0.02)  # 2 steps


def advance(segmenter, steps):
    for step in steps:
        segmenter.train_step(noise_batch(step))
        segmenter.update_average()


def assert_same(one, two):
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)


@pytest.fixture(scope="module")
def trained():
    """A segmenter after two steps, its state then, and its state after two more."""
    segmenter = small_segmenter(optimizer=ADAM)
    advance(segmenter, [0, 1])
    middle = snapshot(segmenter)
    advance(segmenter, [2, 3])
    return segmenter, middle, snapshot(segmenter)


def progress(step=2, rows=1, **changes):
    plan = plan_epochs([(0.6, 1), (1.0, 2)], images=4, batch_size=2)
    history = [{"epoch": str(i + 1), "loss": "0.123456789"} for i in range(rows)]
    return Progress(
        plan, planned_by_budget=False, data_key="abc", step=step, history=history, **changes
    )


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_a_run_that_goes_on_equals_one_that_never_stopped(precision, tmp_path):
    straight = small_segmenter(optimizer=ADAM, precision=precision)
    advance(straight, [0, 1])
    save_state(tmp_path, straight, progress())
    advance(straight, [2])

    resumed = small_segmenter(optimizer=ADAM, precision=precision)
    advance(resumed, [7])  # somewhere else entirely
    _, values = load_state(tmp_path)
    restore(resumed, values)
    advance(resumed, [2])
    assert_same(snapshot(resumed), snapshot(straight))


def test_the_snapshot_holds_the_seeds_of_the_dropout_branches(trained):
    segmenter, middle, after = trained
    seeds = [v for v in segmenter.net.variables if "seed" in v.path]
    assert len(seeds) == 3
    moved = [name for name in middle if not np.array_equal(middle[name], after[name])]
    positions = [i for i, v in enumerate(segmenter.net.variables) if "seed" in v.path]
    assert {f"net/{i}" for i in positions} <= set(moved)
    assert any(name.startswith("optimizer/") for name in moved)
    assert any(name.startswith("averaged/") for name in moved)
    assert any(name.startswith("metrics/") for name in moved)


def test_what_is_saved_is_what_is_loaded(trained, tmp_path):
    segmenter, _, after = trained
    saved = progress(best_miou=0.1 + 0.2)
    save_state(tmp_path, segmenter, saved)
    loaded, values = load_state(tmp_path)
    assert loaded == saved
    assert_same(values, after)


def test_the_newest_two_are_kept_and_the_newest_is_loaded(trained, tmp_path):
    for step, rows in [(9, 0), (10, 0), (10, 1), (100, 1)]:
        save_state(tmp_path, trained[0], progress(step, rows))
    assert len(list(tmp_path.iterdir())) == 2
    found, _ = load_state(tmp_path)
    assert (found.step, len(found.history)) == (100, 1)
    max(tmp_path.iterdir()).unlink()
    found, _ = load_state(tmp_path)
    assert (found.step, len(found.history)) == (10, 1)


@pytest.mark.parametrize("damage", ["cut", "empty", "no archive", "a byte"])
def test_a_damaged_file_is_passed_over_with_a_line(trained, tmp_path, capsys, damage):
    for step in (1, 2):
        save_state(tmp_path, trained[0], progress(step))
    newest = max(tmp_path.iterdir())
    data = bytearray(newest.read_bytes())
    data[len(data) // 2] ^= 255
    pieces = {"cut": data[: len(data) // 3], "empty": b"", "no archive": b"x" * 99, "a byte": data}
    newest.write_bytes(pieces[damage])
    found, values = load_state(tmp_path)
    assert found.step == 1
    assert_same(values, trained[2])
    assert str(newest) in capsys.readouterr().out


def test_nothing_readable_is_no_state(tmp_path):
    assert load_state(tmp_path) is None
    assert load_state(tmp_path / "missing") is None
    (tmp_path / ".kerasseg-1-0123abcd.tmp").write_bytes(b"half")
    assert load_state(tmp_path) is None


def test_an_interrupted_save_leaves_the_old_state_and_no_half_file(trained, tmp_path, monkeypatch):
    save_state(tmp_path, trained[0], progress(1))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full_disk(file, **arrays):
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(UserError, match=r"npz: cannot be written \(No space"):
        save_state(tmp_path, trained[0], progress(2))
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.npz")} == before
    found, _ = load_state(tmp_path)
    assert found.step == 1


def test_the_state_of_another_model_is_refused_and_changes_nothing(trained):
    _, middle, _ = trained
    other = small_segmenter(optimizer=ADAM, width=3)
    before = snapshot(other)
    with pytest.raises(ValueError, match="another model"):
        restore(other, middle)
    with pytest.raises(ValueError, match="another model"):
        restore(other, {})
    assert_same(snapshot(other), before)


def test_a_run_is_finished_once_each_epoch_has_its_row():
    assert not progress(rows=2).finished
    assert progress(rows=3).finished


def test_what_auto_became_is_read_without_the_arrays(tmp_path, trained):
    segmenter, _, _ = trained
    assert saved_device(tmp_path / "none") is None
    save_state(tmp_path, segmenter, progress(step=2))
    assert saved_device(tmp_path) is None  # not known of it
    save_state(tmp_path, segmenter, progress(step=3, device=("mixed_float16", True)))
    assert saved_device(tmp_path) == ("mixed_float16", True)
    assert load_state(tmp_path)[0].device == ("mixed_float16", True)
    newest = sorted(tmp_path.glob("*.npz"))[-1]
    newest.write_bytes(newest.read_bytes()[:500])
    assert saved_device(tmp_path) is None


@pytest.fixture
def slow_disk(monkeypatch):
    """An event without which nothing is written."""
    savez, ready = np.savez, threading.Event()

    def write(file, **arrays):
        assert ready.wait(timeout=60)
        savez(file, **arrays)

    monkeypatch.setattr(state.np, "savez", write)
    return ready


def test_training_goes_on_while_a_state_is_written(tmp_path, slow_disk):
    segmenter = small_segmenter(optimizer=ADAM)
    advance(segmenter, [0])
    before, run = snapshot(segmenter), progress(step=1, rows=1)
    with StateWriter(tmp_path) as states:
        states.save(segmenter, run)
        advance(segmenter, [1])
        run.step, run.best_miou = 2, 0.5
        run.history.append({"epoch": "2"})
        assert load_state(tmp_path) is None
        slow_disk.set()
    found, values = load_state(tmp_path)
    assert (found.step, found.best_miou, len(found.history)) == (1, None, 1)
    assert_same(values, before)
    after = snapshot(segmenter)
    assert any(
        not np.array_equal(before[name], after[name]) for name in before if name.startswith("net/")
    )


@pytest.mark.parametrize("met", ["wait", "save", "end"])
def test_a_state_that_could_not_be_written_is_no_secret(met, trained, tmp_path, monkeypatch):
    def full(file, **arrays):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state.np, "savez", full)

    def use():
        with StateWriter(tmp_path) as states:
            states.save(trained[0], progress(1))
            if met == "wait":
                states.wait()
            elif met == "save":
                states.save(trained[0], progress(2))

    with pytest.raises(UserError, match="No space left"):
        use()
    assert list(tmp_path.iterdir()) == []


def test_weights_that_are_not_finite_are_met_at_once(tmp_path):
    segmenter = small_segmenter()
    weight = segmenter.net.trainable_variables[0]
    weight.assign(np.full(weight.shape, np.nan))
    with StateWriter(tmp_path) as states, pytest.raises(FloatingPointError):
        states.save(segmenter, progress())
