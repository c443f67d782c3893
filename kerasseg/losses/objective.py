"""The objective: named terms, each weighed by a setting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import tensorflow as tf

from kerasseg.config import LossConfig
from kerasseg.losses import TERMS
from kerasseg.losses.term import LabelContext, NetOutputs, Term


@dataclass(frozen=True)
class Objective:
    """The sum of weight * term over `terms`, which are in the order of the table.

    Calling it gives {name: scalar}; everything that lists terms takes the names from here.
    """

    labels: LabelContext
    terms: Mapping[str, Term]

    @classmethod
    def from_config(
        cls,
        loss: LossConfig,
        *,
        background_id: int | None,
        class_weights: tuple[float, ...] | None = None,
        outside: bool = False,
        background_apart: bool = False,
    ) -> "Objective":
        """The terms that the settings turn on. The others: see LabelContext."""
        labels = LabelContext(background_id, class_weights, outside, background_apart)
        made = {name: from_config(loss, labels) for name, from_config in TERMS.items()}
        return cls(labels, {name: term for name, term in made.items() if term is not None})

    @classmethod
    def from_settings(
        cls,
        *,
        background_id: int | None = None,
        class_weights: Sequence[float] | None = None,
        **settings,
    ) -> "Objective":
        """The objective of settings given by name.

        Args:
            background_id: The output channel that void pixels train. `None`: they are left out.
            class_weights: One weight for each output channel, or `None`.
            **settings: Settings of the section `loss`, such as `boundary_weight`; their defaults
                are those of the project.

        Returns:
            An `Objective`, for `kerasseg.Segmenter`.

        Raises:
            ValueError: For a setting that does not exist, or a value that is not allowed.

        Example:

        >>> import kerasseg
        >>> objective = kerasseg.Objective.from_settings(uncertainty_weight=0.1)
        >>> objective.names
        ('cross_entropy', 'variance')
        """
        weights = None if class_weights is None else tuple(map(float, class_weights))
        loss = LossConfig(**settings)
        return cls.from_config(loss, background_id=background_id, class_weights=weights)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.terms)

    @property
    def needs_branches(self) -> bool:
        """Whether any term takes the logits of the Dropout branches."""
        return any(term.needs_branches for term in self.terms.values())

    @property
    def needs_auxiliary(self) -> bool:
        """Whether any term takes the logits of an auxiliary head."""
        return any(term.needs_auxiliary for term in self.terms.values())

    def __call__(self, label: tf.Tensor, outputs: NetOutputs) -> dict[str, tf.Tensor]:
        """label: uint8 (B, H, W) trainIds, see LabelContext. Returns a scalar for each term."""
        targets = self.labels.targets(label)
        return {name: term(outputs, targets) for name, term in self.terms.items()}

    def total(self, values: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """The objective of the terms' values, or of their means; tensors or floats."""
        first, *others = (
            values[name] if term.weight == 1.0 else term.weight * values[name]
            for name, term in self.terms.items()
        )
        return sum(others, start=first)
