"""Who trains together, as far as one device can tell; tests/integration has the rest."""

import sys

import pytest
import tensorflow as tf

from kerasseg.errors import Interrupted, UserError
from kerasseg.training.cluster import Cluster
from kerasseg.training.replicas import ReplicaGroup, join_replicas, stop_with_the_others


@pytest.mark.parametrize("distribute", ["auto", "none"])
@pytest.mark.parametrize("gpus", [0, 1])
def test_one_device_trains_alone(distribute, gpus):
    group = join_replicas(distribute, Cluster(), gpus=gpus)
    assert group.strategy is None
    assert (group.size, group.is_chief, group.has_others) == (1, True, False)


@pytest.mark.parametrize(("distribute", "gpus"), [("auto", 3), ("mirrored", 2), ("none", 3)])
def test_several_gpus_are_mirrored_unless_it_is_switched_off(distribute, gpus, monkeypatch):
    asked = []
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", asked.append)
    join_replicas(distribute, Cluster(), gpus=gpus)
    assert asked == ([] if distribute == "none" else [[f"GPU:{i}" for i in range(gpus)]])


@pytest.mark.parametrize(
    ("gpus", "batch_size", "used"),
    [(4, 8, 4), (4, 2, 1), (8, 4, 2), (3, 2, 1), (3, 7, 1), (1, 5, 1), (2, 6, 2), (3, 6, 3)],
)
def test_auto_leaves_out_gpus_that_a_batch_does_not_reach(
    gpus, batch_size, used, monkeypatch, capsys
):
    asked = []
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", asked.append)
    join_replicas("auto", Cluster(), batch_size=batch_size, gpus=gpus)
    assert asked == ([[f"GPU:{i}" for i in range(used)]] if used > 1 else [])
    line = f"training on {used} of {gpus} GPUs: train.batch_size={batch_size}\n"
    assert capsys.readouterr().out == ("" if used == gpus else line)


@pytest.mark.parametrize(
    ("gpus", "batch_size", "accumulate", "used"), [(4, 16, 2, 4), (4, 16, 4, 2), (2, 8, 8, 1)]
)
def test_auto_leaves_out_gpus_that_a_part_of_a_batch_does_not_reach(
    gpus, batch_size, accumulate, used, monkeypatch, capsys
):
    asked = []
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", asked.append)
    join_replicas("auto", Cluster(), batch_size=batch_size, accumulate=accumulate, gpus=gpus)
    assert [len(devices) for devices in asked] == ([used] if used > 1 else [])
    said = f"train.batch_size={batch_size}, train.accumulate={accumulate}\n"
    assert capsys.readouterr().out.endswith("" if used == gpus else said)


@pytest.mark.parametrize(
    ("distribute", "batch_size", "used"),
    [("none", 8, 1), ("auto", 2, 1), ("auto", 4, 2), ("auto", 8, 4), ("mirrored", 8, 4)],
)
def test_gpus_that_do_not_train_are_left_alone(distribute, batch_size, used, monkeypatch):
    told = []
    monkeypatch.setattr(
        "kerasseg.training.replicas.use_gpus",
        lambda numbers, memory: told.append((list(numbers), memory)),
    )
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", lambda devices: None)
    join_replicas(distribute, Cluster(), batch_size=batch_size, gpus=4, gpu_memory=900)
    assert told == [(list(range(used)), 900)]


def test_of_each_machine_all_gpus_take_part(monkeypatch):
    told = []
    monkeypatch.setattr(
        "kerasseg.training.replicas.use_gpus",
        lambda numbers, memory: told.append((list(numbers), memory)),
    )
    # Before the strategy, which is the first to touch them.
    monkeypatch.setattr(
        tf.distribute, "MultiWorkerMirroredStrategy", lambda: told.append("strategy")
    )
    join_replicas("auto", Cluster(0, 2, "a:1"), batch_size=8, gpus=4)
    assert told == [([0, 1, 2, 3], None), "strategy"]


def test_several_processes_come_before_several_gpus(monkeypatch):
    made = object()
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", lambda: made)
    cluster = Cluster(1, 2, "a:1")
    group = join_replicas("auto", cluster, gpus=4)
    assert (group.strategy, group.cluster) == (made, cluster)
    assert (group.is_chief, group.has_others) == (False, True)


@pytest.mark.parametrize("gpus", [0, 1])
def test_mirrored_on_one_device_is_refused(gpus):
    with pytest.raises(UserError, match=r"train\.distribute=mirrored"):
        join_replicas("mirrored", Cluster(), gpus=gpus)


def test_one_process_answers_itself():
    group = ReplicaGroup()
    assert group.from_chief(2**53 - 1) == 2**53 - 1
    assert group.any(True)
    assert not group.any(False)
    group.wait()
    with group.scope():
        assert isinstance(tf.Variable(1.0), tf.Variable)


def test_a_batch_has_to_come_out_even():
    class Three:
        num_replicas_in_sync = 3

    ReplicaGroup().check_batch(1)
    ReplicaGroup(Three()).check_batch(6)
    with pytest.raises(UserError, match=r"train\.batch_size: found 4, .* multiple of 3"):
        ReplicaGroup(Three()).check_batch(4)
    ReplicaGroup(Three()).check_batch(6, accumulate=2)
    expected = r"found 9, .* multiple of 6, train\.accumulate=2 times the number of replicas"
    with pytest.raises(UserError, match=expected):
        ReplicaGroup(Three()).check_batch(9, accumulate=2)


def test_the_chief_alone_is_heard(capsys):
    for worker in (0, 1):
        with ReplicaGroup(None, Cluster(worker, 2, "a:1")).output():
            print(f"process {worker}")
            print(f"trouble {worker}", file=sys.stderr)
    heard = capsys.readouterr()
    assert heard.out == "process 0\n"
    assert heard.err == "trouble 0\ntrouble 1\n"


def test_a_lost_process_is_an_interruption_and_a_bug_is_not():
    message = "Detected at node x\n  File y\nCollective ops is aborted by: connection reset\nmore"
    with (
        pytest.raises(Interrupted, match="connection reset") as caught,
        stop_with_the_others(),
    ):
        raise tf.errors.UnavailableError(None, None, message)
    assert "\n" not in str(caught.value)
    for error in (tf.errors.InvalidArgumentError, tf.errors.UnknownError, tf.errors.InternalError):
        with pytest.raises(error), stop_with_the_others():
            raise error(None, None, "OSError: a.png: no such file")
    with pytest.raises(Interrupted), stop_with_the_others():
        raise tf.errors.InternalError(None, None, "Collective ops is aborted by: lost worker 1")
