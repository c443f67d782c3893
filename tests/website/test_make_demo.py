"""The script that writes the model of the site."""

import json
import subprocess
import sys
from pathlib import Path

from kerasseg.export.formats import web

PROJECT = Path(__file__).resolve().parents[2]


def test_the_folder_is_written_anew(tmp_path):
    script = tmp_path / "website" / "make_demo.py"
    script.parent.mkdir()
    script.write_bytes((PROJECT / "website" / "make_demo.py").read_bytes())
    demo = script.parent / "demo"
    demo.mkdir()
    (demo / "old.png").write_bytes(b"")
    exported = tmp_path / "web"
    exported.mkdir()
    (exported / web.MODEL).write_bytes(b"model")
    (exported / "labels.json").write_text('{"names": ["road"]}')
    for name in ("a.png", "b.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    line = [script, exported, tmp_path / "a.png", tmp_path / "b.jpg"]
    subprocess.run([sys.executable, *map(str, line)], check=True)
    described = json.loads((demo / "labels.json").read_text())
    assert described == {"names": ["road"], "examples": ["street_1.png", "street_2.jpg"]}
    assert (demo / "street_2.jpg").read_bytes() == b"b.jpg"
    assert (demo / web.MODEL).read_bytes() == b"model"
    assert not (demo / "old.png").exists()
