"""TF_CONFIG to the number of this process, and what is refused."""

import json

import pytest

from kerasseg.errors import UserError
from kerasseg.training.cluster import Cluster, read_cluster


def environment(cluster, kind="worker", index=0):
    task = {"type": kind, "index": index}
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})}


WORKERS = {"worker": ["a:1", "b:1", "c:1"]}
WITH_CHIEF = {"chief": ["a:1"], "worker": ["b:1", "c:1"]}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (environment(WORKERS, index=0), (0, 3)),
        (environment(WORKERS, index=2), (2, 3)),
        (environment(WITH_CHIEF, "chief", 0), (0, 3)),
        (environment(WITH_CHIEF, "worker", 0), (1, 3)),
        (environment(WITH_CHIEF, "worker", 1), (2, 3)),
    ],
)
@pytest.mark.parametrize("distribute", ["auto", "multi_worker"])
def test_the_chief_comes_first(variables, expected, distribute):
    cluster = read_cluster(distribute, variables)
    assert (cluster.worker, cluster.workers) == expected
    assert cluster.is_chief == (expected[0] == 0)
    assert cluster.chief_address == "a:1"


@pytest.mark.parametrize(
    "variables",
    [{}, {"TF_CONFIG": ""}, {"TF_CONFIG": "{}"}, environment({"worker": ["a:1"]})],
    ids=["nothing", "empty", "no cluster", "one worker"],
)
def test_one_process_is_no_cluster(variables):
    assert read_cluster("auto", variables) == Cluster()
    with pytest.raises(UserError, match=r"train\.distribute=multi_worker: .*TF_CONFIG"):
        read_cluster("multi_worker", variables)


@pytest.mark.parametrize("distribute", ["none", "mirrored"])
def test_one_who_trains_alone_does_not_look(distribute):
    assert read_cluster(distribute, environment(WORKERS, index=1)) == Cluster()
    assert read_cluster(distribute, {"TF_CONFIG": "nonsense"}) == Cluster()


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"TF_CONFIG": "nonsense"}, "TF_CONFIG"),
        ({"TF_CONFIG": "[1]"}, "TF_CONFIG"),
        (environment({"worker": "a:1"}), "list of host:port"),
        (environment({"worker": [1, 2]}), "list of host:port"),
        (environment(WORKERS, index=3), "worker 3"),
        (environment(WORKERS, index="first"), "TF_CONFIG"),
        (environment({**WORKERS, "ps": ["d:1"]}), "the job ps"),
        (environment({**WORKERS, "evaluator": ["d:1"]}, "evaluator"), "the job evaluator"),
        (environment({**WORKERS, "chief": ["d:1", "e:1"]}), "several chiefs"),
    ],
)
def test_what_makes_no_sense_is_named_in_one_line(variables, words):
    with pytest.raises(UserError) as caught:
        read_cluster("auto", variables)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_an_argument_the_environment_is_read(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", environment(WORKERS, index=1)["TF_CONFIG"])
    assert read_cluster("auto").worker == 1
