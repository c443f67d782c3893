"""The training loop: stages in order, a validation an epoch, a state that resumes exactly."""

import math
import time

import tensorflow as tf

from kerasseg.config import Config
from kerasseg.data.catalog import open_catalog
from kerasseg.errors import Interrupted, UserError
from kerasseg.training.device import pick_device
from kerasseg.training.display import Display
from kerasseg.training.plan import first_progress, resumed_progress
from kerasseg.training.run_directory import RunDirectory
from kerasseg.training.score import print_result, score_best
from kerasseg.training.session import Session, build_session
from kerasseg.training.state import Progress, restore, save_state
from kerasseg.training.step import StepClock, compile_step
from kerasseg.training.stop import StopRequest, stop_on_signals
from kerasseg.training.tensorboard import TensorBoard
from kerasseg.training.validate import validate


def train(config: Config, *, fresh: bool = False) -> None:
    """Trains a run, or goes on with it, and scores its best weights at the end.

    fresh: throw away what the run directory holds. Raises UserError for what the user can mend
    and Interrupted after SIGTERM or Ctrl-C, with the state saved.
    """
    started = time.monotonic()
    run = RunDirectory(config.run_path)
    run.check(config, fresh=fresh)
    with stop_on_signals() as stop:
        catalog = open_catalog(config)
        device = pick_device(precision=config.train.precision, jit=config.train.jit)
        print(device.line)
        session = build_session(config, catalog, device)
        step = compile_step(session.segmenter, jit=device.jit)
        progress = resumed_progress(run, session) if run.open(config, fresh=fresh) else None
        if progress is None:
            run.write_labels(catalog, image_size=config.data.image_size)
            progress = first_progress(session, step, started=started)
            save_state(run.state, session.segmenter, progress)
        session.schedule.total_steps.assign(progress.plan.total_steps)
        if progress.finished and run.metrics.exists():
            print(f"{run.path}: this run is finished; --fresh starts it over")
            print_result(run)
            return
        run.write_history(progress.history)
        _run_epochs(session, run, progress, step, stop)
        score_best(config, catalog, run, check_stop=lambda: _stop_if_asked(stop))
        print_result(run)


def _run_epochs(
    session: Session, run: RunDirectory, progress: Progress, step, stop: StopRequest
) -> None:
    plan = progress.plan
    batches = iter(session.input_for(plan).from_step(progress.step))
    clock = StepClock()
    with Display(plan, done=progress.step) as display, TensorBoard(run.tensorboard) as board:
        for index in range(len(progress.history), len(plan.epochs)):
            clock.reset()
            while progress.step < plan.epochs[index].end:
                means = clock.run(step, batches, batch_size=session.config.train.batch_size)
                if not math.isfinite(means["loss"]):
                    raise _diverged(run, progress)
                progress.step += 1
                display.step(
                    step=progress.step,
                    epoch=index,
                    loss=means["loss"],
                    rate=clock.images_per_second,
                    wait=clock.input_wait,
                )
                due = progress.step % session.config.train.save_every == 0
                if due or stop.asked:
                    save_state(run.state, session.segmenter, progress)
                _stop_if_asked(stop)
            _finish_epoch(session, run, progress, index, clock, display, board, stop)


def _finish_epoch(session, run, progress, index, clock, display, board, stop) -> None:
    """Validates, keeps the best weights, writes the row and the state, in this order."""
    net = session.segmenter.scoring_net()
    every = session.config.train.validate_every
    images = len(session.catalog.splits["val"])
    matrix = None

    def each_batch(done: int) -> None:
        display.validating(done=done, images=images)
        if stop.asked:
            save_state(run.state, session.segmenter, progress)
        _stop_if_asked(stop)

    if (index + 1) % every == 0 or index + 1 == len(progress.plan.epochs):
        matrix = validate(
            session.graph,
            session.validation,
            classes=session.catalog.label_set.num_classes,
            each_batch=each_batch,
        )
    best = matrix is not None and (
        progress.best_miou is None or matrix.miou > progress.best_miou
    )
    if best:
        run.save_best(net)
        progress.best_miou = matrix.miou
    row = _row(session, progress, index, clock, matrix)
    progress.history.append(row)
    session.segmenter.reset_metrics()
    save_state(run.state, session.segmenter, progress)
    run.write_history(progress.history)
    display.epoch(row, best=best)
    board.epoch(row, step=progress.step)
    if matrix is not None:
        board.panel(session, step=progress.step)


def _row(session, progress, index, clock, matrix) -> dict[str, str]:
    epoch = progress.plan.epochs[index]
    means = {m.name: float(m.result()) for m in session.segmenter.metrics}
    rate = float(tf.convert_to_tensor(session.segmenter.optimizer.learning_rate))
    return {
        "epoch": str(index + 1),
        "stage": str(epoch.stage + 1),
        "crop_scale": f"{epoch.crop_scale:g}",
        "steps": str(epoch.steps),
        "images_seen": str(progress.step * session.config.train.batch_size),
        "learning_rate": f"{rate:.9g}",
        **{name: f"{value:.9g}" for name, value in means.items()},
        "val_miou": "" if matrix is None else f"{matrix.miou:.9g}",
        "val_pixel_accuracy": "" if matrix is None else f"{matrix.pixel_accuracy:.9g}",
        "images_per_second": f"{clock.images_per_second:.4g}",
        "input_wait": f"{clock.input_wait:.4g}",
    }


def _stop_if_asked(stop: StopRequest) -> None:
    if stop.asked:
        raise Interrupted


def _diverged(run: RunDirectory, progress: Progress) -> UserError:
    states = sorted(run.state.glob("*.npz"))
    return UserError(
        f"the loss is not finite after step {progress.step}; lower optimizer.learning_rate or set "
        f"optimizer.clip_norm (now a new run: --fresh); the last good state is {states[-1]}"
    )
