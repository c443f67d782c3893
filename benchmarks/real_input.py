"""What the input costs a training: python benchmarks/real_input.py --config FILE [key=value ...]

The same steps of the same run, fed by the input pipeline (`real`) and by its first batch over and
over (`repeated`), each in a process of its own; they take turns, A B A B. What `real` takes longer
is the input's fault. Prints JSON: seconds a step, ratio (median over the rounds of the ratio within
a round), and the share of the time that the real one waits for its batches.
"""

import argparse
import itertools
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from turns import machine, ratios, serve, take_turns

from kerasseg.backend import load_tensorflow
from kerasseg.commands.parser import whole_number
from kerasseg.config import load_config
from kerasseg.errors import run_command


def prepare(args):
    """One call is `args.steps` steps."""
    load_tensorflow()
    from kerasseg.data.catalog import open_catalog
    from kerasseg.training.device import pick_device
    from kerasseg.training.session import build_session
    from kerasseg.training.step import StepClock, compile_step

    config = load_config(args.config, args.settings)
    device = pick_device(precision=config.train.precision, jit=config.train.jit)
    session = build_session(config, open_catalog(config), device)
    step = compile_step(session.segmenter, jit=device.jit)
    batches = session.batches(session.plan(total_steps=10**6), first_step=0)
    if args.worker == "repeated":
        batches = itertools.repeat(next(batches))
    clock, facts = StepClock(every=device.steps_ahead), {"precision": device.precision}

    def some_steps():
        for _ in range(args.steps):
            clock.run(step, batches, batch_size=config.train.batch_size)
        facts["input_wait"] = round(clock.input_wait, 4)

    return some_steps, facts


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    positive = whole_number(1)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("settings", nargs="*", metavar="key=value")
    parser.add_argument("--steps", type=positive, default=20, help="a round")
    parser.add_argument("--rounds", type=positive, default=5)
    parser.add_argument("--worker", choices=["real", "repeated"], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        serve(lambda: prepare(args), warmup=1)
        return
    load_config(args.config, args.settings)  # a mistake is named once, not by each worker
    own = [sys.executable, __file__, "--config", args.config, *args.settings]
    own += ["--steps", args.steps]
    commands = {name: ([*own, "--worker", name], {}) for name in ("repeated", "real")}
    # The pipeline of the one that waits fills its buffers: no round is taken again for that.
    workers = take_turns(commands, rounds=args.rounds, quiet=1.0)
    report = {"machine": machine(), "config": str(args.config), "settings": args.settings}
    report |= {"steps_a_round": args.steps, "rounds": args.rounds, "inputs": {}}
    for name, worker in workers.items():
        entry = worker.report()
        entry["seconds_a_step"] = round(entry.pop("seconds") / args.steps, 4)
        entry |= ratios(worker, workers["repeated"])
        report["inputs"][name] = entry
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    sys.exit(run_command(main))
