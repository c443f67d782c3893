"""The start of a run: a new one or a saved state, the same in all processes."""

from collections.abc import Callable

from kerasseg.config import NO_MATTER
from kerasseg.errors import UserError
from kerasseg.setting_text import SETTINGS, setting_values
from kerasseg.training.plan import first_progress, resumed_progress
from kerasseg.training.run_directory import RunDirectory
from kerasseg.training.session import Session
from kerasseg.training.state import Progress, save_state


def open_run(
    run: RunDirectory, session: Session, step: Callable, *, fresh: bool, started: float
) -> Progress:
    """Where the run stands; its state is in the session.

    step: the compiled training step. fresh: throw away what the run directory holds. started:
    `time.monotonic()` when the command began. The chief alone writes; the others read what it has
    left there. Raises UserError for a run that cannot go on, in all processes.
    """
    team = session.team
    if not team.agree(_meaning(session)):
        raise UserError(
            "the processes do not have the same settings and images; start all of them with the "
            "same command on the same data"
        )
    going_on = team.from_chief(team.is_chief and run.open(session.config, fresh=fresh))
    progress = resumed_progress(run, session) if going_on else None
    here = (-1, -1) if progress is None else (progress.step, len(progress.history))
    if team.any(here != tuple(team.from_chief(number) for number in here)):
        raise _not_shared(run)
    if progress is not None:
        return progress
    if team.is_chief:
        run.write_labels(session.catalog, image_size=session.config.data.image_size)
    progress = first_progress(session, step, started=started)
    if team.is_chief:
        save_state(run.state, session.segmenter, progress)
    team.wait()
    if team.any(not run.config.exists()):
        raise _not_shared(run)
    return progress


def _meaning(session: Session) -> str:
    """What has to be equal in all processes, or their replicas would drift apart."""
    values = setting_values(session.config)
    settings = [f"{name}={values[name]!r}" for name in SETTINGS if name not in NO_MATTER]
    return "\n".join([*settings, session.data_key])


def _not_shared(run: RunDirectory) -> UserError:
    return UserError(
        f"{run.path}: is not the same folder for all processes; run_dir has to name one that all "
        "machines share"
    )
