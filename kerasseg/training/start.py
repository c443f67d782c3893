"""The start of a run: a new one or a saved state, the same in all processes."""

import time
from collections.abc import Callable

from kerasseg.config import load_config
from kerasseg.config.load import MAY_DIFFER_ON_RESUME
from kerasseg.config.words import SETTINGS, setting_values
from kerasseg.errors import UserError
from kerasseg.runs.directory import RunDirectory
from kerasseg.training.device import PRECISIONS
from kerasseg.training.plan import first_progress, resumed_progress
from kerasseg.training.replicas import ReplicaGroup
from kerasseg.training.session import Session, describe_model
from kerasseg.training.state import Progress, save_state, saved_device

# A network file system may show a machine the folder of a minute ago (NFS: acdirmax).
_LOOKS = 26
_PAUSE = 3.0  # seconds


def open_run(
    run: RunDirectory,
    session: Session,
    step: Callable,
    *,
    fresh: bool,
    started: float,
    boundaries: bool = False,
) -> Progress:
    """Where the run stands; its state is in the session.

    step: the compiled training step. fresh: throw away what the run directory holds. started:
    `time.monotonic()` when the command began. The chief alone writes; the others read what it has
    left there. boundaries: whether the best weights are scored at edges as well.
    Raises UserError for a run that cannot be resumed, in all processes.
    """
    group = session.group
    if not group.agree(_agreement(session)):
        raise UserError(
            "the processes do not have the same settings and images; start all of them with the "
            "same command on the same data"
        )
    resuming = group.from_chief(group.is_chief and run.open(session.config, fresh=fresh))
    progress = None

    def same_state() -> bool:
        nonlocal progress
        progress = resumed_progress(run, session) if resuming else None
        here = (-1, -1) if progress is None else (progress.step, len(progress.history))
        return here == tuple(group.from_chief(number) for number in here)

    _wait_until(same_state, group, run)
    if progress is not None:
        _check_best(run, progress, group)
        if progress.step:
            print(f"resuming after step {progress.step} of {progress.plan.total_steps}")
        if group.is_chief:
            _explain_minutes(run, session, progress)
        return progress
    if group.is_chief:
        run.write_description(describe_model(session.config, session.catalog))
    progress = first_progress(session, step, started=started, boundaries=boundaries)
    if group.is_chief:
        save_state(run.state, session.segmenter, progress)
    group.wait()
    _wait_until(run.config.exists, group, run)
    return progress


def _check_best(run: RunDirectory, progress: Progress, group: ReplicaGroup) -> None:
    """Raises UserError, in all processes, if the weights that scored best so far cannot be read.

    Without the file, the best of the epochs to come are kept, if there are any.
    """
    problem = None
    if group.is_chief and progress.best_miou is not None:
        problem = run.best_problem()
    if problem == "is missing" and not progress.finished:
        print(f"{run.best}: {problem}; the best weights of the epochs to come are kept")
        progress.best_miou, problem = None, None
    if group.any(problem is not None and not (progress.finished and run.metrics.exists())):
        raise UserError(
            f"{run.best}: {problem or 'not to be read by the chief'}, and the run needs it at its "
            "end; put back a copy, remove it if epochs are left to keep the best of those, "
            "or --fresh to start over"
        )


def device_of_run(run: RunDirectory, group: ReplicaGroup) -> tuple[str, bool] | None:
    """What `auto` became when the run was begun, as the chief reads it; None for a new run."""
    saved = saved_device(run.state) if group.is_chief else None
    known = saved is not None and saved[0] in PRECISIONS
    number = 2 * PRECISIONS.index(saved[0]) + saved[1] if saved is not None and known else -1
    number = int(group.from_chief(number))
    return None if number < 0 else (PRECISIONS[number // 2], bool(number % 2))


def _explain_minutes(run: RunDirectory, session: Session, progress: Progress) -> None:
    before = load_config(run.config, []).train.minutes
    now = session.config.train.minutes
    if now != before:
        print(
            f"train.minutes: was {before}, {now} changes nothing: the plan of "
            f"{progress.plan.total_steps} steps was made at the start; --fresh starts over"
        )


def _wait_until(seen: Callable[[], bool], group: ReplicaGroup, run: RunDirectory) -> None:
    """Looks until every process has seen it; raises UserError, in all, if one never does."""
    for look in range(_LOOKS):
        if look == 1:
            print(f"{run.path}: waiting until all processes see the same there")
        if look:
            time.sleep(_PAUSE)
        if not group.any(not seen()):
            return
    raise UserError(
        f"{run.path}: is not the same folder for all processes; run_dir has to name one that all "
        "machines share"
    )


def _agreement(session: Session) -> str:
    """What has to be equal in all processes, or their replicas would drift apart."""
    values = setting_values(session.config)
    settings = [f"{name}={values[name]!r}" for name in SETTINGS if name not in MAY_DIFFER_ON_RESUME]
    return "\n".join([*settings, session.data_key])
