"""Measure what each idea of the method is worth.

Trains plain cross entropy, each idea of the method alone on top of it, and all
together, for the same number of steps and with the same seeds; or one setting
at several values. What is done already is not done again.
"""

import argparse
import json
import tempfile
from pathlib import Path

from kerasseg.ablation.variants import VARIANTS, Variant, changes, chosen_ideas, resolve, sweep
from kerasseg.backend import require
from kerasseg.commands.parser import CommandParser, whole_number
from kerasseg.config import Config, dump_config, load_config
from kerasseg.errors import UserError
from kerasseg.files import write_json
from kerasseg.metrics.undefined import format_score


def add_arguments(parser: CommandParser) -> None:
    parser.add_config()
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--minutes", type=float, metavar="M", help="time budget of a training with all ideas"
    )
    length.add_argument("--steps", type=whole_number(1), metavar="N", help="or its number of steps")
    parser.add_argument(
        "--seeds",
        type=whole_number(1),
        metavar="N",
        default=3,
        help="seeds per variant (default: %(default)s)",
    )
    compared = parser.add_mutually_exclusive_group()
    compared.add_argument("--variants", metavar="LIST", help=f"only these of {', '.join(VARIANTS)}")
    compared.add_argument(
        "--sweep",
        action="append",
        metavar="KEY=V,V",
        help="instead: the settings as they are, with these values of one of them",
    )
    parser.add_argument(
        "--anomalies", type=Path, metavar="DIR", help="also score photos with unknown things"
    )
    parser.add_argument(
        "--runs",
        type=Path,
        metavar="DIR",
        help="folder of the run directories (default: runs/<name>-ablation)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder of the table (default: as --runs)"
    )
    parser.add_settings()


def run(args: argparse.Namespace) -> None:
    """Raises UserError for what the user can mend, Interrupted if stopped."""
    require("tensorflow", "keras", "tensorboard", "matplotlib", "h5py")
    from kerasseg.ablation.cells import Cell, cell_name, score_cell, train_cell
    from kerasseg.ablation.outputs import write_cell, write_table
    from kerasseg.training.cluster import read_cluster
    from kerasseg.training.mlflow_run import check_tracking

    base = load_config(args.config, args.settings)
    check_tracking(base)
    folder = args.runs or Path("runs") / f"{base.name}-ablation"
    variants = _variants(args, base)
    if read_cluster("auto").workers > 1:
        raise UserError("TF_CONFIG: names several processes; cells are trained in one: unset it")
    # All settings of all cells are checked before the first one is trained.
    names = [cell_name(variant.name, base.seed + args.seeds - 1) for variant in variants]
    for variant, name in zip(variants, names, strict=True):
        settings = [*args.settings, f"name={name}"]
        resolve(args.config, settings, variant, seed=base.seed, steps=1)
        if names.count(name) > 1:
            raise UserError(f"--sweep: two cells would be named {name}")
    steps = _steps(args, base, folder)
    cells = []
    for seed in range(base.seed, base.seed + args.seeds):
        for variant in variants:
            config = resolve(args.config, args.settings, variant, seed=seed, steps=steps)
            name = cell_name(variant.name, seed)
            config = _with(config, {"name": name, "run_dir": str(folder / name)})
            cells.append(Cell(variant.name, seed, config))
    out = args.out or folder
    named = {key for cell in cells for key in changes(cell.config, base)} - {"name", "run_dir"}
    scored = []
    for number, cell in enumerate(cells, start=1):
        print(f"{number}/{len(cells)} {cell.name:<24}", end=" ", flush=True)
        train_cell(cell)
        scores = score_cell(cell, anomalies=args.anomalies)
        print(f"mIoU {format_score(scores.split.overlap.miou)}", flush=True)
        scored.append((cell.variant, cell.seed, scores))
        command = ["--config", str(args.config), *args.settings]
        write_cell(out, cell, scores, command=command, named=named)
        write_table(out, scored, title=f"{base.name}, {steps} steps of {base.train.batch_size}")
    print(f"{out / 'table.md'}")


def _with(config: Config, values: dict) -> Config:
    return config.model_copy(update=values)


def _variants(args: argparse.Namespace, base: Config) -> tuple[Variant, ...]:
    if args.sweep:
        return tuple(variant for text in args.sweep for variant in sweep(text))
    return chosen_ideas(base, args.variants)


def _steps(args: argparse.Namespace, base: Config, folder: Path) -> int:
    """The number of steps of every cell: as given, as noted there before, or timed now."""
    from kerasseg.ablation.cells import run_child

    note = folder / "steps.json"
    if note.is_file():
        noted = json.loads(note.read_text(encoding="utf-8"))
        steps, minutes = noted["steps"], noted["minutes"]
        if args.steps not in (None, steps) or args.minutes not in (None, minutes):
            raise UserError(f"{folder}: its cells have {steps} steps; other steps, other --runs")
        return steps
    if args.steps is None and (args.minutes is None or not args.minutes > 0):
        raise UserError(
            f"--minutes: found {args.minutes}, allowed: a number above 0, or --steps N instead"
        )
    steps = args.steps
    if steps is None:
        with tempfile.TemporaryDirectory() as temporary:
            settings, count = Path(temporary) / "full.yaml", Path(temporary) / "steps"
            train = base.train.model_copy(update={"minutes": args.minutes, "steps": None})
            settings.write_text(dump_config(_with(base, {"train": train})), encoding="utf-8")
            run_child("timing", "kerasseg.ablation.one_run", str(settings), str(count))
            steps = int(count.read_text())
    folder.mkdir(parents=True, exist_ok=True)
    write_json(note, {"minutes": args.minutes, "steps": steps}, indent=None)
    return steps
