"""`train.init_from`: weights of another run, also of one with other classes."""

from pathlib import Path

import keras

from kerasseg.errors import UserError, is_out_of_memory
from kerasseg.models.auxiliary_head import is_of_auxiliary
from kerasseg.models.heads import HEAD
from kerasseg.models.layers import (  # noqa: F401  registers the layers
    activation,
    batch_norm,
    channels,
    dropout,
    padding,
    upsampling,
)


def load_net(path: Path) -> keras.Model:
    """A `.keras` file, or the best weights of a run directory. Raises UserError, for a damaged one
    too."""
    path = Path(path)
    file = path / "best.keras" if path.is_dir() else path
    if not file.is_file():
        raise UserError(f"{path}: no weights there (a run directory or a .keras file is expected)")
    try:
        return keras.saving.load_model(file, compile=False)
    except Exception as error:  # a damaged file may raise anything: zip, zlib, JSON, HDF5, Keras
        if is_out_of_memory(error):
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise UserError(f"{file}: cannot be read as a Keras model: {reason}") from error


def start_from(net: keras.Model, source: keras.Model, *, path: str) -> str:
    """Copies all weights of `source` into `net`; a head of another size stays new.

    So does an auxiliary head that `source` lacks, or has for another size; one that only `source`
    has is passed over. Returns a line that says what was done. Raises UserError if the nets differ
    elsewhere.
    """
    layers = {layer.name: layer for layer in source.layers}
    fresh_head = fresh_auxiliary = False
    for layer in net.layers:
        if not layer.weights:
            continue
        given = layers.get(layer.name)
        shapes = [tuple(w.shape) for w in layer.weights]
        if given is None or [tuple(w.shape) for w in given.weights] != shapes:
            if layer.name == HEAD and given is not None:
                fresh_head = True
                continue
            if is_of_auxiliary(layer):
                fresh_auxiliary = True
                continue
            raise UserError(
                f"train.init_from={path}: its layer {layer.name} does not fit; model.encoder, "
                "model.width, model.depth, model.padding and model.upsampling must be those of "
                "that run"
            )
        layer.set_weights(given.get_weights())
    line = f"weights from {path}"
    if fresh_head:
        line += "; the head is new, as the number of classes differs"
    if fresh_auxiliary:
        line += "; the auxiliary head is new"
    return line
