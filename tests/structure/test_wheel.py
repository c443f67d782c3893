"""What an installed package holds and needs."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.structure.source import PROJECT

OLDEST_SETUPTOOLS = "77"  # as in pyproject.toml


def requirements(lines):
    """Package -> range."""
    parsed = [Requirement(line) for line in lines]
    assert len({entry.name for entry in parsed}) == len(parsed)
    return {entry.name: entry.specifier for entry in parsed}


def test_both_ways_to_install_bring_the_same_packages():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    base, extras = project["dependencies"], project["optional-dependencies"]
    few_need = extras.pop("mlflow")

    def listed(file):
        lines = (PROJECT / file).read_text().splitlines()
        return [line for line in lines if not line.startswith(("#", "-r"))]

    everything = [*base, *(line for lines in extras.values() for line in lines)]
    assert requirements(everything) == requirements(listed("requirements.txt"))
    assert set(few_need) < set(listed("requirements-dev.txt"))  # but the tests do
    assert not {"tensorflow", "keras"} & requirements(base).keys()


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder with the content of the wheel, built from a copy of the project."""
    if Version(version("setuptools")) < Version(OLDEST_SETUPTOOLS):
        pytest.skip(f"setuptools is older than {OLDEST_SETUPTOOLS}: install requirements-dev.txt")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("kerasseg", "configs", "tests"):
        shutil.copytree(PROJECT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "train.py", "export.py"):
        shutil.copy(PROJECT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps"]
    built = subprocess.run(
        [*pip, "--no-build-isolation", "--wheel-dir", str(folder), str(source)],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("kerasseg-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_every_module_and_shipped_config_and_nothing_else(installed):
    modules = {path.relative_to(PROJECT) for path in (PROJECT / "kerasseg").rglob("*.py")}
    configs = {Path("kerasseg", "configs", path.name) for path in PROJECT.glob("configs/*.yaml")}
    files = {path.relative_to(installed) for path in installed.rglob("*") if path.is_file()}
    page = {path.relative_to(PROJECT) for path in PROJECT.glob("kerasseg/export/web_page/*")}
    others = {Path("kerasseg", "py.typed"), *page}
    assert len(page) == 8
    assert {path for path in files if ".dist-info" not in path.parts[0]} == (
        modules | configs | others
    )
    assert len(configs) == 5


def test_an_installed_package_finds_its_configs_from_any_folder(installed, tmp_path):
    script = (
        "import kerasseg\n"
        "from kerasseg.commands.main import start\n"
        "print(kerasseg.__file__)\n"
        "start(['train', '--config', 'camvid', '--print-config'])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert (result.returncode, result.stderr) == (0, "")
    place, *lines = result.stdout.splitlines()
    assert Path(place).is_relative_to(installed)
    assert "  root: data/camvid" in lines


def test_the_console_script_is_the_parser_of_all_commands(installed):
    (entry_points,) = installed.glob("*.dist-info/entry_points.txt")
    assert "kerasseg = kerasseg.commands.main:main" in entry_points.read_text()
