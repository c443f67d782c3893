"""The same steps in several processes, to the last bit, while they disturb one another."""

from pathlib import Path

import pytest

from tests.programs import PROJECT, start_program

PROGRAM = Path(__file__).with_name("hashed_steps.py")


@pytest.mark.slow
def test_three_processes_take_the_same_steps():
    command = [PROGRAM, "sampled", "closed_form"]
    running = [start_program(command, folder=PROJECT) for _ in range(3)]
    answers = [process.communicate(timeout=400) for process in running]
    for process, (_, errors) in zip(running, answers, strict=True):
        assert process.returncode == 0, errors[-3000:]
    first = answers[0][0]
    assert len(first.splitlines()) == 2 * 9
    assert [said for said, _ in answers[1:]] == [first, first]
