"""TensorBoard: the row of each epoch as scalars, a panel at each validation, and the input."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from kerasseg.data.curriculum import Plan
from kerasseg.drawing.panels import panel
from kerasseg.training.session import Session

_SHOWN = 4  # images of a training batch


class TensorBoard:
    """Context manager around the event file in `folder`."""

    def __init__(self, folder: Path):
        self._writer = tf.summary.create_file_writer(str(folder))

    def __enter__(self) -> "TensorBoard":
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def epoch(self, row: dict[str, str], *, step: int) -> None:
        """row: a row of the history; step: steps done."""
        with self._writer.as_default(step=step):
            for name, value in row.items():
                if value and name != "epoch":
                    tf.summary.scalar(name, float(value))
        self._writer.flush()

    def panel(self, session: Session, *, step: int) -> None:
        """The first validation image, as the weights see it now."""
        image, label = next(iter(session.validation.take(1)))
        prediction = session.predictor.predict(image[0].numpy())
        picture = panel(
            image[0].numpy(),
            prediction.labels,
            label[0].numpy(),
            prediction.uncertainty,
            label_set=session.catalog.label_set,
        )
        with self._writer.as_default(step=step):
            tf.summary.image("validation", picture[None])
        self._writer.flush()

    def batch(self, session: Session, plan: Plan, *, step: int) -> None:
        """What the net is given at `step`: cropped, augmented, with what is pasted into it. One
        image a row, its label to the right."""
        (batch,) = session.input_for(plan).from_step(step).take(1)
        images, labels = session.segmenter.view(batch)
        rows = [
            np.concatenate([np.round(image).astype(np.uint8), colours], axis=1)
            for image, colours in zip(
                images[:_SHOWN].numpy(),
                session.catalog.label_set.colorize(labels[:_SHOWN].numpy()),
                strict=True,
            )
        ]
        with self._writer.as_default(step=step):
            tf.summary.image("training", np.concatenate(rows)[None])
        self._writer.flush()
