import numpy as np
import pytest
from PIL import Image

from kerasseg.data import verify
from kerasseg.data.facts import Facts
from kerasseg.errors import UserError
from kerasseg.labels import LabelSet, cityscapes_labels
from tests.data.noise_samples import (
    CAMVID,
    COLORS,
    H,
    W,
    make_samples,
    run,
    save_label,
    spy_on_decoding,
)


@pytest.fixture
def decoded(monkeypatch):
    return spy_on_decoding(monkeypatch)


def test_facts_are_those_of_the_pixels(tmp_path):
    samples = make_samples(tmp_path / "data", 5)
    for sample, facts in zip(samples, run(samples, tmp_path), strict=True):
        label = np.asarray(Image.open(sample.label))
        counts = tuple(int((label == i).sum()) for i in range(12))  # 11 is void, and last
        assert facts == Facts(H, W, "ids", counts)


def test_palette_pngs_hold_ids_as_indices(tmp_path):
    (sample,) = make_samples(tmp_path / "data")
    label = Image.open(sample.label)
    label.putpalette(np.random.default_rng(0).integers(0, 256, 768, np.uint8).tobytes())
    label.save(sample.label)
    with Image.open(sample.label) as file:
        assert file.mode == "P"
        ids = np.asarray(file)
    (facts,) = run([sample], tmp_path)
    assert facts.encoding == "indexed"
    assert facts.pixels == tuple(np.bincount(ids.ravel(), minlength=12))


def test_colours_are_counted(tmp_path):
    (sample,) = make_samples(tmp_path / "data")
    label = np.zeros((H, W, 3))
    label[:2] = 1, 2, 3
    label[2:5] = 9, 9, 9
    save_label(sample, label)
    assert run([sample], tmp_path, COLORS) == [Facts(H, W, "colors", (2 * W, 3 * W, 19 * W))]


def test_unknown_ids_are_named_with_their_pixels_and_the_allowed_ones(tmp_path):
    (sample,) = make_samples(tmp_path / "data")
    label = np.zeros((H, W), np.uint8)
    label[0, :3], label[1, :5] = 77, 254
    save_label(sample, label)
    with pytest.raises(UserError) as caught:
        run([sample], tmp_path)
    expected = "unknown ids 254 (5 pixels), 77 (3 pixels); allowed: 0-11"
    assert str(caught.value) == f"{sample.label}: {expected}"
    save_label(sample, np.tile(np.arange(W), (H, 1)) + 100)
    with pytest.raises(UserError, match=r"\(24 pixels\) and 27 more; allowed: 0-33$"):
        run([sample], tmp_path, cityscapes_labels(void="ignore"))


def test_unknown_16_bit_ids(tmp_path):
    (sample,) = make_samples(tmp_path / "data")
    Image.fromarray(np.full((H, W), 26001, np.uint16)).save(sample.label)
    with pytest.raises(UserError, match=r"unknown ids 26001 \(768 pixels\); allowed: 0-11"):
        run([sample], tmp_path)


def test_unknown_colours_are_named(tmp_path):
    (sample,) = make_samples(tmp_path / "data")
    label = np.zeros((H, W, 3))
    label[0, :4] = 200, 100, 7
    save_label(sample, label)
    with pytest.raises(UserError, match=r"unknown colours \[200, 100, 7\] \(4 pixels\); allowed"):
        run([sample], tmp_path, COLORS)


def test_sizes_must_agree(tmp_path):
    (sample,) = make_samples(tmp_path / "data")
    save_label(sample, np.zeros((H, W + 1)))
    with pytest.raises(UserError) as caught:
        run([sample], tmp_path)
    expected = f"33 x 24 pixels, but its image {sample.image} has 32 x 24"
    assert str(caught.value) == f"{sample.label}: {expected}"


def test_a_label_in_colours_where_ids_are_meant(tmp_path):
    (sample,) = make_samples(tmp_path / "data")
    save_label(sample, np.full((H, W, 3), (1, 2, 3)))
    with pytest.raises(UserError, match=r"RGB, but labels have one channel of ids$"):
        run([sample], tmp_path)
    save_label(sample, np.zeros((H, W, 4)))
    own = LabelSet.from_json(CAMVID.to_json() | {"dataset": "folders"})
    with pytest.raises(UserError, match=r"RGBA, but labels .* set `labels: colors` in the file"):
        run([sample], tmp_path, own)


def test_kinds_of_files(tmp_path):
    (sample,) = make_samples(tmp_path / "data")
    Image.fromarray(np.zeros((H, W), np.uint16)).save(sample.image)
    with pytest.raises(UserError, match=r"s0\.png: 16 bits a channel; images need 8"):
        run([sample], tmp_path)
    Image.fromarray(np.zeros((H, W, 3), np.uint8)).save(sample.image, format="GIF")
    with pytest.raises(UserError, match=r"s0\.png: not a PNG or JPEG file, but GIF; convert it$"):
        run([sample], tmp_path)
    (sample,) = make_samples(tmp_path / "data")
    Image.fromarray(np.zeros((H, W), np.uint8)).save(sample.label, format="JPEG")
    with pytest.raises(UserError, match=r"s0_label\.png: not a PNG file; labels are PNG"):
        run([sample], tmp_path)
    Image.fromarray(np.zeros((H, W), np.uint16)).save(sample.label)
    with pytest.raises(UserError, match=r"s0_label\.png: 16 bits a channel; colours need 8"):
        run([sample], tmp_path, COLORS)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_images_of_8_bits_of_every_kind(tmp_path, mode):
    (sample,) = make_samples(tmp_path / "data")
    Image.open(sample.image).convert(mode).save(sample.image)
    assert len(run([sample], tmp_path)) == 1


PNG_DAMAGE = {
    "empty": lambda data: b"",
    "no header": lambda data: data[:20],
    "half": lambda data: data[: len(data) // 2],
    "no end": lambda data: data[:-12],
    "almost no end": lambda data: data[:-1],
    "a last chunk of another length": lambda data: data[:-9] + b"\1" + data[-8:],
    "a flipped bit": lambda data: data[:-40] + bytes([data[-40] ^ 1]) + data[-39:],
    "zeros": lambda data: data[:-300] + bytes(300),
    "text": lambda data: b"<html>404</html>",
}


@pytest.mark.parametrize("damage", PNG_DAMAGE)
@pytest.mark.parametrize("which", ["image", "label"])
def test_damaged_pngs_are_found(tmp_path, damage, which):
    (sample,) = make_samples(tmp_path / "data")
    path = getattr(sample, which)
    path.write_bytes(PNG_DAMAGE[damage](path.read_bytes()))
    with pytest.raises(UserError) as caught:
        run([sample], tmp_path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert "<_io" not in str(caught.value)


@pytest.mark.parametrize("damage", ["empty", "no header", "half", "almost no end", "zeros", "text"])
def test_damaged_jpegs_are_found(tmp_path, damage):
    (sample,) = make_samples(tmp_path / "data", image_suffix=".jpg")
    assert len(run([sample], tmp_path)) == 1
    sample.image.write_bytes(PNG_DAMAGE[damage](sample.image.read_bytes()))
    with pytest.raises(UserError, match=r"s0\.jpg: (cannot be decoded|not a PNG or JPEG)"):
        run([sample], tmp_path)


def test_bytes_behind_a_jpeg_are_no_damage(tmp_path):
    (sample,) = make_samples(tmp_path / "data", image_suffix=".jpg")
    sample.image.write_bytes(sample.image.read_bytes() + b"camera maker's notes")
    assert len(run([sample], tmp_path)) == 1


def test_five_problems_are_listed_and_the_rest_counted(tmp_path, decoded):
    samples = make_samples(tmp_path / "data", 9)
    for sample in samples[1:]:
        save_label(sample, np.zeros((H, W + 1)))
    with pytest.raises(UserError) as caught:
        run(samples, tmp_path)
    lines = str(caught.value).split("\n")
    assert [line.split(":")[0] for line in lines[:5]] == [str(s.label) for s in samples[1:6]]
    assert lines[5:] == ["and 3 more"]
    assert decoded == []  # found in the headers, before anything is decoded


def test_decoding_stops_at_many_problems(tmp_path, monkeypatch, decoded):
    monkeypatch.setattr(verify, "_CHUNK", 4)  # 8 pairs in 2 threads
    samples = make_samples(tmp_path / "data", 20)
    for sample in samples[1:]:
        save_label(sample, np.full((H, W), 99))
    with pytest.raises(UserError) as caught:
        run(samples, tmp_path)
    lines = str(caught.value).split("\n")
    assert len(lines) == 6
    assert lines[5] == "and more; stopped after 8 of 20"
    assert len(decoded) == 8


def test_a_large_set_says_that_it_is_verified_once(tmp_path, monkeypatch, capsys):
    samples = make_samples(tmp_path / "data", 3)
    run(samples[:1], tmp_path)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(verify, "_MANY", 2)
    run(samples, tmp_path)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "verifying 2 pairs of image and label, once\n"
    run(samples, tmp_path)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_progress_bar(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes this for a terminal
    monkeypatch.setattr(verify, "_MANY", 2)
    run(make_samples(tmp_path / "data", 3), tmp_path)
    out, err = capsys.readouterr()
    assert out == ""
    assert "verifying images and labels" in err
    assert "3/3" in err
