import difflib
from typing import get_args

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from kerasseg.config import Config, DataConfig, load_config
from kerasseg.config.words import SETTINGS, inline, nearest
from kerasseg.errors import UserError


@pytest.fixture
def errors(tmp_path, monkeypatch):
    """Lines of the error for a file of this text and these overrides."""
    monkeypatch.chdir(tmp_path)

    def run(text: str, *overrides: str) -> list[str]:
        (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(UserError) as caught:
            load_config("a.yaml", overrides)
        return str(caught.value).splitlines()

    return run


def test_all_errors_in_one_go_each_with_its_place(errors):
    text = """\
seed: 1.0
sed: 3
data:
  name: camvids
  image_size: [128]
model: 5
train:
  batch_size: 0
  batch_sise: 4
  stages:
    - {crop_scale: 0.5, epochs: 2}
    - {crop_scale: 2, epoch: 3}
"""
    number, stage = "number, 0 < x <= 1", "a.yaml:12: train.stages[1]"
    names = " | ".join(get_args(DataConfig.model_fields["name"].annotation))
    assert sorted(errors(text, "train.panels=-1", "data.roof=x", "train.jit=[", "seeds")) == sorted(
        [
            "a.yaml:1: seed: found 1.0, allowed: integer from 0 to 2147483647",
            "a.yaml:2: sed: no such setting; did you mean seed?",
            f'a.yaml:4: data.name: found "camvids", allowed: {names}; did you mean camvid?',
            "a.yaml:5: data.image_size: found [128], "
            "allowed: [height, width], integers from 1 to 8192",
            "a.yaml:6: model: found 5, allowed: a section, its settings indented under it",
            "a.yaml:8: train.batch_size: found 0, allowed: integer >= 1",
            "a.yaml:9: train.batch_sise: no such setting; did you mean train.batch_size?",
            f"{stage}.crop_scale: found 2, allowed: {number}",
            f"{stage}.epochs: missing, allowed: integer >= 1",
            f"{stage}.epoch: no such setting; did you mean epochs?",
            "command line: train.panels: found -1, allowed: integer >= 0",
            "command line: data.roof: no such setting; did you mean data.root?",
            'command line: train.jit: found "[", not valid YAML: '
            "expected the node content, but found '<stream end>'",
            'command line: found "seeds", allowed: key=value or an option',
        ]
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [1\nb: 2\n", "a.yaml:2:2: not valid YAML"),
        (
            "seed: 1\n  name: x\n",
            "a.yaml:2:7: not valid YAML: mapping values are not allowed here",
        ),
        ("seed: 1\n---\nseed: 2\n", "a.yaml:2:1: not valid YAML"),
        ("seed: !!python/name:os.system x", "a.yaml:1:7: not valid YAML"),
        ("seed: !!int x", "a.yaml: not valid YAML: "),
        ("seed: !!bool x", "a.yaml: not valid YAML: "),
        ("seed: !!timestamp x", "a.yaml: not valid YAML: "),
        ("seed: " + "9" * 5000, "a.yaml: not valid YAML: "),
        ("seed: " + "[" * 5000, "a.yaml: not valid YAML: nested too deeply"),
        ("seed: \x07", "a.yaml: not valid YAML"),
        ("- seed\n", 'a.yaml:1: found ["seed"], allowed: settings such as `seed: 0`, one a line'),
        ("# x\nseed\n", 'a.yaml:2: found "seed", allowed: settings'),
        ("\n\nseed: 1\nseed: 1\n", "a.yaml:4: seed: given twice, first in line 3"),
        ("train:\n  panels: 1\n  'panels': 2\n", "a.yaml:3: train.panels: given twice, first"),
        ("train: {stages: [{crop_scale: 1, epochs: 1, epochs: 1}]}", "a.yaml:1: train.stages[0]"),
        ("train: {}\nseed: 1\ntrain: {}\n", "a.yaml:3: train: given twice, first in line 1"),
        (
            "batch_size: 3\n",
            "a.yaml:1: batch_size: no such setting; did you mean train.batch_size?",
        ),
        ("trian:\n  batch_size: 3\n", "a.yaml:1: trian: no such setting; did you mean train?"),
        ("Seed: 3\n", "a.yaml:1: Seed: no such setting; did you mean seed?"),
        ("train: {batch-size: 3}\n", "a.yaml:1: train.batch-size: no such setting; did you mean"),
        ("zzz: 3\n", "a.yaml:1: zzz: no such setting"),
        ("1: 3\n", "a.yaml:1: [1]: no such setting"),
        ("name: 12\n", "a.yaml:1: name: found 12, allowed: letters, digits and . _ -, at most 100"),
        ("&a data: &b {root: *b}\n", "a.yaml:1: data.root: found {root: {root: {root: {...}}}}"),
    ],
)
def test_one_line_for_a_file_that_is_wrong_in_one_way(errors, text, line):
    (found,) = errors(text)
    assert found.startswith(line)


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("=3", 'found "=3", allowed: key=value or an option'),
        ("seed", 'found "seed", allowed: key=value or an option; did you mean seed=VALUE?'),
        (
            "b.yaml",
            'found "b.yaml", allowed: key=value or an option; did you mean --config b.yaml?',
        ),
        ("train=3", "train: a section, not a setting; its settings are train.batch_size and so on"),
        ("train.stages.0=3", "train.stages.0: no such setting; did you mean train.stages?"),
        ("modle.batch_size=3", "modle.batch_size: no such setting; did you mean train.batch_size?"),
        ("zzz=3", "zzz: no such setting"),
        ("train.jit={a: 1, a: 2}", "train.jit: a: given twice, first in line 1"),
        ("optimizer.name=adm", 'optimizer.name: found "adm", allowed: adam | adamw | sgd; did you'),
        ("name=12", "name: found 12, allowed: letters, digits and . _ -, at most 100 of them; as "),
        ("train.stages=5", "train.stages: found 5, allowed: list of {crop_scale: number, 0 < x <="),
        ("seed=\udce9", "seed: found"),
    ],
)
def test_one_line_for_a_setting_that_is_wrong(errors, override, line):
    (found,) = errors("", override)
    assert found.startswith(f"command line: {line}")
    found.encode("utf-8")


def test_as_text_is_what_the_user_has_to_type(errors):
    (found,) = errors("", "name=12")
    typed = found.partition("as text: ")[2]
    assert typed == "'\"12\"'"
    assert load_config(None, ['name="12"']).name == "12"  # as the shell hands it on
    (found,) = errors("name: 12")
    assert found.endswith('as text: "12"')


def test_a_setting_of_the_command_line_hides_an_error_of_the_file(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("seed: x\n")
    assert load_config(path, ["seed=3"]).seed == 3


def test_files_that_cannot_be_read(tmp_path):
    binary = tmp_path / "b.yaml"
    binary.write_bytes(b"seed: \xff\n")
    for path, reason, names in (
        (
            tmp_path / "none.yaml",
            "no such file",
            " or one of camvid, camvid_unet, cityscapes, folders, streets",
        ),
        (tmp_path, "Is a directory", ""),
        (binary, "no UTF-8 text (byte 6)", ""),
    ):
        with pytest.raises(UserError) as caught:
            load_config(path, ["seed=x"])
        first, second = str(caught.value).splitlines()  # the command line is checked all the same
        assert first == f"{path}: {reason}, allowed: a settings file in YAML{names}"
        assert second.startswith("command line: seed:")


KEYS = st.sampled_from([*Config.model_fields, "root", "stages", "crop_scale", "epochs", 1, None])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates()
NESTED = st.recursive(
    SCALARS | st.just("adam"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(NESTED)
def test_whatever_a_file_holds_it_is_a_config_or_a_user_error(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(yaml.safe_dump(value, allow_unicode=False), encoding="utf-8")
    try:
        assert isinstance(load_config(path, []), Config)
    except UserError as error:
        for line in str(error).split("\n"):
            assert line.startswith(str(path))
            assert line.splitlines() == [line]


@given(NESTED)
def test_inline_is_one_short_printable_line(value):
    text = inline(value)
    assert text.isprintable()
    assert inline([[value] * 50] * 50).count(text) <= 64


@given(st.sampled_from(list(SETTINGS)), st.randoms(use_true_random=False))
def test_a_typo_gets_a_suggestion(name, draw):
    at = draw.randrange(len(name))
    letter = draw.choice("abcdefghijklmnopqrstuvwxyz_")
    typo = draw.choice(
        [
            name[:at] + letter + name[at:],
            name[:at] + letter + name[at + 1 :],
            name[:at] + name[at + 1 :],
        ]
    )
    assume(typo not in SETTINGS)
    meant = nearest(typo, list(SETTINGS))
    # Not always the right one (a letter can make it look like another), never one farther off.
    assert _likeness(typo, meant) >= _likeness(typo, name) - 0.05


def test_a_missing_letter_or_two_swapped_ones_get_the_right_suggestion():
    for name in SETTINGS:
        missing = {name[:i] + name[i + 1 :] for i in range(len(name))}
        swapped = {name[:i] + name[i : i + 2][::-1] + name[i + 2 :] for i in range(len(name))}
        for typo in missing | swapped - {name}:
            assert nearest(typo, list(SETTINGS)) == name


def test_nothing_like_it_gets_no_suggestion():
    assert [nearest(word, list(SETTINGS)) for word in ("zzz", "optimizer.foo", "data.foo", "")] == (
        [None] * 4
    )


def _likeness(a: str, b: str) -> float:
    return difflib.SequenceMatcher(None, a, b).ratio()


def test_minutes_and_steps_are_two_budgets_for_one_run(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("train:\n  minutes: 3\n  steps: 4\n")
    with pytest.raises(UserError) as caught:
        load_config(path)
    assert str(caught.value) == (
        f"{path}:3: train.steps: found 4 beside train.minutes, allowed: one of the two"
    )
