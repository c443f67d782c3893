"""How many threads TensorFlow takes: settled once, before it computes anything."""

import tensorflow as tf

from kerasseg.errors import UserError


def limit_threads(threads: int | None) -> None:
    """At most `threads` at a time; None leaves it as it is.

    Raises UserError if TensorFlow already runs with another number.
    """
    threading = tf.config.threading
    if threads is None or threading.get_intra_op_parallelism_threads() == threads:
        return
    try:
        threading.set_intra_op_parallelism_threads(threads)
        threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        raise UserError(
            f"threads: found {threads}, but TensorFlow already runs with another number; "
            "the first model that is loaded settles it"
        ) from None
