"""Videos and the camera."""

import pytest

from tests.export.web_page.hands import text_of


@pytest.fixture(scope="module")
def video(street, tmp_path_factory):
    """Two seconds of a street."""
    av = pytest.importorskip("av", reason="needs the extra video")
    path = tmp_path_factory.mktemp("video") / "street.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.height, stream.width = street.shape[:2]
        stream.pix_fmt = "yuv420p"
        for number in range(20):
            frame = av.VideoFrame.from_ndarray(street // (1 + number // 10), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def frames(page):
    return page.run("shown().frames")


def test_a_video_is_labelled_while_it_plays_and_where_it_is_stopped(loaded, video):
    loaded.choose("#file", video)
    loaded.wait_for("!document.getElementById('player').hidden && shown().frames > 2")
    assert loaded.run("[shown().height, shown().width]") == [256, 512]
    assert "frames a second" in text_of(loaded, "speed")
    loaded.wait_for("document.getElementById('play').innerText === 'Play'")  # it has ended
    assert text_of(loaded, "time") == "0:02 / 0:02"
    dark = loaded.run("shown().uncertainty.reduce((a, b) => a + b)")
    before = frames(loaded)
    loaded.run(
        "(seek => { seek.value = 0.3; seek.dispatchEvent(new Event('input')); })"
        "(document.getElementById('seek'))"
    )
    loaded.wait_for(f"shown().frames > {before}")
    assert text_of(loaded, "time") == "0:00 / 0:02"
    assert loaded.run("shown().uncertainty.reduce((a, b) => a + b)") != dark
    before = frames(loaded)
    loaded.run("document.getElementById('play').click()")
    loaded.wait_for(f"shown().frames > {before + 1}")
    loaded.run("document.getElementById('play').click()")
    loaded.wait_for("document.getElementById('play').innerText === 'Play'")


def test_a_video_that_cannot_be_played_is_named(loaded, tmp_path):
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    loaded.choose("#file", tmp_path / "broken.mp4")
    loaded.wait_for("!document.getElementById('problem').hidden")
    assert text_of(loaded, "problem") == "broken.mp4: cannot be shown (this browser cannot play it)"


def test_the_camera_is_labelled_until_it_is_stopped(loaded):
    loaded.run("document.getElementById('camera').click()")
    loaded.wait_for(
        "shown().frames > 2 && document.getElementById('camera').ariaPressed === 'true'"
    )
    assert text_of(loaded, "camera") == "Stop camera"
    assert loaded.run("shown().labels.length") <= 2**18 + 2**9
    assert loaded.run("document.getElementById('player').hidden")
    loaded.run("document.getElementById('camera').click()")
    assert text_of(loaded, "camera") == "Use camera"
    loaded.wait_for("shown().frames === 0")
    loaded.run("new Promise(resolve => setTimeout(resolve, 300))")
    assert frames(loaded) == 0


def test_without_a_camera_it_says_so(loaded):
    loaded.run("navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', "
               "'NotAllowedError'); }")  # fmt: skip
    try:
        loaded.run("document.getElementById('camera').click()")
        loaded.wait_for("!document.getElementById('problem').hidden")
        assert text_of(loaded, "problem") == "Camera: it was not allowed"
    finally:
        loaded.run("delete navigator.mediaDevices.getUserMedia")
