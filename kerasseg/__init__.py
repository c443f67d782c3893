"""Street-scene segmentation; `load` opens whatever was trained or exported."""

__version__ = "0.1.0"


def load(path, *, threads=None):
    """A model that is ready to predict: `kerasseg.load(path).predict(image)`.

    path: a run directory, an export (exports/<name>), a SavedModel or an `.onnx` file, for which
    TensorFlow is not imported. threads: of one pass; None: as many as cores.
    Returns a kerasseg.inference.predictor.Predictor. Raises UserError if it cannot be opened.
    """
    from kerasseg.inference.opening import open_predictor

    return open_predictor(path, threads=threads)
