"""Writes demo/, the model of the page Try it: python website/make_demo.py WEB PICTURE...

WEB is what `export --formats web` wrote; pictures are copied beside the model as examples.
"""

import json
import shutil
import sys
from pathlib import Path

DEMO = Path(__file__).parent / "demo"


def main(web: Path, pictures: list[Path]) -> None:
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir()
    shutil.copyfile(web / "model.onnx", DEMO / "model.onnx")
    names = [f"street_{number}{path.suffix}" for number, path in enumerate(pictures, start=1)]
    for name, path in zip(names, pictures, strict=True):
        shutil.copyfile(path, DEMO / name)
    described = json.loads((web / "labels.json").read_text(encoding="utf-8"))
    text = json.dumps({**described, "examples": names}, indent=2)
    (DEMO / "labels.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), list(map(Path, sys.argv[2:])))
