"""From every export to a trained net: imported, checked, 20 steps, scored."""

import csv
import json
from pathlib import Path

import pytest
import yaml

from kerasseg.commands.main import start
from kerasseg.importing import FORMATS
from tests.importing.made_exports import EXPORTS
from tests.importing.test_real_samples import SAMPLES

pytestmark = pytest.mark.slow

SMALL = (
    "data.image_size=[32, 48]",
    "model.encoder=unet",
    "model.encoder_weights=none",
    "model.width=2",
    "model.depth=2",
    "train.batch_size=2",
    "train.steps=20",
    "train.stages=[{crop_scale: 0.6, epochs: 1}, {crop_scale: 1.0, epochs: 1}]",
    "train.panels=0",
)
# Real exports that leave a labelled image for each split. That of COCO panoptic does not: one of
# its two images has another size than its label.
REAL = {
    "labelme": "labelme_dataset/data_annotated",
    "coco": "labelme_coco_export",
    "coco_instances": "coco_dataset/coco_instances",
    "coco_stuff": "coco_dataset/coco_stuff",
    "kitti": "kitti_dataset/kitti_segmentation",
    "mapillary": "mapillary_vistas_dataset",
}


def train_on(export: Path, folder: Path) -> None:
    out, run = folder / "out", folder / "run"
    assert not start(["import", str(export), str(out), "--keep-empty", "--val", "0.5"])
    settings = ["--config", "folders", f"data.root={out}", f"data.cache_dir={folder}/cache"]
    assert not start(["check", *settings, "--sheet", str(folder / "sheet.png")])
    assert not start(["train", *settings, f"run_dir={run}", *SMALL])
    with (run / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["steps"]) for row in rows) == 20
    classes = yaml.safe_load((out / "labels.yaml").read_text())["classes"]
    scores = json.loads((run / "metrics.json").read_text())
    assert list(scores["classes"]) == [entry["name"] for entry in classes]
    assert 0 <= scores["miou"] <= 1


@pytest.mark.parametrize("name", FORMATS)
def test_a_made_export(tmp_path, name):
    if name in ("coco", "cvat_images"):
        pytest.importorskip("pycocotools")
    EXPORTS[name](tmp_path / "export")
    train_on(tmp_path / "export", tmp_path)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"{SAMPLES} is not here")
@pytest.mark.parametrize("folder", REAL.values(), ids=REAL)
def test_a_real_export(tmp_path, folder):
    if "coco" in folder:
        pytest.importorskip("pycocotools")
    train_on(SAMPLES / folder, tmp_path)
