"""Ask the trained network what the pictures in `data/pictures/` show.

The preparation is the one that MNIST's makers describe: the digit light on dark, scaled into a
20×20 box with its proportions kept, and placed in 28×28 by its centre of mass.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter

from mnist import to_input
from train_lenet import lenet5


def grey(path: Path) -> Image.Image:
    """Any picture as 8-bit grey, transparency over white."""
    picture = Image.open(path)
    if picture.mode.startswith("I"):
        return Image.fromarray((np.asarray(picture) / 257).astype(np.uint8))
    rgba = picture.convert("RGBA")
    page = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(page, rgba).convert("L")


def otsu(values: np.ndarray) -> float:
    """The threshold that best parts the values into two groups."""
    count = np.bincount(values.reshape(-1), minlength=256).astype(np.float64)
    below = np.cumsum(count)
    above = below[-1] - below
    mass = np.cumsum(count * np.arange(256))
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = mass / below - (mass[-1] - mass) / above
        between = np.nan_to_num(below * above * gap**2)
    return float(np.argmax(between)) + 0.5


def prepare(picture: Image.Image, even_light: bool) -> np.ndarray:
    """The digit as MNIST has it, bytes `[28, 28]`.

    `even_light` takes the paper's own brightness out first; the pictures must be readable
    without that too, for it is the more delicate step.
    """
    if picture.size == (28, 28):
        return np.asarray(picture)
    picture.thumbnail((320, 320), Image.Resampling.BOX)
    values = np.asarray(picture)
    border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    if np.median(border) > otsu(values):
        values = 255 - values
    if even_light:
        # The darkest spot nearby is background as long as "nearby" is wider than a stroke.
        dark = Image.fromarray(values).filter(ImageFilter.MinFilter(41))
        background = np.asarray(dark.filter(ImageFilter.GaussianBlur(20)))
        values = np.clip(values.astype(int) - background, 0, 255).astype(np.uint8)
    threshold = otsu(values)
    ink = values > threshold
    low, high = values[~ink].mean(), np.percentile(values[ink], 90)
    clean = np.clip((values - low) / (high - low), 0, 1) * (values > (low + threshold) / 2)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    cut = clean[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = 20 / max(cut.shape)
    size = (max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale)))
    box = Image.fromarray((cut * 255).astype(np.uint8)).resize(size, Image.Resampling.BOX)
    mass = np.asarray(box, dtype=np.float64)
    x = (mass.sum(axis=0) * np.arange(size[0])).sum() / mass.sum()
    y = (mass.sum(axis=1) * np.arange(size[1])).sum() / mass.sum()
    field = Image.new("L", (28, 28))
    field.paste(box, (round(13.5 - x), round(13.5 - y)))
    return np.asarray(field)


def read_raw(path: Path) -> torch.nn.Module:
    """LeNet-5 with the parameters of a `.raw` file."""
    net = lenet5()
    values = torch.from_numpy(np.fromfile(path, "<f4").copy())
    torch.nn.utils.vector_to_parameters(values, net.parameters())
    return net


def main() -> None:
    """Print one line per picture; fail if any digit is not the one its name begins with."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", type=Path, default=Path("data/lenet.raw"))
    parser.add_argument("--pictures", type=Path, default=Path("data/pictures"))
    options = parser.parse_args()
    net = read_raw(options.weights)
    wrong = 0
    for path in sorted(options.pictures.iterdir()):
        answers = []
        for even_light in (False, True):
            pixels = torch.from_numpy(prepare(grey(path), even_light).copy())
            with torch.no_grad():
                sure, digit = net(to_input(pixels[None, None])).softmax(dim=1)[0].max(dim=0)
            answers.append(f"{int(digit)} ({float(sure):.1%})")
            wrong += int(digit) != int(path.name[0])
        print(f"{path.name:20} {answers[0]}, in evened light {answers[1]}")
    if wrong:
        raise SystemExit(f"{wrong} wrong")


if __name__ == "__main__":
    main()
