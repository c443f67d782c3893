"""What the page shows is what Python answers, and nobody else hears of it."""

import base64
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from kerasseg.inference.fixed_size import final_answers, resize_pixels
from tests.export.web_page.browser import serve
from tests.export.web_page.hands import answer, label, move, text_of
from tests.programs import PROJECT


@pytest.mark.parametrize(
    ("size", "seen"),
    [
        ((128, 256), (128, 256)),  # that of the net
        ((256, 512), (256, 512)),
        ((97, 131), (97, 131)),
        ((450, 611), (450, 611)),  # averaged in blocks first
        ((1, 1), (1, 1)),
    ],
    ids=str,
)
def test_labels_are_those_of_python(size, seen, loaded, predictor, street, tmp_path):
    image = np.tile(street, (4, 3, 1))[: size[0], : size[1]]
    Image.fromarray(image).save(tmp_path / "street.png")
    labels, uncertainty = label(loaded, tmp_path / "street.png")
    assert labels.shape == seen
    expected = final_answers(
        *predictor.net(resize_pixels(image, predictor.size)),
        size=seen, description=predictor.description, probabilities=False,
    )  # fmt: skip
    assert (labels == expected["labels"]).mean() >= 0.999
    np.testing.assert_allclose(uncertainty, expected["uncertainty"], atol=1e-3)
    if size != (1, 1):
        assert len(np.unique(labels)) > 3
        assert np.ptp(uncertainty) > 0.1


def test_a_large_photo_is_answered_at_a_million_pixels(loaded, street, tmp_path):
    Image.fromarray(street).resize((1100, 1000)).save(tmp_path / "large.png")
    before = loaded.run("shown().source")
    loaded.choose("#file", tmp_path / "large.png")
    loaded.wait_for(f"shown().source > {before} && shown().frames > 0")
    assert loaded.run("[shown().height, shown().width, shown().labels.length]") == [
        976, 1074, 976 * 1074,
    ]  # fmt: skip


def test_a_photo_is_turned_upright(loaded, predictor, street, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(street)).save(tmp_path / "street.png", exif=exif)
    labels, _ = label(loaded, tmp_path / "street.png")
    assert (labels == predictor.predict(street).labels).mean() >= 0.999


def test_the_threshold_leaves_unlabelled_what_is_above_it(loaded, predictor, street, tmp_path):
    Image.fromarray(street).save(tmp_path / "street.png")
    labels, uncertainty = label(loaded, tmp_path / "street.png")
    described = predictor.description.label_set
    limit = round(float(np.quantile(uncertainty, 0.4)), 2)
    move(loaded, "threshold", limit)
    share = ((uncertainty > np.float32(limit)) | (labels >= described.num_classes)).mean()
    assert 0.2 < share < 0.9
    assert f"{described.void_name}\n{100 * share:.0f} %" in text_of(loaded, "legend")
    assert text_of(loaded, "threshold-value") == f"{limit:.2f}"
    assert loaded.run("document.querySelectorAll('#legend .hatched').length") == 1
    move(loaded, "threshold", 1)
    assert text_of(loaded, "threshold-value") == "off"
    # What is spoken is what is shown.
    spoken = loaded.run("document.getElementById('said').textContent")
    assert spoken.replace(", ", " ").split() == text_of(loaded, "legend").split()


def test_opacity_and_view_change_what_is_drawn(loaded, street, tmp_path):
    Image.fromarray(street).save(tmp_path / "street.png")
    label(loaded, tmp_path / "street.png")

    def drawn():
        data = loaded.run("document.getElementById('canvas').toDataURL().split(',')[1]")
        (tmp_path / "drawn.png").write_bytes(base64.b64decode(data))
        return np.asarray(Image.open(tmp_path / "drawn.png").convert("RGB")).astype(int)

    move(loaded, "opacity", 0)
    np.testing.assert_array_equal(drawn(), street)
    move(loaded, "opacity", 1)
    full = drawn()
    move(loaded, "opacity", 0.5)
    assert np.abs(drawn() - (street + full) / 2).max() <= 1.5
    move(loaded, "opacity", 1)
    loaded.run("document.querySelector('[value=uncertainty]').click()")
    _, uncertainty = answer(loaded)
    heat = drawn()
    least, most = (np.unravel_index(f(uncertainty), uncertainty.shape)
                   for f in (np.argmin, np.argmax))  # fmt: skip
    assert heat[least].sum() < heat[most].sum()
    assert not loaded.run("document.getElementById('scale').hidden")
    move(loaded, "threshold", 0.25)
    assert loaded.run("document.getElementById('mark').style.left") == "25%"
    move(loaded, "threshold", 1)
    loaded.run("document.querySelector('[value=labels]').click()")
    np.testing.assert_array_equal(drawn(), full)


def test_of_two_files_the_later_is_shown(loaded, street, tmp_path):
    for name, rows in (("first.png", 256), ("second.png", 64)):
        Image.fromarray(street[:rows]).save(tmp_path / name)
    before = loaded.run("shown().source")
    loaded.choose("#file", tmp_path / "first.png")
    loaded.choose("#file", tmp_path / "second.png")
    loaded.wait_for(f"shown().source === {before + 2} && shown().frames > 0")
    loaded.run("new Promise(resolve => setTimeout(resolve, 200))")
    assert loaded.run("[shown().height, shown().frames]") == [64, 1]


def test_a_picture_is_dropped(loaded, street, tmp_path):
    Image.fromarray(street[:50]).save(tmp_path / "street.png")
    text = base64.b64encode((tmp_path / "street.png").read_bytes()).decode()
    before = loaded.run("shown().source")
    loaded.run(
        f"""(() => {{
            const bytes = Uint8Array.from(atob("{text}"), (letter) => letter.charCodeAt(0));
            const dropped = new DataTransfer();
            dropped.items.add(new File([bytes], "street.png", {{type: "image/png"}}));
            document.getElementById("stage").dispatchEvent(
                new DragEvent("drop", {{dataTransfer: dropped, bubbles: true, cancelable: true}}));
        }})()"""
    )
    loaded.wait_for(f"shown().source > {before} && shown().frames > 0")
    assert loaded.run("[shown().height, shown().width]") == [50, 512]


def test_a_file_that_is_no_picture_is_named(loaded, tmp_path):
    (tmp_path / "notes.txt").write_text("not a picture")
    loaded.choose("#file", tmp_path / "notes.txt")
    loaded.wait_for("!document.getElementById('problem').hidden")
    assert text_of(loaded, "problem").startswith("notes.txt: cannot be shown (")


def test_it_works_without_a_network_and_asks_nobody_else(loaded, address, street, tmp_path):
    Image.fromarray(street[:100]).save(tmp_path / "street.png")
    offline = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    loaded.call("Network.emulateNetworkConditions", offline=True, **offline)
    try:
        labels, _ = label(loaded, tmp_path / "street.png")
    finally:
        loaded.call("Network.emulateNetworkConditions", offline=False, **offline)
    assert labels.shape == (100, 512)
    asked = [parameters["request"]["url"] for method, parameters in loaded.events
             if method == "Network.requestWillBeSent"]  # fmt: skip
    assert f"{address}/page.js" in asked
    assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []


def test_example_pictures_that_lie_beside_the_page(
    loaded, address, exported, predictor, street, tmp_path
):
    assert loaded.run("document.getElementById('examples').hidden")
    folder = shutil.copytree(exported / "web", tmp_path / "web")
    described = json.loads((folder / "labels.json").read_text())
    pictures = {"one.png": street[:64], "two.png": street[64:160, :300]}
    for name, image in pictures.items():
        Image.fromarray(image).save(folder / name)
    (folder / "labels.json").write_text(json.dumps({**described, "examples": list(pictures)}))
    try:
        with serve(folder) as other:
            loaded.open_page(other)
            for place, image in enumerate(pictures.values()):
                before = loaded.run("shown().source")
                loaded.run(f"document.querySelectorAll('#examples button')[{place}].click()")
                loaded.wait_for(f"shown().source > {before} && shown().frames > 0")
                labels, _ = answer(loaded)
                assert (labels == predictor.predict(image).labels).mean() >= 0.999
            (folder / "one.png").unlink()
            loaded.run("document.querySelectorAll('#examples button')[0].click()")
            loaded.wait_for("!document.getElementById('problem').hidden")
            gone = text_of(loaded, "problem")
            assert gone == "one.png: cannot be loaded (HTTP status 404)"
            alt = "[...document.querySelectorAll('#examples img')].map(image => image.alt)"
            assert loaded.run(alt) == ["Example 1", "Example 2"]
    finally:
        loaded.open_page(address)


def test_a_model_that_is_missing_is_named(loaded, address, exported, tmp_path):
    shutil.copytree(exported / "web", tmp_path / "web")
    (tmp_path / "web" / "model.onnx").unlink()
    try:
        with serve(tmp_path / "web") as other:
            loaded.call("Page.navigate", url=other)
            loaded.wait_for("document.getElementById('problem')?.hidden === false")
            found = text_of(loaded, "problem")
    finally:
        loaded.open_page(address)
    assert found == "The model cannot be loaded: model.onnx: HTTP status 404"


def test_page_and_worker_cannot_reach_another_server(loaded, tmp_path):
    (tmp_path / "hello.txt").write_text("hello")
    with serve(tmp_path) as other:
        ask = (
            f"fetch('{other}/hello.txt', {{mode: 'no-cors'}})"
            ".then(() => 'reached', () => 'refused')"
        )
        workers = loaded.workers()
        assert len(workers) == 1
        assert [loaded.run(ask, session=one) for one in (None, *workers)] == ["refused", "refused"]


def test_the_benchmark_compares_photos(loaded, predictor, street, tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(PROJECT / "benchmarks")
    from in_browser import measure

    Image.fromarray(street[:64]).save(tmp_path / "street.jpg")
    found = measure(loaded, predictor, [tmp_path / "street.jpg"])
    assert found["photos"] == 1
    assert found["pixels"] == 64 * 512
    assert found["equal_labels"] > 0.98  # decoders may differ by a level
    assert 0 < found["fastest_ms"] <= found["net_ms"] <= found["frame_ms"]
    assert "1 of 1" in capsys.readouterr().err
