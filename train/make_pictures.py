"""Draw the pictures in `data/pictures/`: handwritten digits as a user would bring them.

A digit is a pen's path through a few points. Everything that a camera, a scanner or a drawing
program does to it is added afterwards: paper, light, tilt, compression, pixel formats.
"""

from __future__ import annotations

import argparse
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Point = tuple[float, float]
Colour = tuple[float, float, float]

WHITE_PAPER = (236.0, 234.0, 228.0)
CREAM_PAPER = (232.0, 222.0, 196.0)
BLUE_PEN = (28.0, 44.0, 122.0)
BLACK_PEN = (34.0, 32.0, 36.0)
PENCIL = (84.0, 84.0, 88.0)

# One list per stroke, x to the right in 0..1 and y down in 0..1.4. A point given twice is a
# corner: the curve does not round it.
STROKES: dict[int, list[list[Point]]] = {
    0: [[(0.66, 0.10), (0.42, 0.03), (0.18, 0.24), (0.06, 0.68), (0.16, 1.12), (0.44, 1.36),
         (0.76, 1.20), (0.92, 0.75), (0.85, 0.30), (0.62, 0.07), (0.46, 0.05)]],
    1: [[(0.60, 0.02), (0.53, 0.45), (0.47, 0.90), (0.40, 1.38)]],
    2: [[(0.12, 0.32), (0.25, 0.08), (0.52, 0.00), (0.78, 0.14), (0.82, 0.42), (0.62, 0.78),
         (0.32, 1.12), (0.06, 1.33), (0.06, 1.33), (0.30, 1.24), (0.58, 1.30), (0.97, 1.24)]],
    3: [[(0.12, 0.17), (0.40, 0.00), (0.75, 0.12), (0.77, 0.40), (0.38, 0.62), (0.38, 0.62),
         (0.78, 0.72), (0.90, 1.04), (0.65, 1.33), (0.30, 1.38), (0.04, 1.20)]],
    4: [[(0.27, 0.06), (0.17, 0.42), (0.07, 0.78), (0.07, 0.78), (0.50, 0.78), (0.97, 0.70)],
        [(0.77, 0.08), (0.69, 0.62), (0.62, 1.38)]],
    5: [[(0.26, 0.08), (0.21, 0.35), (0.16, 0.62), (0.16, 0.62), (0.45, 0.52), (0.80, 0.70),
         (0.85, 1.04), (0.55, 1.34), (0.08, 1.26)],
        [(0.26, 0.08), (0.55, 0.08), (0.92, 0.02)]],
    6: [[(0.72, 0.02), (0.40, 0.25), (0.16, 0.65), (0.12, 1.05), (0.35, 1.36), (0.68, 1.30),
         (0.82, 1.02), (0.62, 0.80), (0.35, 0.86), (0.16, 1.12)]],
    7: [[(0.06, 0.16), (0.40, 0.09), (0.92, 0.06), (0.92, 0.06), (0.68, 0.50), (0.49, 0.95),
         (0.42, 1.38)]],
    8: [[(0.78, 0.18), (0.52, 0.00), (0.24, 0.14), (0.26, 0.42), (0.55, 0.66), (0.82, 0.95),
         (0.76, 1.25), (0.45, 1.38), (0.17, 1.20), (0.24, 0.90), (0.55, 0.64), (0.78, 0.40),
         (0.77, 0.16)]],
    9: [[(0.80, 0.18), (0.52, 0.02), (0.22, 0.18), (0.16, 0.48), (0.38, 0.64), (0.66, 0.50),
         (0.80, 0.18), (0.80, 0.18), (0.77, 0.70), (0.68, 1.38)]],
}


def curve(points: list[Point], steps: int = 60) -> np.ndarray:
    """A Catmull-Rom spline through the points, `[n, 2]`."""
    p = np.array([points[0], *points, points[-1]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = []
    for a, b, c, d in zip(p, p[1:], p[2:], p[3:]):
        # A doubled point must not pull on its neighbours' tangents, or the corner overshoots.
        at_b = (c - a) / 2 if (b != c).any() and (a != b).any() else np.zeros(2)
        at_c = (d - b) / 2 if (b != c).any() and (c != d).any() else np.zeros(2)
        pieces.append(
            (2 * t**3 - 3 * t**2 + 1) * b + (t**3 - 2 * t**2 + t) * at_b
            + (3 * t**2 - 2 * t**3) * c + (t**3 - t**2) * at_c
        )
    return np.concatenate([*pieces, p[-1:]])


def generator(name: str) -> np.random.RandomState:
    """Noise of its own for every picture, so that one can change and leave the others alone."""
    return np.random.RandomState(zlib.crc32(name.encode()))


def smooth_noise(rng: np.random.RandomState, size: tuple[int, int], cells: int) -> np.ndarray:
    """Noise of about unit spread that varies over `cells` patches across the picture."""
    coarse = Image.fromarray(rng.randn(cells, cells).astype(np.float32))
    return np.asarray(coarse.resize(size, Image.Resampling.BICUBIC))


def draw_ink(
    digit: int, size: tuple[int, int], height: float, centre: Point, pen: float, tilt: float,
    rng: np.random.RandomState,
) -> np.ndarray:
    """How much ink lies on each pixel, 0..1.

    `height` and `pen` (the stroke's width) are in pixels, `centre` is a share of the picture's
    sides, `tilt` is in degrees.
    """
    width, total_height = size
    # Drawn large and shrunk: PIL's ellipses have hard edges. Small pictures need it most.
    zoom = max(2, min(8, 1600 // max(size)))
    canvas = Image.new("L", (width * zoom, total_height * zoom))
    brush = ImageDraw.Draw(canvas)
    cos, sin = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    for stroke in STROKES[digit]:
        path = curve(stroke)
        pressure = np.interp(
            np.linspace(0, 5, len(path)), np.arange(6), 1 + rng.uniform(-0.18, 0.18, size=6)
        )
        # The pen lands and leaves with less than its full width.
        pressure[-20:] *= np.linspace(1, 0.6, 20)
        pressure[:10] *= np.linspace(0.8, 1, 10)
        wobble = np.cumsum(rng.randn(len(path), 2), axis=0) * 0.0006
        at = (path + wobble - (0.5, 0.7)) * (height / 1.4)
        xs = (at[:, 0] * cos - at[:, 1] * sin + centre[0] * width) * zoom
        ys = (at[:, 0] * sin + at[:, 1] * cos + centre[1] * total_height) * zoom
        for x, y, radius in zip(xs, ys, pressure * pen * zoom / 2):
            brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    small = canvas.resize(size, Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / 255


@dataclass(frozen=True)
class Photograph:
    """A digit on paper, and how it was photographed."""

    digit: int
    name: str
    size: tuple[int, int]
    height: float
    centre: Point
    pen: float
    tilt: float
    paper: Colour
    ink: Colour
    shadow: float
    """Share of the light that the darkest corner lacks."""
    grain: float = 3
    """The paper's texture, in grey levels."""
    blur: float = 1.0
    """The lens's, in pixels."""
    quality: int = 70
    """The JPEG file's."""


PHOTOGRAPHS = [
    Photograph(2, "shadow", (640, 480), height=270, centre=(0.47, 0.52), pen=21, tilt=-4,
               paper=WHITE_PAPER, ink=BLACK_PEN, shadow=0.45, grain=2),
    Photograph(3, "portrait", (300, 400), height=235, centre=(0.52, 0.47), pen=17, tilt=6,
               paper=CREAM_PAPER, ink=BLUE_PEN, shadow=0.25, blur=0.8),
    Photograph(4, "pencil", (480, 480), height=250, centre=(0.50, 0.50), pen=13, tilt=3,
               paper=WHITE_PAPER, ink=PENCIL, shadow=0.15, grain=2),
    Photograph(5, "large", (1600, 1200), height=760, centre=(0.48, 0.50), pen=64, tilt=-3,
               paper=CREAM_PAPER, ink=BLACK_PEN, shadow=0.30, blur=2.5, quality=45),
    Photograph(7, "photo", (640, 480), height=290, centre=(0.52, 0.49), pen=22, tilt=5,
               paper=WHITE_PAPER, ink=BLUE_PEN, shadow=0.30),
    Photograph(9, "off_centre", (640, 480), height=150, centre=(0.74, 0.31), pen=13, tilt=-6,
               paper=WHITE_PAPER, ink=BLACK_PEN, shadow=0.20, blur=0.8, quality=30),
]


def photograph(of: Photograph) -> Image.Image:
    """The digit on paper under uneven light."""
    rng = generator(of.name)
    ink = draw_ink(of.digit, of.size, of.height, of.centre, of.pen, of.tilt, rng)
    # Ink soaks unevenly, and a pen leaves paper showing through.
    cover = (ink * np.clip(0.93 + 0.04 * smooth_noise(rng, of.size, 24), 0, 1))[..., None]
    colour = np.array(of.paper) * (1 - cover) + np.array(of.ink) * cover
    fibres = smooth_noise(rng, of.size, 64) + 0.5 * smooth_noise(rng, of.size, 160)
    colour = colour + (of.grain * fibres)[..., None]
    y, x = np.mgrid[0 : 1 : of.size[1] * 1j, 0 : 1 : of.size[0] * 1j]
    slope = 0.65 * x + 0.35 * y + 0.06 * smooth_noise(rng, of.size, 4)
    light = 1 - of.shadow * np.clip(slope, 0, 1) ** 1.5
    seen = np.clip(colour * light[..., None], 0, 255).astype(np.uint8)
    return Image.fromarray(seen).filter(ImageFilter.GaussianBlur(of.blur))


def levels(ink: np.ndarray, low: float, high: float) -> np.ndarray:
    """Ink as grey levels from `low` (none) to `high` (full), rounded."""
    return np.rint(low + ink * (high - low))


def as_mnist(ink: np.ndarray) -> Image.Image:
    """28×28 as MNIST has it: the digit within 20×20, its centre of mass in the middle."""
    rows, columns = np.flatnonzero(ink.max(axis=1) > 0.5), np.flatnonzero(ink.max(axis=0) > 0.5)
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = 20 / max(cut.shape)
    size = (round(cut.shape[1] * scale), round(cut.shape[0] * scale))
    box = Image.fromarray(levels(cut, 0, 255).astype(np.uint8)).resize(
        size, Image.Resampling.BOX
    )
    mass = np.asarray(box, dtype=np.float64)
    x = (mass.sum(axis=0) * np.arange(size[0])).sum() / mass.sum()
    y = (mass.sum(axis=1) * np.arange(size[1])).sum() / mass.sum()
    field = Image.new("L", (28, 28))
    field.paste(box, (round(13.5 - x), round(13.5 - y)))
    return field


def main() -> None:
    """Draw every picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("data/pictures"))
    folder: Path = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)

    for shot in PHOTOGRAPHS:
        photograph(shot).save(
            folder / f"{shot.digit}_{shot.name}.jpg", quality=shot.quality, optimize=True
        )

    # Ready for the network as it is: a reader must not crop or rescale it.
    ink = draw_ink(0, (280, 280), 200, (0.5, 0.5), 24, 4, generator("28x28"))
    as_mnist(ink).save(folder / "0_28x28.png", optimize=True)

    # A drawing program with few colours: flat, without soft edges, light on dark.
    ink = draw_ink(1, (96, 128), 92, (0.52, 0.5), 10, 2, generator("palette"))
    palette = Image.fromarray((ink > 0.5).astype(np.uint8))
    palette.putpalette([16, 42, 30, 240, 236, 200])
    palette.save(folder / "1_palette.png", bits=1, optimize=True)

    # Black everywhere, even where nothing is drawn: only the alpha channel holds the digit.
    ink = draw_ink(6, (200, 240), 180, (0.5, 0.5), 18, 3, generator("transparent"))
    alpha = levels(ink, 0, 255).astype(np.uint8)
    black = np.zeros_like(alpha)
    Image.fromarray(np.stack([black, black, black, alpha], axis=-1)).save(
        folder / "6_transparent.png", optimize=True
    )

    # A scanner's sixteen bits, none of them at either end of the range, light on dark.
    ink = draw_ink(8, (160, 200), 150, (0.5, 0.48), 14, -3, generator("16_bit"))
    sixteen = levels(ink, 5_000, 58_000).astype(np.uint16)
    Image.fromarray(sixteen).save(folder / "8_16_bit.png", optimize=True)


if __name__ == "__main__":
    main()
