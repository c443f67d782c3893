"""What is compared: the method's ideas one by one, or a list of values for one setting."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kerasseg.config import load_config
from kerasseg.config.schema import Config
from kerasseg.config.words import SETTINGS, setting_values, suggestion
from kerasseg.errors import UserError

# What the command itself sets in every cell.
_OWN = ("name", "run_dir", "seed", "train.minutes", "train.steps", "train.validate_every")
PLAIN, FULL = "plain", "full"
VARIANTS = (PLAIN, "curriculum", "boundary", "sampled", "closed_form", FULL)


@dataclass(frozen=True)
class Variant:
    """One row of the table.

    overrides: `key=value` settings over the user's own, as on a command line.
    """

    name: str
    overrides: tuple[str, ...]


def ideas(config: Config) -> tuple[Variant, ...]:
    """Plain cross entropy, each idea alone added to it, and all of them: VARIANTS in order.

    The ideas are taken as strong as `config` has them. Raises UserError if it has one switched
    off, which leaves nothing to compare.
    """
    k, c = config.loss.boundary_weight, config.loss.uncertainty_weight
    scales = {stage.crop_scale for stage in config.train.stages}
    off = [
        text
        for text, is_off in (
            (f"loss.boundary_weight: found {k:g}, expected a k other than 1", k == 1),
            (f"loss.uncertainty_weight: found {c:g}, expected a C above 0", c == 0),
            ("train.stages: found whole images only, expected crops as well", scales == {1.0}),
        )
        if is_off
    ]
    if off:
        raise UserError("\n".join(f"{line}: the comparison switches it on and off" for line in off))
    epochs = sum(stage.epochs for stage in config.train.stages)
    without = {
        "curriculum": (f"train.stages=[{{crop_scale: 1.0, epochs: {epochs}}}]",),
        "boundary": ("loss.boundary_weight=1.0",),
        "variance": ("loss.uncertainty_weight=0.0", "loss.variance=closed_form"),
    }

    def variant(name: str, *ideas_on: str, extra: tuple[str, ...] = ()) -> Variant:
        off = [text for idea, texts in without.items() if idea not in ideas_on for text in texts]
        return Variant(name, (*off, *extra))

    return (
        variant(PLAIN),
        variant("curriculum", "curriculum"),
        variant("boundary", "boundary"),
        variant("sampled", "variance", extra=("loss.variance=sampled",)),
        variant("closed_form", "variance", extra=("loss.variance=closed_form",)),
        variant(FULL, *without),
    )


def chosen_ideas(config: Config, names: str | None) -> tuple[Variant, ...]:
    """The variants named in "plain,full", or all for None. Raises UserError for another name."""
    variants = {variant.name: variant for variant in ideas(config)}
    if names is None:
        return tuple(variants.values())
    wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in variants:
            raise UserError(
                f"--variants: found {name or 'nothing'}, allowed: {', '.join(variants)}"
                f"{suggestion(name, variants)}"
            )
    return tuple(variant for name, variant in variants.items() if name in wanted)


def sweep(text: str) -> tuple[Variant, ...]:
    """ "loss.boundary_weight=1,2,4" as one variant a value, all else as the user has it.

    Raises UserError if it is no setting, or has no value. The values are checked with the rest.
    """
    key, equals, values = text.partition("=")
    if key not in SETTINGS:
        raise UserError(f"--sweep: {key}: no such setting{suggestion(key, SETTINGS)}")
    if key in _OWN:
        raise UserError(f"--sweep: {key}: the cells have it from --seeds, --steps or --runs")
    if not equals or not all(value.strip() for value in values.split(",")):
        raise UserError(f"--sweep: found {text}, allowed: setting=value,value,...")
    return tuple(
        Variant(f"{key.rpartition('.')[2]}={value.strip()}", (f"{key}={value.strip()}",))
        for value in values.split(",")
    )


def resolve(
    path: Path | None, settings: Sequence[str], variant: Variant, *, seed: int, steps: int
) -> Config:
    """The settings of one cell: the user's, the variant's, a seed and a number of steps.

    One validation at the end: every cell is scored with its last weights, not with those that
    happened to suit the validation images best.
    """
    fixed = (f"seed={seed}", "train.minutes=null", f"train.steps={steps}")
    quiet = ("train.validate_every=1000000", "train.panels=0")
    return load_config(path, [*settings, *variant.overrides, *fixed, *quiet])


def changes(config: Config, base: Config) -> list[str]:
    """The settings in which a cell differs from the user's, by dotted name."""
    values, old = setting_values(config), setting_values(base)
    return [name for name in SETTINGS if values[name] != old[name]]


def plain_value(config: Config, name: str) -> object:
    """A setting by its dotted name, as JSON would have it."""
    value = config.model_dump(mode="json")
    for part in name.split("."):
        value = value[part]
    return value
