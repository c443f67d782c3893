"""Measurements in turns: each candidate in a process of its own, A B A B, two threads.

A worker builds what it measures, says that it is ready, and then sleeps until it is asked for
some calls. So candidates of different environments (TensorFlow, PyTorch, OpenVINO) share the same
minutes of the same machine, and each has its own peak memory. Only the standard library is used:
workers import this file from environments that have nothing else of the project.

A round during which other programs took more than a twentieth of the machine is taken again, and
the next one waits until they are done, for some minutes at most.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# What convolutions are made of.
_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
# PyTorch allocates with malloc, and glibc hands every feature map back to the kernel and fetches
# zeroed pages again. Kept on the heap, steps take a sixth less.
HEAP = {"GLIBC_TUNABLES": "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=1000000000000"}


def peak_bytes(pid: int | str = "self") -> int:
    """The most memory that a process, by default this one, ever had resident, from the operating
    system (Linux).

    Not `ru_maxrss`: that one is handed on from the process that started this one.
    """
    return _status(pid, "VmHWM")


def resident_bytes(pid: int | str = "self") -> int:
    """What a process, by default this one, has resident now."""
    return _status(pid, "VmRSS")


def _status(pid: int | str, key: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return 1024 * int(value.split()[0])
    raise OSError(f"/proc/{pid}/status: no {key}")


def machine_seconds() -> tuple[float, float]:
    """(processor seconds that the machine was busy, seconds in all) since it was started (Linux).

    Busy includes what the hypervisor gave to others.
    """
    fields = [int(field) for field in Path("/proc/stat").read_text().split(maxsplit=9)[1:9]]
    ticks = os.sysconf("SC_CLK_TCK")
    return (sum(fields) - fields[3] - fields[4]) / ticks, sum(fields) / ticks


def limit_threads(threads: int) -> None:
    """Environment variables that OpenMP and oneDNN read; call it before any import of theirs."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)


@contextlib.contextmanager
def answers():
    """The stream for answers; whatever else prints to stdout goes to stderr from here on."""
    with os.fdopen(os.dup(1), "w", buffering=1) as stream:
        os.dup2(2, 1)
        yield stream


def inference_parser(description: str) -> argparse.ArgumentParser:
    """With what every worker takes that runs a net: the files, a batch, the size of the net."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--batch", type=Path, required=True)
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--threads", type=int, default=2)
    return parser


def serve(prepare: Callable[[], tuple[Callable[[], object], Mapping]], *, warmup: int) -> None:
    """The worker's side. prepare: returns one call to be timed and facts about it for the report,
    which a call may add to.

    warmup: calls before the first one that counts. Ends when its standard input does.
    """
    with answers() as stream:
        call, facts = prepare()
        before = resident_bytes()
        for _ in range(warmup):
            call()
        print(json.dumps({"before_bytes": before, **facts}), file=stream)
        for line in sys.stdin:
            seconds, cpu, (busy, total) = [], time.process_time(), machine_seconds()
            for _ in range(int(line)):
                start = time.perf_counter()
                call()
                seconds.append(time.perf_counter() - start)
            cpu = time.process_time() - cpu
            busy, total = (b - a for a, b in zip((busy, total), machine_seconds(), strict=True))
            answer = {"seconds": seconds, "cpu_seconds": cpu, "peak_bytes": peak_bytes()}
            answer |= {"facts": dict(facts)}
            print(json.dumps({**answer, "others": (busy - cpu) / max(total, 0.01)}), file=stream)


@dataclass(frozen=True)
class Turn:
    """seconds: median of its calls. cpu_seconds: of one call, all threads. others: share of the
    machine, 0…1, that other programs took meanwhile."""

    seconds: float
    cpu_seconds: float
    others: float


class Worker:
    """The controller's side of one candidate."""

    def __init__(self, name: str, command: Sequence[str], *, environment: Mapping[str, str]):
        self.name = name
        self.turns: list[Turn] = []
        self.peak_bytes = 0
        self._process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        self.facts = self._answer()

    def _answer(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            self.close()
            status = self._process.returncode
            say(f"{self.name}: the worker ended with status {status}")
            raise SystemExit(2 if status == 2 else 1)  # 2: it said what its user has to mend
        return json.loads(line)

    def take_turn(self, calls: int) -> Turn:
        self._process.stdin.write(f"{calls}\n")
        self._process.stdin.flush()
        answer = self._answer()
        self.peak_bytes = answer["peak_bytes"]
        self.facts |= answer["facts"]
        seconds = statistics.median(answer["seconds"])
        return Turn(seconds, answer["cpu_seconds"] / calls, answer["others"])

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):  # it ended by itself
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def report(self) -> dict:
        def median(name: str) -> float:
            return round(statistics.median(getattr(turn, name) for turn in self.turns), 4)

        return {
            "seconds": median("seconds"),
            "fastest": round(min(turn.seconds for turn in self.turns), 4),
            "cpu_seconds": median("cpu_seconds"),
            "taken_by_others": max(0.0, round(median("others"), 3)),
            "peak_mib": round(self.peak_bytes / 2**20, 1),
            **self.facts,
        }


Commands = Mapping[str, tuple[Sequence[str], Mapping[str, str]]]


def take_turns(
    commands: Commands, *, rounds: int, calls: int = 1, quiet: float = 0.05, patience: float = 10
) -> dict[str, Worker]:
    """Starts all candidates, one after the other, then lets them take turns: A B A B …

    commands: name -> (command line, environment variables). calls: of each in a round. quiet: a
    round is taken again if others took a larger share of the machine. patience: minutes to go on
    for with waiting and taking again; after them the quietest rounds count.
    Every other round goes backwards, so that none of them always follows the same one.
    """
    workers: dict[str, Worker] = {}
    taken: list[dict[str, Turn]] = []
    try:
        for name, (command, environment) in commands.items():
            say(f"starting {name}")
            workers[name] = Worker(name, command, environment=environment)
        order = list(workers.values())
        deadline = time.monotonic() + 60 * patience
        while sum(_disturbance(turns) <= quiet for turns in taken) < rounds:
            if not _wait_for_quiet(quiet, deadline=deadline) and len(taken) >= rounds:
                break
            turns = {worker.name: worker.take_turn(calls) for worker in order}
            taken.append(turns)
            order.reverse()
            say(f"round {len(taken)}: {_disturbance(turns):.0%} of the machine taken by others")
    finally:
        for worker in workers.values():
            worker.close()
    for turns in sorted(taken, key=_disturbance)[:rounds]:
        for name, turn in turns.items():
            workers[name].turns.append(turn)
    return workers


def _wait_for_quiet(quiet: float, *, deadline: float) -> bool:
    """Until a second has passed in which nothing else ran; False if there was none in time."""
    while time.monotonic() < deadline:
        busy, total = machine_seconds()
        time.sleep(1)
        later_busy, later_total = machine_seconds()
        if later_busy - busy <= quiet * (later_total - total):
            return True
    return False


def _disturbance(turns: Mapping[str, Turn]) -> float:
    return max(turn.others for turn in turns.values())


def ratios(worker: Worker, base: Worker) -> dict[str, float]:
    """Of worker / base: median over the rounds of what each round gives, and peak memory.

    What a round suffers, both suffer. cpu_ratio, of processor seconds, says more than time_ratio
    where other programs ran and there was one thread; several threads wait for each other.
    """
    found = {}
    for name in ("seconds", "cpu_seconds"):
        pairs = zip(worker.turns, base.turns, strict=True)
        found[name] = statistics.median(getattr(a, name) / getattr(b, name) for a, b in pairs)
    return {
        "time_ratio": round(found["seconds"], 3),
        "cpu_ratio": round(found["cpu_seconds"], 3),
        "memory_ratio": round(worker.peak_bytes / base.peak_bytes, 3),
    }


def machine() -> dict:
    """What a reader has to know of the machine."""
    found = {"cores": os.cpu_count()}
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        values = dict(line.split(":", 1) for line in lines if ":" in line)
        values = {key.strip(): value.strip() for key, value in values.items()}
        flags = values.get("flags", "").split()
        found["cpu"] = values.get("model name", "unknown")
        found["flags"] = [flag for flag in flags if flag in _FLAGS]
    return found


def say(text: str) -> None:
    """Progress, where it does not mix with the JSON."""
    print(text, file=sys.stderr, flush=True)
