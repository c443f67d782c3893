"""Which of several processes this one is: `TF_CONFIG`, read without TensorFlow."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from kerasseg.errors import UserError

_TRAINING = ("chief", "worker")


@dataclass(frozen=True)
class Cluster:
    """The processes that train together, one a machine as a rule.

    worker: number of this process, 0 is the chief. workers: how many. chief_address: host:port of
    the chief, "" where there is only one process.
    """

    worker: int = 0
    workers: int = 1
    chief_address: str = ""

    @property
    def is_chief(self) -> bool:
        """Whether this process writes: state, scores, pictures, the terminal."""
        return self.worker == 0


def read_cluster(distribute: str, environment: Mapping[str, str] | None = None) -> Cluster:
    """The cluster of `TF_CONFIG`, or a single process.

    distribute: the setting `train.distribute`; "none" and "mirrored" do not look at TF_CONFIG.
    environment: by default `os.environ`. Raises UserError for a TF_CONFIG that says nothing
    sensible, and for "multi_worker" without one that names several processes.
    """
    if distribute in ("none", "mirrored"):
        return Cluster()
    text = (os.environ if environment is None else environment).get("TF_CONFIG", "")
    cluster = _parse(text) if text.strip() else Cluster()
    if distribute == "multi_worker" and cluster.workers == 1:
        raise UserError(
            "train.distribute=multi_worker: TF_CONFIG in the environment has to name at least two "
            "processes; see docs/scaling.md"
        )
    return cluster


def _parse(text: str) -> Cluster:
    try:
        config = json.loads(text)
        jobs = config.get("cluster", {})
        for addresses in jobs.values():
            if not isinstance(addresses, list) or not all(isinstance(a, str) for a in addresses):
                raise TypeError("a job's addresses have to be a list of host:port")
        task = config.get("task", {})
        kind, index = task.get("type", "worker"), int(task.get("index", 0))
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(f"TF_CONFIG: is not what TensorFlow expects there ({error})") from None
    others = sorted(job for job in set(jobs) - set(_TRAINING) if jobs[job])
    if others:
        raise UserError(
            f"TF_CONFIG: names the job {others[0]}, allowed: {' and '.join(_TRAINING)}; training "
            "is synchronous, without parameter servers, and the chief validates"
        )
    if len(jobs.get("chief", ())) > 1:
        raise UserError("TF_CONFIG: names several chiefs, allowed: one at most")
    tasks = [(job, i) for job in _TRAINING for i in range(len(jobs.get(job, ())))]
    if len(tasks) < 2:
        return Cluster()
    if (kind, index) not in tasks:
        raise UserError(f"TF_CONFIG: its task is {kind} {index}, which its cluster does not name")
    job, first = tasks[0]
    return Cluster(tasks.index((kind, index)), len(tasks), jobs[job][first])
