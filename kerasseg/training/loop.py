"""The training loop: stages in order, a validation an epoch, a state that resumes exactly."""

import math
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass

import tensorflow as tf

from kerasseg.config import Config
from kerasseg.data.catalog import Catalog
from kerasseg.errors import Interrupted
from kerasseg.gpus import missing_gpu_notice
from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.runs.directory import RunDirectory
from kerasseg.runs.lock import locked
from kerasseg.training.budget import Costs, remaining_line
from kerasseg.training.cluster import read_cluster
from kerasseg.training.device import pick_device, spare_autotuning
from kerasseg.training.display import Display
from kerasseg.training.input_errors import naming_changed_files
from kerasseg.training.mlflow_run import MlflowRun, open_mlflow_run
from kerasseg.training.patience import is_better
from kerasseg.training.replicas import join_replicas, stop_with_the_others
from kerasseg.training.score_best import score_best, write_panels
from kerasseg.training.session import Session, build_session
from kerasseg.training.start import device_of_run, open_run
from kerasseg.training.state import Progress, StateWriter
from kerasseg.training.step import StepClock, compile_step
from kerasseg.training.stop import StopRequest, stop_on_signals
from kerasseg.training.tensorboard import TensorBoard
from kerasseg.training.timing import time_scoring, time_validation
from kerasseg.training.validate import validate

_TIMED = 10  # steps, before the rest of a run is estimated
_WORTH_SAYING = 60.0  # seconds of the steps to go


def train(
    config: Config, catalog: Catalog, *, fresh: bool = False, boundaries: bool = False
) -> bool:
    """Trains a run, or resumes it, and scores its best weights at the end.

    catalog: the verified data of `config`. fresh: throw away what the run directory holds.
    boundaries: also score the best weights at edges, which takes longer.
    Returns whether this process is the chief, which alone reports on the finished run.
    Raises UserError for what the user can mend, Interrupted after SIGTERM or Ctrl-C with the
    state saved.
    """
    started = time.monotonic()
    run = RunDirectory(config.run_path)
    cluster = read_cluster(config.train.distribute)
    with ExitStack() as opened:
        if cluster.is_chief:
            opened.enter_context(locked(run.path))
        if cluster.workers > 1:
            opened.enter_context(stop_with_the_others())
        # Before the signals: TensorFlow takes SIGTERM for itself when it meets other processes.
        dealt = {"batch_size": config.train.batch_size, "accumulate": config.train.accumulate}
        group = join_replicas(
            config.train.distribute, cluster, **dealt, gpu_memory=config.train.gpu_memory
        )
        group.check_batch(**dealt)
        stop = opened.enter_context(stop_on_signals())
        opened.enter_context(group.output())
        begun_with = None if fresh else device_of_run(run, group)
        device = pick_device(
            precision=config.train.precision,
            jit=config.train.jit,
            replicas=group.size,
            begun_with=begun_with,
        )
        print(device.line)
        if notice := missing_gpu_notice():
            print(notice)
        spare_autotuning(one_size=catalog.same_size["val"], compiled=device.jit)
        session = build_session(config, catalog, device, group, resumes=begun_with is not None)
        step = compile_step(session.segmenter, jit=device.jit, strategy=group.strategy)
        opened.enter_context(naming_changed_files(config, catalog))
        progress = open_run(run, session, step, fresh=fresh, started=started, boundaries=boundaries)
        session.schedule.total_steps.assign(progress.plan.total_steps)
        mlflow = opened.enter_context(open_mlflow_run(run, config)) if group.is_chief else None
        if group.from_chief(progress.finished and run.metrics.exists()):
            how = " (train.patience)" if progress.out_of_patience else ""
            print(f"{run.path}: this run is finished{how}; --fresh starts it over")
            if group.is_chief and not run.panels.exists():  # it was stopped after its scores
                write_panels(config, catalog, run)
        else:
            _run_to_the_end(session, run, progress, step, stop, mlflow, boundaries=boundaries)
        if mlflow:
            mlflow.finish(run, progress.history)
        return group.is_chief


def _run_to_the_end(
    session: Session,
    run: RunDirectory,
    progress: Progress,
    step: Callable,
    stop: StopRequest,
    mlflow: MlflowRun | None,
    *,
    boundaries: bool,
) -> None:
    """The rest of the epochs, and the final scores."""
    chief = session.group.is_chief
    if chief:
        # Stages may be longer now; what was scored before they were is not the result.
        run.write_config(session.config)
        run.metrics.unlink(missing_ok=True)
        shutil.rmtree(run.panels, ignore_errors=True)
        run.report.unlink(missing_ok=True)
        run.write_history(progress.history, terms=session.segmenter.objective.names)
    with (
        Display(
            progress.plan,
            terms=session.segmenter.objective.names,
            done=progress.step,
            best_miou=progress.best_miou,
        ) as display,
        TensorBoard(run.tensorboard) if chief else nullcontext() as board,
        StateWriter(run.state) as states,
    ):
        loop = _Loop(session, run, progress, step, stop, display, board, mlflow, states, boundaries)
        loop.run_epochs()
    if chief:
        score_best(
            session.config, session.catalog, run, check_stop=stop.check, boundaries=boundaries
        )
    session.group.wait()


@dataclass
class _Loop:
    """What the epochs of a run share.

    step: the compiled training step, batch -> means. board and
    mlflow: None in every process but the chief.
    """

    session: Session
    run: RunDirectory
    progress: Progress
    step: Callable[[dict], dict]
    stop: StopRequest
    display: Display
    board: TensorBoard | None
    mlflow: MlflowRun | None
    states: StateWriter
    boundaries: bool

    def run_epochs(self) -> None:
        """From where `progress` stands to the end of its plan."""
        progress, plan = self.progress, self.progress.plan
        train = self.session.config.train
        batches = self.session.batches(plan, first_step=progress.step)
        clock = StepClock(every=self.session.device.steps_ahead)
        # A budget that was planned a moment ago has said it.
        said = not self.session.group.is_chief or (train.minutes is not None and not progress.step)
        for index in range(len(progress.history), len(plan.epochs)):
            if self._out_of_patience():
                break
            if self.board is not None and plan.begins_stage(index):
                self.board.batch(self.session, plan, step=plan.epochs[index].first_step)
            clock.reset()
            while progress.step < plan.epochs[index].end:
                saves = (progress.step + 1) % train.save_every == 0
                ends = progress.step + 1 == plan.epochs[index].end
                wait = saves or ends or clock.timed_steps + 1 == _TIMED
                means = clock.run(self.step, batches, batch_size=train.batch_size, wait=wait)
                if not math.isfinite(means["loss"]):
                    raise self.states.diverged(progress.step)
                progress.step += 1
                self.display.step(
                    step=progress.step,
                    epoch=index,
                    means=means,
                    rate=clock.images_per_second,
                    wait=clock.input_wait,
                )
                if clock.timed_steps == _TIMED and not said:
                    said = True
                    self._say_how_long(clock.seconds_per_step, epochs=index)
                if saves:
                    self._save()
                self._stop_if_asked()
            last = index + 1 == len(plan.epochs)
            self.session.segmenter.scoring_net()
            matrix = None
            if last or (index + 1) % train.validate_every == 0:
                matrix = self._validate()
            if self.session.group.is_chief:
                self._write_epoch(index, clock, matrix)
            else:
                progress.history.append({})
                self.session.segmenter.reset_metrics()

    def _out_of_patience(self) -> bool:
        """Whether to end before the plan does, with a line about it; the chief has the scores."""
        group, progress = self.session.group, self.progress
        ends = bool(group.from_chief(group.is_chief and progress.out_of_patience))
        if ends:
            every = "validation" if progress.patience == 1 else f"{progress.patience} validations"
            self.display.say(
                f"the last {every} did not improve the mIoU (train.patience): the run ends after "
                f"step {progress.step} of {progress.plan.total_steps}"
            )
        return ends

    def _say_how_long(self, step_seconds: float, *, epochs: int) -> None:
        """A line about the rest of the run, unless it is over at once."""
        session, progress = self.session, self.progress
        left = progress.plan.total_steps - progress.step
        if left * step_seconds < _WORTH_SAYING:
            return
        scoring = time_scoring(session, boundaries=self.boundaries)
        costs = Costs(step_seconds, time_validation(session), scoring)
        every = session.config.train.validate_every
        self.display.say(
            remaining_line(
                costs, progress.plan, validate_every=every, step=progress.step, epochs=epochs
            )
        )

    def _write_epoch(self, index: int, clock: StepClock, matrix: ConfusionMatrix | None) -> None:
        """Keeps the best weights, writes the row and the state, in this order."""
        progress = self.progress
        best = matrix is not None and is_better(matrix.miou, progress.best_miou)
        if best:
            self.run.save_best(self.session.segmenter.averaged)
            progress.best_miou = matrix.miou
        row = self._row(index, clock, matrix)
        progress.history.append(row)
        self.session.segmenter.reset_metrics()
        self._save()
        terms = self.session.segmenter.objective.names
        self.run.write_history(progress.history, terms=terms)
        self.display.epoch(row, best=best)
        self.board.epoch(row, step=progress.step)
        if self.mlflow:
            self.mlflow.epochs(progress.history)
        if matrix is not None:
            self.board.panel(self.session, step=progress.step)

    def _validate(self) -> ConfusionMatrix | None:
        """The chief's scores; None in other processes, which wait for it."""
        images = len(self.session.catalog.splits["val"])

        def each_batch(done: int) -> None:
            self.display.validating(done=done, images=images)
            self.stop.check()

        matrix = None
        if self.session.group.is_chief:
            with suppress(Interrupted):
                matrix = validate(
                    self.session.predictor,
                    self.session.validation,
                    classes=self.session.catalog.label_set.num_classes,
                    each_batch=each_batch,
                )
        self._stop_if_asked()
        return matrix

    def _row(self, index: int, clock: StepClock, matrix: ConfusionMatrix | None) -> dict[str, str]:
        epoch = self.progress.plan.epochs[index]
        segmenter = self.session.segmenter
        rate = float(tf.convert_to_tensor(segmenter.optimizer.learning_rate))
        means = {name: float(mean.result()) for name, mean in segmenter.term_means.items()}
        return {
            "epoch": str(index + 1),
            "stage": str(epoch.stage + 1),
            "crop_scale": f"{epoch.crop_scale:g}",
            "steps": str(epoch.steps),
            "images_seen": str(self.progress.step * self.session.config.train.batch_size),
            "learning_rate": f"{rate:.9g}",
            "loss": f"{segmenter.objective.total(means):.9g}",
            **{name: f"{value:.9g}" for name, value in means.items()},
            "val_miou": "" if matrix is None else f"{matrix.miou:.9g}",
            "val_pixel_accuracy": "" if matrix is None else f"{matrix.pixel_accuracy:.9g}",
            "images_per_second": f"{clock.images_per_second:.4g}",
            "input_wait": f"{clock.input_wait:.4g}",
        }

    def _save(self) -> None:
        if not self.session.group.is_chief:
            return
        try:
            self.states.save(self.session.segmenter, self.progress)
        except FloatingPointError as error:
            raise self.states.diverged(self.progress.step) from error

    def _stop_if_asked(self) -> None:
        """Raises Interrupted, with the state saved, once a signal has come to any process."""
        if self.session.group.any(self.stop.asked):
            self._save()
            self.states.wait()
            raise Interrupted
