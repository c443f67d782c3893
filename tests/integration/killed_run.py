"""As bare_run.py, and killed at the place that WHERE names: `killed_run.py WHERE ARGUMENTS…`.

A kill is SIGKILL: no handler runs, no file is closed. Only places are chosen here, nothing of
what the training does is changed; with `budget:STEP` a clock of its own measures the steps that
`train.minutes` are worth.
"""

import os
import signal
import sys
from itertools import count
from types import SimpleNamespace

import numpy as np

from kerasseg.training import loop, plan, step, timing
from tests.integration.bare_run import run_bare

where, number = sys.argv[1].split(":")
left = int(number)


def end() -> bool:
    """True, once, at the moment asked for."""
    global left
    left -= 1
    return left == 0


def kill(how: signal.Signals = signal.SIGKILL) -> None:
    os.kill(os.getpid(), how)


if where == "budget":
    # The start takes no time, and a second passes between two looks at the clock, whatever the
    # machine does meanwhile.
    clock = SimpleNamespace(monotonic=lambda: 0.0, perf_counter=count().__next__)
    timing.time = loop.time = plan.time = clock

if where in ("step", "terminate", "budget"):
    run_step, save = step.StepClock.run, loop.StateWriter.save
    writers = []

    def save_and_remember(self, *args):
        save(self, *args)
        writers[:] = [self]

    def run_and_kill(self, *args, **kwargs):
        result = run_step(self, *args, **kwargs)
        if end():
            for writer in writers:
                writer.wait()  # the place is between two states, with none half written
            kill(signal.SIGTERM if where == "terminate" else signal.SIGKILL)
        return result

    step.StepClock.run, loop.StateWriter.save = run_and_kill, save_and_remember
elif where == "validation":
    validate = loop.validate

    def validate_and_kill(*args, each_batch, **kwargs):
        def each(done):
            if end():
                kill()
            each_batch(done)

        return validate(*args, each_batch=each, **kwargs)

    loop.validate = validate_and_kill
elif where == "save":
    savez = np.savez

    def save_and_kill(file, **arrays):
        if end():
            # Half of the arrays, and bytes that no archive has.
            some = dict(list(arrays.items())[: len(arrays) // 2])
            savez(file, **some)
            file.write(b"half a state")
            file.flush()
            kill()
        savez(file, **arrays)

    np.savez = save_and_kill
else:
    raise AssertionError(where)

run_bare(sys.argv[2:])
