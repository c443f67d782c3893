"""The commands of docs/serving.md are run; what it mounts and names exists."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image

from tests.serving_client.small_export import NAME, blotches, encode

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
REQUIREMENTS = (ROOT / "requirements.txt").read_text(encoding="utf-8")


def block(language, start):
    (text,) = [
        b for b in re.findall(rf"```{language}\n(.*?)```", PAGE, re.S) if b.startswith(start)
    ]
    return text


@pytest.fixture
def here(exports, tmp_path):
    """A folder with an image, and the export where the page has it."""
    (tmp_path / "street.png").write_bytes(encode(blotches(40, 56)))
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "streets").symlink_to(exports / "latest")
    return tmp_path


def for_this_server(text, server):
    for public, local in (
        ("http://localhost:8501", server.http),
        ("grpc://localhost:8500", server.grpc),
        ("models/streets", f"models/{NAME}"),
        ('model="streets"', f'model="{NAME}"'),
    ):
        text = text.replace(public, local)
    return text


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on the PATH")
def test_the_curl_command_writes_both_pictures(server, here, reference):
    command = for_this_server(block("sh", "{ printf"), server)
    subprocess.run(["bash", "-euc", command], cwd=here, check=True)
    expected = reference("encoded", [(here / "street.png").read_bytes()])
    for name in ("labels", "uncertainty"):
        assert (here / f"{name}.png").read_bytes() == expected[f"{name}_png_bytes"][0]
        with Image.open(here / f"{name}.png") as picture:
            assert (picture.mode, picture.size) == ("L", (56, 40))


@pytest.mark.parametrize("protocol", ["http://localhost:8501", "grpc://localhost:8500"])
def test_the_python_lines_run(server, here, protocol):
    lines = block("python", "from pathlib").replace("http://localhost:8501", protocol)
    found = subprocess.run(
        [sys.executable, "-c", for_this_server(lines, server)],
        cwd=here, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert found.stdout.startswith("(40, 56) "), found.stderr


def test_compose_says_what_the_page_says_and_mounts_what_is_there():
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert "Not run by us" in text
    service = yaml.safe_load(text)["services"]["serving"]
    docker_run = block("sh", "docker run")
    for flag in service["command"]:
        assert flag in docker_run
        if (config := flag.partition("/config/")[2]) != "":
            assert (ROOT / "docs" / "serving" / config).is_file()
    assert service["ports"] == ["8500:8500", "8501:8501"]
    # Pinned, by default to the TensorFlow that writes the SavedModel.
    written_by = re.search(r"^tensorflow>=(\d+\.\d+),", REQUIREMENTS, re.M)[1]
    image = re.fullmatch(
        r"tensorflow/serving:\$\{TF_SERVING_VERSION:-(\d+\.\d+\.\d+)\}", service["image"]
    )
    assert image is not None, service["image"]
    assert image[1].startswith(f"{written_by}.")
    assert f"tensorflow/serving:{image[1]} " in docker_run


def test_the_dockerfile_copies_what_is_there():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "Neither built nor run by us" in text
    sources = [s for line in re.findall(r"^COPY (.*)", text, re.M) for s in line.split()[:-1]]
    assert "kerasseg" in sources
    for source in sources:
        assert (ROOT / source).exists()
