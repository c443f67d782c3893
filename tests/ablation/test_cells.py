"""Cells: what their scores on photos of unknown things are kept under, and how they end."""

import pytest

from kerasseg.ablation.cells import _anomalies_key, run_child
from kerasseg.errors import UserError


def test_photos_and_weights_are_told_apart(tmp_path):
    weights = tmp_path / "best.keras"
    weights.write_bytes(b"one")
    folders = [tmp_path / parent / "photos" for parent in "ab"]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "0.jpg").write_bytes(b"0")
    keys = [_anomalies_key(folder, weights) for folder in folders]
    assert keys[0] == _anomalies_key(folders[0], weights) != keys[1]
    (folders[0] / "1.jpg").write_bytes(b"1")
    keys.append(_anomalies_key(folders[0], weights))
    weights.write_bytes(b"two")
    keys.append(_anomalies_key(folders[0], weights))
    assert len(set(keys)) == 4


def test_a_killed_cell_names_the_settings_that_lower_what_it_needs(tmp_path, monkeypatch):
    (tmp_path / "killed.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(UserError, match=r"plain-seed0: was killed.*memory.*train\.batch_size"):
        run_child("plain-seed0", "killed")
