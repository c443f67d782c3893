"""What fails in reading the data while a run trains: said with the file that it is about."""

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from kerasseg.config import Config
from kerasseg.data.catalog import Catalog
from kerasseg.data.changes import refuse_changed_files

# Of the decoders, the readers, and Python functions in the input pipeline.
_READING = (
    tf.errors.InvalidArgumentError,
    tf.errors.NotFoundError,
    tf.errors.PermissionDeniedError,
    tf.errors.DataLossError,
    tf.errors.UnknownError,
)


@contextmanager
def naming_changed_files(config: Config, catalog: Catalog) -> Iterator[None]:
    """Raises UserError that names the file, if TensorFlow stops at one that was removed or changed
    since it was verified; any other error passes."""
    try:
        yield
    except _READING:
        refuse_changed_files(config, catalog)
        raise
