"""What a run is going to do: from its settings, from a budget, or from its saved state."""

import time

from kerasseg.config import Config
from kerasseg.data.catalog import Catalog
from kerasseg.errors import UserError
from kerasseg.runs.directory import RunDirectory
from kerasseg.training.budget import Costs, affordable_steps, count_validations, in_words
from kerasseg.training.cluster import read_cluster
from kerasseg.training.device import pick_device
from kerasseg.training.replicas import join_replicas
from kerasseg.training.session import Session, build_session
from kerasseg.training.state import Progress, load_state, restore, snapshot
from kerasseg.training.step import TrainStep, compile_step
from kerasseg.training.timing import TRIAL_STEPS, time_scoring, time_steps, time_validation


def first_progress(
    session: Session, step: TrainStep, *, started: float, boundaries: bool = False
) -> Progress:
    """The plan of a new run. With `train.minutes` it times some steps, and undoes them.

    step: the compiled training step. started: `time.monotonic()` when the command began.
    boundaries: whether the best weights are scored at edges as well.
    """
    train, by_budget = session.config.train, True
    if train.steps is not None:
        plan = session.plan(total_steps=train.steps)
    elif train.minutes is not None:
        steps = _affordable(session, step, started=started, boundaries=boundaries)
        plan = session.plan(total_steps=steps)
    else:
        plan, by_budget = session.plan(), False
    device = session.device.precision, session.device.jit
    return Progress(
        plan,
        planned_by_budget=by_budget,
        data_key=session.data_key,
        device=device,
        patience=train.patience,
    )


def count_steps(config: Config, catalog: Catalog, *, started: float) -> int:
    """How many steps the `train.minutes` of `config` are worth on this machine, as of now, for a
    cell of an ablation, which is scored at edges as well."""
    distribute = config.train.distribute
    dealt = {"batch_size": config.train.batch_size, "accumulate": config.train.accumulate}
    group = join_replicas(
        distribute, read_cluster(distribute), **dealt, gpu_memory=config.train.gpu_memory
    )
    group.check_batch(**dealt)
    device = pick_device(
        precision=config.train.precision, jit=config.train.jit, replicas=group.size
    )
    session = build_session(config, catalog, device, group)
    step = compile_step(session.segmenter, jit=device.jit, strategy=group.strategy)
    return _affordable(session, step, started=started, boundaries=True)


def _affordable(session: Session, step: TrainStep, *, started: float, boundaries: bool) -> int:
    train = session.config.train
    assert train.minutes is not None, "a run without a budget has its steps from its stages"
    before = snapshot(session.segmenter)
    batches = session.batches(session.plan(total_steps=TRIAL_STEPS), first_step=0)
    step_seconds = time_steps(step, lambda: next(batches))
    restore(session.segmenter, before)
    # The chief validates, and its clock counts.
    costs = Costs(step_seconds, 0.0, 0.0)
    if session.group.is_chief:
        scoring = time_scoring(session, boundaries=boundaries)
        costs = Costs(step_seconds, time_validation(session), scoring)
    total_steps = affordable_steps(
        seconds=60.0 * train.minutes - (time.monotonic() - started),
        costs=costs,
        plan=lambda steps: session.plan(total_steps=steps),
        validate_every=train.validate_every,
    )
    total_steps = int(session.group.from_chief(total_steps))
    plan = session.plan(total_steps=total_steps)
    validations = count_validations(plan, validate_every=train.validate_every)
    seconds = time.monotonic() - started + costs.of(plan, validate_every=train.validate_every)
    print(
        f"{train.minutes:g} minutes = {total_steps} steps of {train.batch_size} images "
        f"({costs.step:.2f} s a step, {validations} validation{'s' if validations > 1 else ''} of "
        f"{costs.validation:.1f} s, {costs.scoring:.0f} s for the final scores)"
    )
    if session.group.is_chief and seconds > 60.0 * train.minutes:
        print(f"train.minutes={train.minutes:g}: the shortest run takes {in_words(seconds)} here")
    return total_steps


def resumed_progress(run: RunDirectory, session: Session) -> Progress | None:
    """Restores the newest readable state into the session; None if there is none.

    Raises UserError if the data has changed, a stage that is done was made longer, or any stage
    of a plan that a budget made.
    """
    saved = load_state(run.state)
    if saved is None:
        return None
    progress, values = saved
    progress.patience = session.config.train.patience
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
