"""What the page is for those who hear it, use the keyboard, hold a phone or prefer it dark."""

import itertools

import pytest
from PIL import Image

from tests.export.web_page.hands import label

WITH_A_NAME = {"button", "slider", "radio", "image", "progressbar", "group", "radiogroup"}


def test_everything_that_can_be_used_has_a_name(loaded, street, tmp_path):
    Image.fromarray(street).save(tmp_path / "street.png")
    label(loaded, tmp_path / "street.png")
    nodes = [node for node in loaded.call("Accessibility.getFullAXTree")["nodes"]
             if not node["ignored"]]  # fmt: skip
    named = {(node["role"]["value"], node["name"]["value"]) for node in nodes
             if node["role"]["value"] in WITH_A_NAME}  # fmt: skip
    assert "" not in {name for _, name in named}
    assert {("button", "Choose a file"), ("slider", "Opacity"), ("radio", "Uncertainty"),
            ("slider", "Unlabelled where uncertainty is above")} <= named  # fmt: skip
    (picture,) = [name for role, name in named if role == "image"]
    assert picture.startswith("Labels over the picture: ")


def test_the_tab_key_reaches_every_control(loaded):
    loaded.run("document.activeElement.blur()")
    reached = []
    for _ in range(6):
        for kind in ("keyDown", "keyUp"):
            loaded.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab",
                        windowsVirtualKeyCode=9)  # fmt: skip
        reached.append(loaded.run("document.activeElement.id || document.activeElement.value"))
    assert reached == ["choose", "camera", "labels", "opacity", "threshold", "save"]


@pytest.mark.parametrize(("width", "dark"), [*itertools.product((390, 1280), (False, True))])
def test_text_stands_out_and_fits(width, dark, loaded):
    loaded.show(width=width, dark=dark)
    try:
        inner, outer = loaded.run(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert outer == width
        assert inner <= outer
        weak = loaded.run(CONTRASTS)
        assert weak == []
        small = loaded.run(
            "[...document.querySelectorAll('button:not([hidden])')].filter(b => b.offsetParent"
            " && b.getBoundingClientRect().height < 40).map(b => b.innerText)"
        )
        assert small == []
    finally:
        loaded.show()


# Texts whose contrast to what is behind them is below 4.5 (WCAG 2.1, 1.4.3).
CONTRASTS = """(() => {
    const parse = (color) => color.match(/[\\d.]+/g).map(Number);
    const light = (color) => {
        const [r, g, b] = parse(color).map((v) => v / 255)
            .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (node) => {
        for (; node; node = node.parentElement) {
            const color = getComputedStyle(node).backgroundColor;
            if ((parse(color)[3] ?? 1) > 0) return color;
        }
    };
    const weak = [];
    let looked = 0;
    for (const node of document.querySelectorAll('body *')) {
        const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
        if (!own || !node.offsetParent || node.disabled) continue;
        looked += 1;
        const pair = [getComputedStyle(node).color, behind(node)].map(light);
        const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
        if (ratio < 4.5) weak.push([node.innerText, ratio]);
    }
    if (looked < 10) throw new Error(`only ${looked} texts`);
    return weak;
})()"""
