"""The replicas that train together, on the devices of one process or of several."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from typing import Any

import tensorflow as tf

from kerasseg.errors import Interrupted, UserError
from kerasseg.gpus import use_gpus
from kerasseg.training.cluster import Cluster

# What a collective op says, here or elsewhere, when a process or the network is gone.
_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)
# These may also be a file that cannot be read, or a fault of a GPU: there the words decide.
_PERHAPS_LOST = (
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
    tf.errors.UnknownError,
)
_LOST_WORDS = re.compile(r"aborted by|collective|heartbeat|coordination|connection|socket", re.I)
_SUM = tf.distribute.ReduceOp.SUM


class ReplicaGroup:
    """One replica a device. Every process makes the same calls in the same order.

    strategy: None = one device, and nothing here costs anything. cluster: which process this is.
    """

    def __init__(
        self, strategy: tf.distribute.Strategy | None = None, cluster: Cluster | None = None
    ):
        self.strategy = strategy
        self.cluster = cluster or Cluster()

    @property
    def size(self) -> int:
        """Of all processes together."""
        return 1 if self.strategy is None else self.strategy.num_replicas_in_sync

    @property
    def is_chief(self) -> bool:
        """Whether this process writes and prints."""
        return self.cluster.is_chief

    @property
    def has_others(self) -> bool:
        """Whether there are other processes."""
        return self.cluster.workers > 1

    @contextmanager
    def scope(self) -> Iterator[None]:
        """What is made in here is held by every replica.

        Variables that are not trained (statistics, seeds, slots of the optimizer) are changed by
        each replica on its own: they all see the same numbers, and stay equal without asking.
        """
        with ExitStack() as stack:
            if self.strategy is not None:
                stack.enter_context(self.strategy.scope())
                stack.enter_context(tf.variable_creator_scope(_kept_by_each_replica))
            yield

    @contextmanager
    def output(self) -> Iterator[None]:
        """Silences the standard output of every process but the chief."""
        with ExitStack() as stack:
            if not self.is_chief:
                nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
                stack.enter_context(redirect_stdout(nowhere))
            yield

    def check_batch(self, batch_size: int, accumulate: int = 1) -> None:
        """Raises UserError if the images of a step, or of each of the `accumulate` parts of one,
        cannot be dealt out evenly."""
        if batch_size % (self.size * accumulate):
            # With several processes each would then train alone, into one folder.
            alone = "" if self.has_others else "; or train.distribute=none"
            of = "the number of replicas"
            if accumulate > 1:
                of = f"train.accumulate={accumulate} times the number of replicas"
            raise UserError(
                f"train.batch_size: found {batch_size}, allowed here: a multiple of "
                f"{self.size * accumulate}, {of}{alone}"
            )

    def from_chief(self, number: float) -> float:
        """What the chief calls this with (exact up to 2**53), in every process."""
        return self._sum(float(number) if self.is_chief else 0.0)

    def any(self, flag: bool) -> bool:
        """Whether any process says so."""
        return self._sum(float(flag)) > 0.0

    def agree(self, text: str) -> bool:
        """Whether all processes call this with the same text."""
        if not self.has_others:
            return True
        number = int(hashlib.sha256(text.encode()).hexdigest()[:10], 16)
        return not self.any(number != self.from_chief(number))

    def wait(self) -> None:
        """Returns once every process has come here."""
        self._sum(0.0)

    def _sum(self, number: float) -> float:
        if not self.has_others:
            return float(number)
        value = self._all_reduce(tf.constant(number, tf.float64))
        # Each replica of a process has put in the same number.
        return float(value) * self.cluster.workers / self.size

    @tf.function(autograph=False)
    def _all_reduce(self, number: tf.Tensor) -> tf.Tensor:
        strategy = self.strategy
        assert strategy is not None, "a process that is alone has nothing to add up"

        def add() -> tf.Tensor:
            return sum_over_replicas([number])[0]

        return strategy.experimental_local_results(strategy.run(add))[0]


def _kept_by_each_replica(next_creator: Callable, **settings: Any) -> tf.Variable:
    if not settings.get("trainable", True):
        settings["synchronization"] = tf.VariableSynchronization.ON_READ
        settings["aggregation"] = tf.VariableAggregation.ONLY_FIRST_REPLICA
    return next_creator(**settings)


def sum_over_replicas(values: list[tf.Tensor]) -> list[tf.Tensor]:
    """Each tensor summed over all replicas, the same everywhere; to be called by each of them."""
    context = tf.distribute.get_replica_context()
    # A tensor that no op of the replica has made has no device, and is refused.
    return context.all_reduce(_SUM, [tf.identity(value) for value in values])


def join_replicas(
    distribute: str,
    cluster: Cluster,
    *,
    batch_size: int | None = None,
    accumulate: int = 1,
    gpus: int | None = None,
    gpu_memory: int | None = None,
) -> ReplicaGroup:
    """Resolves `train.distribute`; for several processes it waits for the others.

    cluster: what `read_cluster` says. batch_size: "auto" leaves out GPUs of this machine until each
    of its `accumulate` parts can be dealt out evenly, two images or more to each. gpus: how many to
    assume; None asks TensorFlow. gpu_memory: MiB to take of each; None = what is needed. GPUs that
    are left out are not touched. Has to come before the first TensorFlow op of the process. Raises
    UserError for "mirrored" on one device, and for an address or port that cannot be used.
    """
    if gpus is None:
        gpus = len(tf.config.list_physical_devices("GPU"))
    if cluster.workers > 1:
        print(
            f"process {cluster.worker + 1} of {cluster.workers}, the chief is at "
            f"{cluster.chief_address}; waiting for all of them",
            flush=True,
        )
        use_gpus(range(gpus), memory=gpu_memory)
        try:
            return ReplicaGroup(tf.distribute.MultiWorkerMirroredStrategy(), cluster)
        except (tf.errors.UnknownError, tf.errors.InvalidArgumentError) as error:
            reason = str(error.message).strip().splitlines()[0]
            raise UserError(f"TF_CONFIG: the processes cannot be joined: {reason}") from error
    used = gpus if distribute in ("auto", "mirrored") else min(gpus, 1)
    if distribute == "auto" and batch_size is not None:
        # One image each would cost more than it gains: a second GPU is one without XLA.
        part, parts = batch_size // accumulate, ""
        even = (n for n in range(2, gpus + 1) if part % n == 0 and part >= 2 * n)
        used = max(even, default=min(gpus, 1))
        if used < gpus:
            if accumulate > 1:
                parts = f", train.accumulate={accumulate}"
            print(f"training on {used} of {gpus} GPUs: train.batch_size={batch_size}{parts}")
    use_gpus(range(used), memory=gpu_memory)
    devices = [f"GPU:{i}" for i in range(used)]
    if distribute == "mirrored" and not devices:
        # A program may have split the CPU: a rehearsal without GPUs.
        devices = [f"CPU:{i}" for i in range(len(tf.config.list_logical_devices("CPU")))]
    if distribute == "mirrored" and len(devices) < 2:
        raise UserError("train.distribute=mirrored: found one device, expected two or more GPUs")
    if distribute in ("auto", "mirrored") and len(devices) > 1:
        return ReplicaGroup(tf.distribute.MirroredStrategy(devices))
    return ReplicaGroup()


@contextmanager
def stop_with_the_others() -> Iterator[None]:
    """Turns the loss of another process into Interrupted: none can continue without the others."""
    try:
        yield
    except (*_LOST, *_PERHAPS_LOST) as error:
        if isinstance(error, _PERHAPS_LOST) and not _LOST_WORDS.search(str(error.message)):
            raise
        # A graph's error begins with where its op was made.
        lines = str(error.message).strip().splitlines() or [type(error).__name__]
        said = next((line for line in lines if "aborted by" in line), lines[0])
        raise Interrupted(
            f"another process was lost ({said}), so all have to be started again"
        ) from error
