"""Light and lens: the kinds of day, and what they make of the flat picture."""

from dataclasses import dataclass

import numpy as np
from PIL import ImageFilter

from kerasseg.streets.camera import Camera
from kerasseg.streets.canvas import HEIGHT, SCALE, WIDTH, Canvas
from kerasseg.streets.dice import Dice
from kerasseg.streets.ids import Id
from kerasseg.streets.paint import Color, mix, vary
from kerasseg.streets.texture import GROUND, Texture, texture_offsets


@dataclass(frozen=True)
class Weather:
    """One kind of light. Haze: the share of a surface lost to it in one metre."""

    name: str
    zenith: Color
    horizon: Color
    light: tuple[float, float, float]  # colour of the light, times every surface
    sun: float  # how much brighter the sunny side is than the shaded one
    shadow: float  # 0…1
    haze: float
    clouds: int
    lit_windows: float  # share of the windows with a lamp on


DAYS = (
    Weather("noon", (92, 150, 214), (196, 222, 238), (1.04, 1.03, 1.0), 0.22, 0.42, 0.0025, 4, 0.0),
    Weather("noon", (112, 166, 220), (214, 228, 232), (1.06, 1.04, 1.0), 0.2, 0.4, 0.003, 6, 0.0),
    Weather(
        "morning", (136, 176, 214), (244, 226, 196), (1.06, 1.0, 0.9), 0.3, 0.36, 0.006, 4, 0.08
    ),
    Weather(
        "cloudy", (176, 188, 200), (222, 224, 224), (0.97, 0.98, 1.0), 0.06, 0.2, 0.004, 9, 0.06
    ),
    Weather(
        "overcast", (182, 184, 188), (206, 206, 206), (0.88, 0.89, 0.92), 0.03, 0.16, 0.006, 5, 0.15
    ),
    Weather(
        "evening", (116, 132, 184), (250, 190, 134), (1.04, 0.88, 0.72), 0.34, 0.4, 0.006, 5, 0.3
    ),
    Weather("dusk", (62, 66, 118), (220, 150, 140), (0.78, 0.72, 0.86), 0.1, 0.2, 0.006, 4, 0.6),
    Weather("fog", (208, 210, 210), (216, 217, 216), (0.94, 0.95, 0.96), 0.02, 0.1, 0.013, 0, 0.2),
)


def sky_at(weather: Weather, row: float, camera: Camera) -> Color:
    """The sky's colour at a native row."""
    return mix(weather.horizon, weather.zenith, min(max(1 - row / max(camera.horizon, 1), 0), 1))


def paint_sky(canvas: Canvas, weather: Weather, dice: Dice) -> None:
    """Fills the whole sheet with sky: gradient, sometimes the sun, clouds of overlapping discs."""
    sheet = canvas.screen()
    for row in range(0, HEIGHT, 2):
        color = sky_at(weather, row, canvas.camera)
        sheet.rect(Id.SKY, color, 0, row, WIDTH, row + 2, texture=Texture.SKY)
    if weather.name in ("noon", "morning", "evening") and dice.chance(0.35):
        u, v = dice.between(60, WIDTH - 60), dice.between(12, 60)
        glow = mix(weather.horizon, (255, 250, 226), 0.7)
        back = sky_at(weather, v, canvas.camera)
        for radius, share in ((19, 0.3), (15, 0.6), (11, 1.0)):
            tone = mix(back, glow, share)
            sheet.ellipse(Id.SKY, tone, u, v, radius, radius, texture=Texture.GLOW)
    for _ in range(dice.count(weather.clouds // 2, weather.clouds)):
        _cloud(canvas, weather, dice)


def _cloud(canvas: Canvas, weather: Weather, dice: Dice) -> None:
    sheet = canvas.screen()
    u, v, size = dice.between(-10, WIDTH), dice.between(4, 80), dice.between(7, 17)
    tone = mix(sky_at(weather, v, canvas.camera), (255, 252, 246), dice.between(0.3, 0.7))
    tone = mix(tone, (150, 152, 164), dice.between(0.1, 0.5) if weather.name != "noon" else 0.0)
    puffs = [
        (u + i * size * 0.9, v + dice.between(-0.3, 0.3) * size, size * dice.between(0.6, 1.1))
        for i in range(dice.count(2, 5))
    ]
    for x, y, r in puffs:
        sheet.ellipse(Id.SKY, mix(tone, (120, 124, 146), 0.14), x, y + 2, r * 1.1, r * 0.7,
                      texture=Texture.SKY)  # fmt: skip
    for x, y, r in puffs:
        sheet.ellipse(Id.SKY, vary(tone, dice, 3), x, y - 1, r, r * 0.62, texture=Texture.SKY)


def develop(canvas: Canvas, weather: Weather, dice: Dice) -> tuple[np.ndarray, np.ndarray]:
    """The sheet as a camera sees it.

    Returns the picture, uint8 (256, 512, 3), and the label ids, uint8 (256, 512). Only sums,
    products and comparisons of float32 are used, so that every machine rounds alike.
    """
    generator = dice.generator
    codes = np.asarray(canvas.image.getchannel("A"))[::SCALE, ::SCALE]
    labels = canvas.label_table[codes]
    kinds = canvas.texture_table[codes]
    picture = np.asarray(canvas.image.convert("RGB").reduce(SCALE)).astype(np.float32)

    slab = dice.pick(((0.6, 0.9), (0.9, 0.9), (0.5, 1.4), (1.2, 1.0)))
    offsets = texture_offsets(kinds, generator, camera=canvas.camera, slab=slab)
    picture += offsets[:, :, None]

    on_ground = np.zeros(256, np.float32)
    on_ground[list(GROUND)] = 1
    soft = np.asarray(canvas.shadow.filter(ImageFilter.BoxBlur(1))).astype(np.float32)
    dark = 1 - soft * on_ground[kinds] * np.float32(weather.shadow / 255)
    light = np.empty((256, 3), np.float32)
    light[:] = weather.light
    light[[Texture.GLOW, Texture.SKY]] = 1
    picture *= light[kinds]
    picture *= dark[:, :, None]

    depth = canvas.depth_table[codes]
    rows = np.arange(HEIGHT, dtype=np.float32) - np.float32(canvas.camera.horizon)
    flat = np.float32(canvas.camera.focal * canvas.camera.height) / np.maximum(rows, 1)
    depth = np.where(on_ground[kinds] > 0, np.minimum(flat, 140)[:, None], depth)
    depth[labels == Id.SKY] = 0
    x = depth * np.float32(weather.haze)
    veil = (x / (1 + x + x * x * np.float32(0.3)))[:, :, None]  # near 1 - exp(-x), yet exact
    picture += (np.array(weather.horizon, np.float32) - picture) * veil

    return _lens(picture, generator, dice), labels


def _lens(picture: np.ndarray, generator: np.random.Generator, dice: Dice) -> np.ndarray:
    """Colour cast, contrast, vignette, blur and sensor noise of one shot."""
    cast = np.array([dice.between(0.95, 1.05) for _ in range(3)], np.float32)
    gain, lift = dice.between(0.86, 1.1), dice.between(-6, 10)
    x = (np.arange(WIDTH, dtype=np.float32) - WIDTH / 2) / (WIDTH / 2)
    y = (np.arange(HEIGHT, dtype=np.float32) - HEIGHT / 2) / (WIDTH / 2)
    fall = 1 - np.float32(dice.between(0.04, 0.2)) * (x[None, :] ** 2 + y[:, None] ** 2)
    picture = (picture * (cast * np.float32(gain)) + np.float32(lift)) * fall[:, :, None]
    noise = generator.integers(-128, 128, (2, HEIGHT, WIDTH, 1), dtype=np.int8)
    colored = generator.integers(-128, 128, picture.shape, dtype=np.int8)
    level = np.float32(dice.between(1.0, 3.5) / 128)
    soft = np.float32(dice.between(0.0, 0.5))
    picture = picture + ((_blur(picture) - picture) * soft)
    picture += (noise[0].astype(np.float32) + noise[1] + colored * np.float32(0.7)) * level
    return np.clip(picture + np.float32(0.5), 0, 255).astype(np.uint8)


def _blur(picture: np.ndarray) -> np.ndarray:
    """The 1-2-1 binomial in both directions."""
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
    rows = padded[:-2] + padded[1:-1] * 2 + padded[2:]
    return (rows[:, :-2] + rows[:, 1:-1] * 2 + rows[:, 2:]) * np.float32(1 / 16)
