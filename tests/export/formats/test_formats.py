"""What holds for every row of the table of formats."""

import json
import subprocess
import sys

import pytest

from kerasseg.commands import export
from kerasseg.commands.main import build_parsers
from kerasseg.errors import UserError
from kerasseg.export.formats import FORMATS
from kerasseg.export.parity import failures
from kerasseg.export.publish import FILES
from tests.export.untrained import export_small, need_format

OPTIONAL = {
    f"model.{kind}"
    for kind in (
        "int8.onnx",
        "plain.int8.onnx",
        "plain.float16.onnx",
        "int8.tflite",
        "float16.tflite",
    )
}


def test_the_table_is_read_without_what_writes_the_formats():
    script = (
        "import sys; from kerasseg.export.formats import FORMATS\n"
        "print({m.split('.')[0] for m in sys.modules}"
        " & {'tensorflow', 'keras', 'onnx', 'onnxruntime', 'tf2onnx', 'numpy'})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_checked_measured_and_linked(name, exported):
    need_format(name)
    report = json.loads((exported / "parity.json").read_text())
    assert failures(name, report[name]) == []
    assert report[name]["pixels"] > 100_000
    assert f"\n| {name} | 100.0000% | " in (exported / "README.md").read_text()
    files = FORMATS[name].files
    assert set(files) <= set(FILES)
    for file in files:
        link = exported.parent / file
        assert link.is_symlink()
        assert link.resolve() == exported / file


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_a_format_by_itself_leaves_none_of_the_files_of_another(name, run_dir, samples, tmp_path):
    need_format(name)
    made = export_small(run_dir, samples, tmp_path / "out", formats=(name,))
    others = {file for other, kind in FORMATS.items() if other != name for file in kind.files}
    left = {path.name for path in made.iterdir()}
    assert not left & others
    assert left >= set(FORMATS[name].files) - OPTIONAL
    report = json.loads((made / "parity.json").read_text())
    assert [key for key in report if key in FORMATS] == [name]
    card = (made / "README.md").read_text()
    called = [n for n, kind in FORMATS.items() if kind.calls.replace("NAME", "small") in card]
    assert called == [name]


@pytest.mark.parametrize("name", FORMATS)
def test_the_packages_of_a_format_are_asked_for_with_it_alone(name, monkeypatch):
    def missing(*packages):
        raise UserError(" ".join(packages))

    monkeypatch.setattr(export, "require", missing)
    args = build_parsers("kerasseg")[1]["export"].parse(["runs/a", "--formats", name])
    with pytest.raises(UserError) as caught:
        export.run(args)
    assert str(caught.value).split() == ["tensorflow", "keras", "h5py", *FORMATS[name].packages]


def test_what_is_written_unless_formats_are_given():
    args = build_parsers("kerasseg")[1]["export"].parse(["runs/a"])
    assert args.formats == ("savedmodel", "onnx")
