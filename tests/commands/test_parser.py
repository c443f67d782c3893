"""Words and options in any order, and what is said of a wrong one."""

import pytest

from kerasseg.commands.parser import CommandParser, one_of, some_of, whole_number
from kerasseg.errors import UserError


@pytest.fixture
def parser():
    parser = CommandParser("prog", "Does it.")
    parser.add_argument("model", metavar="MODEL")
    parser.add_config(default="streets")
    parser.add_argument("--fresh", action="store_true")
    parser.add_mutually_exclusive_group().add_argument("--steps")
    parser.add_settings()
    return parser


@pytest.mark.parametrize(
    "argv",
    [
        ["runs/a", "--config", "a.yaml", "seed=1", "name=b", "--fresh"],
        ["seed=1", "--fresh", "name=b", "--config=a.yaml", "runs/a"],
        ["--fresh", "seed=1", "--config", "a.yaml", "runs/a", "name=b"],
    ],
)
def test_words_options_and_settings_in_any_order(parser, argv):
    args = parser.parse(argv)
    assert (args.model, args.config, args.fresh) == ("runs/a", "a.yaml", True)
    assert args.settings == ["seed=1", "name=b"]


def test_nothing_given_but_the_model(parser):
    args = parser.parse(["runs/lr=3"])
    assert (args.model, args.config, args.settings, args.fresh) == (
        "runs/lr=3",
        "streets",
        [],
        False,
    )


def test_a_mistyped_setting_is_no_model(parser):
    assert parser.parse(["data.rot=a", "run"]).settings == ["data.rot=a"]


@pytest.mark.parametrize(
    ("argv", "lines"),
    [
        (["--confg", "a.yaml"], ["--confg: no such option; did you mean --config?"]),
        (["--conf=a.yaml"], ["--conf: no such option; did you mean --config?"]),
        (["--step=3"], ["--step: no such option; did you mean --steps?"]),
        (["--train.panels=4"], ["--train.panels=4: no such option; did you mean train.panels=4?"]),
        (["-z", "a=b", "--qq"], ["-z: no such option", "--qq: no such option"]),
        (["--config"], ["--config: expected one argument (see prog --help)"]),
        (["--fresh=1"], ["--fresh: ignored explicit argument '1' (see prog --help)"]),
    ],
)
def test_wrong_options(parser, argv, lines):
    with pytest.raises(UserError) as caught:
        parser.parse(["run", *argv])
    assert str(caught.value).splitlines() == lines


@pytest.mark.parametrize("argv", [[], ["seed=1"], ["seed=1", "name=b", "--fresh"]])
def test_a_missing_word_is_named(parser, argv):
    with pytest.raises(UserError, match=r"^the following arguments are required: MODEL.* \(see "):
        parser.parse(argv)


def test_one_word_too_many():
    parser = CommandParser("prog")
    parser.add_argument("root")
    with pytest.raises(UserError, match=r"^b: one argument too many \(see prog --help\)$"):
        parser.parse(["a", "b"])


def test_without_a_default_a_config_is_required():
    parser = CommandParser("prog")
    parser.add_config()
    parser.add_settings()
    with pytest.raises(UserError, match="required: --config"):
        parser.parse(["seed=1"])


def refused(kind, text):
    parser = CommandParser("prog")
    parser.add_argument("--option", type=kind)
    with pytest.raises(UserError) as caught:
        parser.parse([f"--option={text}"])
    return str(caught.value)


@pytest.mark.parametrize("text", ["0", "-1", "1.0", "x", "", "11"])
def test_whole_number(text):
    kind = whole_number(1, 10)
    assert kind("10") == 10
    expected = f"--option: found {text}, allowed: integer from 1 to 10 (see prog --help)"
    assert refused(kind, text) == expected


def test_one_of():
    kind = one_of(("savedmodel", "onnx"))
    assert kind("onnx") == "onnx"
    allowed = "allowed: savedmodel, onnx"
    assert refused(kind, "onx") == (
        f"--option: found onx, {allowed}; did you mean onnx? (see prog --help)"
    )
    assert refused(kind, "") == f"--option: found nothing, {allowed} (see prog --help)"


def test_some_of():
    kind = some_of(("savedmodel", "onnx"))
    assert kind("onnx, savedmodel,onnx") == ("onnx", "savedmodel")
    for text in ("", "onnx,", "onnx,tflite"):
        assert "allowed: savedmodel, onnx" in refused(kind, text)
