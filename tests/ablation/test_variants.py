"""Which settings stand in which row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasseg.ablation.variants import VARIANTS, changes, chosen_ideas, ideas, resolve, sweep
from kerasseg.config import load_config
from kerasseg.errors import UserError

SETTINGS = ["train.stages=[{crop_scale: 0.5, epochs: 2}, {crop_scale: 1.0, epochs: 3}]"]


def cells(*settings):
    given = [*SETTINGS, *settings]
    base = load_config(None, given)
    return {v.name: resolve(None, given, v, seed=7, steps=50) for v in ideas(base)}


def test_each_idea_stands_alone_beside_plain_cross_entropy():
    found = cells("loss.boundary_weight=3.0", "loss.uncertainty_weight=0.25")
    assert tuple(found) == VARIANTS
    on = {
        name: (
            len(config.train.stages) > 1,
            config.loss.boundary_weight,
            config.loss.uncertainty_weight,
        )
        for name, config in found.items()
    }
    assert on == {
        "plain": (False, 1.0, 0.0),
        "curriculum": (True, 1.0, 0.0),
        "boundary": (False, 3.0, 0.0),
        "sampled": (False, 1.0, 0.25),
        "closed_form": (False, 1.0, 0.25),
        "full": (True, 3.0, 0.25),
    }
    assert found["sampled"].loss.variance == "sampled"
    assert found["closed_form"].loss.variance == "closed_form"


@pytest.mark.parametrize("variance", ["sampled", "closed_form"])
def test_all_ideas_together_are_what_the_user_has(variance):
    given = [*SETTINGS, f"loss.variance={variance}"]
    base = load_config(None, given)
    full = resolve(None, given, chosen_ideas(base, "full")[0], seed=7, steps=50)
    assert set(changes(full, base)) == {
        "seed",
        "train.steps",
        "train.validate_every",
        "train.panels",
    }


def test_every_cell_has_the_seed_the_steps_and_one_validation():
    for config in cells("train.minutes=5").values():
        assert (config.seed, config.train.steps, config.train.minutes) == (7, 50, None)
        assert config.train.validate_every > 10_000
        assert sum(stage.epochs for stage in config.train.stages) == 5


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("loss.boundary_weight=1.0", "loss.boundary_weight"),
        ("loss.uncertainty_weight=0", "loss.uncertainty_weight"),
        ("train.stages=[{crop_scale: 1.0, epochs: 3}]", "train.stages"),
    ],
)
def test_an_idea_that_is_switched_off_cannot_be_compared(setting, name):
    with pytest.raises(UserError, match=f"^{name}: found"):
        ideas(load_config(None, [setting]))


def test_some_variants_by_name():
    base = load_config(None, SETTINGS)
    assert [v.name for v in chosen_ideas(base, "full, plain")] == ["plain", "full"]
    with pytest.raises(UserError, match=r"found ful, allowed: plain.*did you mean full"):
        chosen_ideas(base, "ful")


@given(values=st.lists(st.floats(0, 1e6), min_size=1, max_size=5))
def test_a_sweep_has_a_variant_a_value(values):
    found = sweep(f"loss.uncertainty_weight={','.join(map(repr, values))}")
    configs = [resolve(None, [], variant, seed=0, steps=1) for variant in found]
    assert [config.loss.uncertainty_weight for config in configs] == values


@pytest.mark.parametrize(
    "text", ["loss.boundary_weight", "loss.boundary_weight=", "model.width=1,,2"]
)
def test_a_sweep_without_values_is_refused(text):
    with pytest.raises(UserError, match="setting=value,value"):
        sweep(text)


def test_a_sweep_of_no_setting_is_refused():
    with pytest.raises(UserError, match=r"loss.boundry_weight: no such setting; did you mean"):
        sweep("loss.boundry_weight=1")
