"""What a cell's scores on photos of unknown things are kept under."""

from kerasseg.ablation.cells import _anomalies_key


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
