"""Taking turns: the order, what counts, and a worker that cannot go on."""

import sys
import textwrap
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def turns(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import turns

    return turns


@pytest.fixture
def worker(tmp_path):
    """Makes the command line of a worker whose calls note `name` in a file and sleep."""
    script = tmp_path / "worker.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import sys, time
            sys.path.insert(0, {str(BENCHMARKS)!r})
            from turns import serve

            def prepare():
                print("what a library says is no answer")
                def call():
                    with open({str(tmp_path / "calls")!r}, "a") as file:
                        file.write(sys.argv[1])
                    time.sleep(float(sys.argv[2]))
                return call, {{"name": sys.argv[1]}}

            serve(prepare, warmup=1)
            """
        )
    )
    return lambda name, seconds: ([sys.executable, script, name, seconds], {})


def test_candidates_take_turns_and_every_other_round_goes_backwards(turns, worker, tmp_path):
    commands = {"a": worker("a", 0.02), "b": worker("b", 0.06)}
    workers = turns.take_turns(commands, rounds=3, calls=2, quiet=1.0, patience=0)
    # One call each to warm up, then two a round.
    assert (tmp_path / "calls").read_text() == "ab" + "aabb" + "bbaa" + "aabb"
    assert workers["b"].facts["name"] == "b"
    report = workers["b"].report() | turns.ratios(workers["b"], workers["a"])
    # Sleep is never shorter than asked for.
    assert report["fastest"] >= 0.06
    assert report["peak_mib"] > 1
    assert turns.ratios(workers["a"], workers["a"])["time_ratio"] == 1


def test_the_quietest_rounds_count_where_none_was_quiet(turns, worker, monkeypatch):
    noise, seen = iter([0.5, 0.1, 0.3, 0.2]), {}

    def disturbance(found):
        if id(found["a"]) not in seen:
            seen[id(found["a"])] = next(noise)
        return seen[id(found["a"])]

    monkeypatch.setattr(turns, "_disturbance", disturbance)
    # Patience ends after the fourth round.
    monkeypatch.setattr(turns, "_wait_for_quiet", lambda quiet, *, deadline: len(seen) < 4)
    kept = turns.take_turns({"a": worker("a", 0)}, rounds=2)["a"].turns
    assert [seen[id(turn)] for turn in kept] == [0.1, 0.2]


@pytest.mark.parametrize(("status", "expected"), [(2, 2), (1, 1), (7, 1)])
def test_a_worker_that_ends_ends_the_program(turns, status, expected, capsys):
    command = [sys.executable, "-c", f"raise SystemExit({status})"]
    with pytest.raises(SystemExit) as stopped:
        turns.take_turns({"a": (command, {})}, rounds=1)
    assert stopped.value.code == expected
    assert f"a: the worker ended with status {status}" in capsys.readouterr().err
