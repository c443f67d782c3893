"""What a run is going to do: from its settings, from a budget, or from its saved state."""

import time

from kerasseg.config import Config
from kerasseg.data.catalog import Catalog
from kerasseg.errors import UserError
from kerasseg.runs.directory import RunDirectory
from kerasseg.training.budget import TRIAL_STEPS, affordable_steps, time_steps
from kerasseg.training.cluster import read_cluster
from kerasseg.training.device import pick_device
from kerasseg.training.replicas import join_replicas
from kerasseg.training.session import Session, build_session
from kerasseg.training.state import Progress, load_state, restore, snapshot
from kerasseg.training.step import TrainStep, compile_step


def first_progress(session: Session, step: TrainStep, *, started: float) -> Progress:
    """The plan of a new run. With `train.minutes` it times some steps, and undoes them.

    step: the compiled training step. started: `time.monotonic()` when the command began.
    """
    train, by_budget = session.config.train, True
    if train.steps is not None:
        plan = session.plan(total_steps=train.steps)
    elif train.minutes is not None:
        plan = session.plan(total_steps=_affordable(session, step, started=started))
    else:
        plan, by_budget = session.plan(), False
    device = session.device.precision, session.device.jit
    return Progress(plan, planned_by_budget=by_budget, data_key=session.data_key, device=device)


def count_steps(config: Config, catalog: Catalog, *, started: float) -> int:
    """How many steps the `train.minutes` of `config` are worth on this machine, as of now."""
    distribute, batch_size = config.train.distribute, config.train.batch_size
    group = join_replicas(
        distribute,
        read_cluster(distribute),
        batch_size=batch_size,
        gpu_memory=config.train.gpu_memory,
    )
    group.check_batch(batch_size)
    device = pick_device(
        precision=config.train.precision, jit=config.train.jit, replicas=group.size
    )
    session = build_session(config, catalog, device, group)
    step = compile_step(session.segmenter, jit=device.jit, strategy=group.strategy)
    return _affordable(session, step, started=started)


def _affordable(session: Session, step: TrainStep, *, started: float) -> int:
    config, minutes = session.config, session.config.train.minutes
    assert minutes is not None, "a run without a budget has its steps from its stages"
    before = snapshot(session.segmenter)
    batches = session.batches(session.plan(total_steps=TRIAL_STEPS), first_step=0)
    step_seconds = time_steps(lambda: float(step(next(batches))["loss"]))
    restore(session.segmenter, before)
    # The chief validates, and its clock counts.
    validation_seconds = _time_validation(session) if session.group.is_chief else 0.0
    total_steps = affordable_steps(
        seconds=60.0 * minutes - (time.monotonic() - started),
        step_seconds=step_seconds,
        validation_seconds=validation_seconds,
        images=len(session.catalog.splits["train"]),
        batch_size=config.train.batch_size,
        validate_every=config.train.validate_every,
    )
    total_steps = int(session.group.from_chief(total_steps))
    print(
        f"{minutes:g} minutes = {total_steps} steps of {config.train.batch_size} "
        f"images ({step_seconds:.2f} s a step, {validation_seconds:.1f} s a validation)"
    )
    return total_steps


def _time_validation(session: Session) -> float:
    """Seconds of one whole validation, from its second and third batch."""
    seconds, images = [], 0
    for image, _ in session.validation.take(3):
        start = time.perf_counter()
        session.predictor.labels(image.numpy())
        seconds.append(time.perf_counter() - start)
        images = max(images, image.shape[0])
    # The first call traces and compiles.
    each = sum(seconds[1:]) / len(seconds[1:]) if len(seconds) > 1 else seconds[0]
    return each * len(session.catalog.splits["val"]) / images


def resumed_progress(run: RunDirectory, session: Session) -> Progress | None:
    """Restores the newest readable state into the session; None if there is none.

    Raises UserError if the data has changed, a stage that is done was made longer, or any stage
    of a plan that a budget made.
    """
    saved = load_state(run.state)
    if saved is None:
        return None
    progress, values = saved
    if progress.data_key != session.data_key:
        raise UserError(
            f"data.root={session.config.data.root}: holds other images or labels than when "
            f"{run.path} was started; use another run_dir, or --fresh to start over"
        )
    if progress.planned_by_budget:
        plan = session.plan(total_steps=progress.plan.total_steps)
        if plan.epochs != progress.plan.epochs:
            raise UserError(
                "train.stages: was another when the budget was divided among the stages; "
                "use another run_dir, or --fresh to start over"
            )
    else:
        plan = session.plan()
        begun = progress.plan.epoch_at(progress.step)
        done = max(begun, len(progress.history))
        if plan.epochs[:done] != progress.plan.epochs[:done]:
            raise UserError(
                "train.stages: a stage that is over cannot be made longer in the same run; "
                "use another run_dir, or --fresh to start over"
            )
        progress.plan = plan
    try:
        restore(session.segmenter, values)
    except ValueError as error:
        raise UserError(
            f"{run.state}: {error}; use another run_dir or name, or --fresh to start over"
        ) from error
    return progress
