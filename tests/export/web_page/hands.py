"""What a person does with the page, and sees."""

import base64
import json

import numpy as np


def label(page, file):
    """Has the page label a file: labels uint8 and uncertainty float32, both (H, W)."""
    before = page.run("shown().source")
    page.choose("#file", file)
    page.wait_for(f"shown().source > {before} && shown().frames > 0")
    return answer(page)


def answer(page):
    """What is on show."""
    text = page.run(
        """(() => {
            const {labels, uncertainty, width, height} = shown();
            const text = (array) => { let bytes = ""; for (const byte of new Uint8Array(
                array.buffer)) bytes += String.fromCharCode(byte); return btoa(bytes); };
            return JSON.stringify([height, width, text(labels), text(uncertainty)]);
        })()"""
    )
    height, width, *arrays = json.loads(text)
    return tuple(
        np.frombuffer(base64.b64decode(array), kind).reshape(height, width)
        for array, kind in zip(arrays, (np.uint8, np.float32), strict=True)
    )


def text_of(page, name):
    return page.run(f"document.getElementById({name!r}).innerText")


def move(page, slider, value):
    """As a hand does."""
    page.run(
        f"(slider => {{ slider.value = {value}; slider.dispatchEvent(new Event('input')); }})"
        f"(document.getElementById({slider!r}))"
    )
