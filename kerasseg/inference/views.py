"""Several views of an image, other scales and the mirror image, averaged to one prediction.

Each view takes one pass. Probabilities are averaged, not logits; labels and confidence are the arg
max and the maximum of the mean. Uncertainty and variance are the means of what the model says of
each view.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerasseg.errors import UserError
from kerasseg.inference.open_model import find_model, open_predictor
from kerasseg.inference.predictor import Predictor, check_image
from kerasseg.inference.result import Prediction
from kerasseg.inference.tiles import Outputs


class ViewsPredictor(Predictor):
    """The mean over predictors of one net at several scales and, if `flip`, over each image and
    its mirror image, left to right."""

    def __init__(self, predictors: Sequence[Predictor], *, flip: bool):
        """predictors: one or more that give probabilities; the first describes the model."""
        assert all(predictor.gives_probabilities for predictor in predictors)
        super().__init__(predictors[0].description)
        self._predictors = tuple(predictors)
        self._flips = (False, True) if flip else (False,)

    @property
    def gives_probabilities(self) -> bool:
        return True

    @property
    def nodes(self) -> dict[str, int]:
        return self._predictors[0].nodes

    def compute(self, images: np.ndarray) -> Outputs:
        outputs = self.compute_with_probabilities(images)
        del outputs["probabilities"]
        return outputs

    def compute_with_probabilities(self, images: np.ndarray) -> Outputs:
        answers = [self._average(image) for image in images]
        return {name: np.stack([answer[name] for answer in answers]) for name in answers[0]}

    def predict(self, image: np.ndarray, *, probabilities: bool = False) -> Prediction:
        check_image(image)
        outputs = self._average(image)
        if not probabilities:
            del outputs["probabilities"]
        return self._prediction(**outputs)

    def _average(self, image: np.ndarray) -> Outputs:
        """All outputs of one image, without the axis of the batch."""
        total: Outputs = {}
        for predictor in self._predictors:
            for flip in self._flips:
                view = predictor.compute_view(image, flip=flip)
                for name in view.keys() & {"probabilities", "uncertainty", "variance"}:
                    # In place: probabilities of a large image take gigabytes.
                    if name in total:
                        total[name] += view[name]
                    else:
                        total[name] = np.array(view[name], np.float32)
        for values in total.values():
            values /= len(self._predictors) * len(self._flips)
        mean = total["probabilities"]
        labels = self.decide(mean, total["uncertainty"])
        return {"labels": labels, "confidence": mean.max(axis=-1), **total}


def open_views(
    path: Path,
    *,
    scales: Sequence[float] = (1.0,),
    flip: bool = False,
    threads: int | None = None,
    providers: str | Sequence[str] | None = None,
) -> Predictor:
    """The model at `path`, averaged over views; without views the model itself.

    scales: one or more factors > 0 on the scale at which the net sees an image. flip: also the
    mirror image. threads, providers: see open_predictor. Raises UserError as open_predictor
    does, for scales other than 1 of what is no run directory, and for a model that gives no
    probabilities.
    """
    if tuple(scales) != (1.0,) and find_model(path)[0] != "run":
        found = ",".join(f"{scale:g}" for scale in scales)
        raise UserError(
            f"--scales: found {found}, allowed: 1 for {path}, an export, which computes the scale "
            "itself; other scales need the run directory"
        )
    predictor = open_predictor(path, threads=threads, providers=providers)
    if tuple(scales) == (1.0,) and not flip:
        return predictor
    if not predictor.gives_probabilities:
        raise UserError(
            f"--flip: {path} gives no probabilities to average; export.py --probabilities adds them"
        )
    if tuple(scales) == (1.0,):
        return ViewsPredictor([predictor], flip=flip)
    from kerasseg.inference.backends.run import RunPredictor

    assert isinstance(predictor, RunPredictor)
    return ViewsPredictor([predictor.at_scale(scale) for scale in scales], flip=flip)
