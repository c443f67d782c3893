import os
import time

import numpy as np
import pytest

from kerasseg.data.facts import cache_folder
from kerasseg.errors import UserError
from kerasseg.labels import camvid_labels, cityscapes_labels
from tests.data.noise_samples import H, W, make_samples, run, save_label, spy_on_decoding


@pytest.fixture
def decoded(monkeypatch):
    return spy_on_decoding(monkeypatch)


def test_what_was_verified_is_not_decoded_again(tmp_path, decoded):
    samples = make_samples(tmp_path / "data", 3)
    first = run(samples, tmp_path)
    assert len(decoded) == 3
    assert run(samples, tmp_path) == first
    assert len(decoded) == 3

    later = time.time_ns() + 10**9
    os.utime(samples[1].label, ns=(later, later))
    assert run(samples, tmp_path) == first
    assert decoded[3:] == [samples[1]]
    save_label(samples[2], np.full((H, W), 5), compress_level=0)
    assert run(samples, tmp_path)[2].pixels[5] == H * W
    assert decoded[4:] == [samples[2]]


def test_a_change_is_noticed_after_a_good_verification(tmp_path):
    samples = make_samples(tmp_path / "data", 2)
    run(samples, tmp_path)
    samples[1].image.write_bytes(samples[1].image.read_bytes()[:-50])
    with pytest.raises(UserError, match=r"s1\.png: cannot be decoded"):
        run(samples, tmp_path)
    samples[1].image.unlink()
    with pytest.raises(UserError, match=r"s1\.png: cannot be read \(No such file"):
        run(samples, tmp_path)


def test_another_label_table_is_verified_anew(tmp_path, decoded):
    samples = make_samples(tmp_path / "data", 1)
    run(samples, tmp_path)
    run(samples, tmp_path, cityscapes_labels(void="background"))
    assert len(decoded) == 2
    run(samples, tmp_path, camvid_labels(void="ignore"))  # void is counted the same
    assert len(decoded) == 2


def test_good_pairs_are_kept_when_others_are_bad(tmp_path, decoded):
    samples = make_samples(tmp_path / "data", 3)
    good = samples[0].label.read_bytes()
    save_label(samples[0], np.full((H, W), 99))
    with pytest.raises(UserError, match="unknown ids 99"):
        run(samples, tmp_path)
    samples[0].label.write_bytes(good)
    decoded.clear()
    assert len(run(samples, tmp_path)) == 3
    assert decoded == [samples[0]]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"[]", b"3", b"{'a': 1}", b"[" * 100_000, "other", "shape"]
)
def test_a_damaged_cache_is_no_error(tmp_path, decoded, content):
    samples = make_samples(tmp_path / "data", 2)
    first = run(samples, tmp_path)
    (file,) = (tmp_path / "cache").iterdir()
    if content == "other":  # right names, wrong entries
        file.write_bytes(file.read_bytes().replace(b'"ids"', b'"foo"'))
    elif content == "shape":
        file.write_bytes(file.read_bytes().replace(b"[[", b"[[[").replace(b"]]", b"]]]"))
    else:
        file.write_bytes(content)
    decoded.clear()
    assert run(samples, tmp_path) == first
    assert len(decoded) == 2
    assert run(samples, tmp_path) == first
    assert len(decoded) == 2
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [file.name]


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    samples = make_samples(tmp_path / "data", 2)
    assert run(samples, tmp_path) == run(samples, tmp_path)


def test_what_a_killed_run_left_is_cleared_away(tmp_path, dead_process):
    leftover = tmp_path / "cache" / f".kerasseg-{dead_process}-0123abcd.tmp"
    leftover.parent.mkdir()
    leftover.write_text("half")
    run(make_samples(tmp_path / "data", 2), tmp_path)
    (file,) = leftover.parent.iterdir()
    assert file.suffix == ".json"


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert str(cache_folder(None)) == "/home/me/.cache/kerasseg"
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert str(cache_folder(None)) == "/caches/kerasseg"
    assert cache_folder(str(tmp_path)) == tmp_path
