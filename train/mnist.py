"""The MNIST files: reading, writing, and the distortions that training applies to them."""

from __future__ import annotations

import gzip
import hashlib
import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

# Of the four original files, unpacked. Another copy of MNIST may hold the same digits in
# another order, which would change every figure that we publish.
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}

UNSIGNED_BYTE = 0x08


def parse_idx(data: bytes) -> np.ndarray:
    """The array in an IDX file of unsigned bytes."""
    if len(data) < 4 or data[:3] != bytes([0, 0, UNSIGNED_BYTE]):
        raise ValueError("not an IDX file of unsigned bytes")
    dims = data[3]
    header = 4 + 4 * dims
    shape = [int(n) for n in np.frombuffer(data[4:header], dtype=">u4")]
    if len(shape) != dims or len(data) - header != math.prod(shape):
        raise ValueError(f"{len(data)} bytes do not hold the announced shape {shape}")
    return np.frombuffer(data, dtype=np.uint8, offset=header).reshape(shape)


def write_idx_gz(path: Path, array: np.ndarray) -> None:
    """Write unsigned bytes as gzip-compressed IDX; equal arrays give equal files."""
    assert array.dtype == np.uint8
    header = bytes([0, 0, UNSIGNED_BYTE, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    packed = io.BytesIO()
    # No name and no time in the header, so that the bytes depend on the content alone.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as out:
        out.write(header + array.tobytes())
    path.write_bytes(packed.getvalue())


def read_original(folder: Path, name: str) -> np.ndarray:
    """One of the four original files, checked against its known digest."""
    path = folder / name
    if not path.is_file():
        raise SystemExit(f"{path} is missing: train/README.md says how to get it")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256[name]:
        raise SystemExit(f"{path} is not the original MNIST file")
    return parse_idx(data)


@dataclass(frozen=True)
class Digits:
    """Images `[n, 1, 28, 28]`, still in bytes, and labels `[n]`."""

    images: Tensor
    labels: Tensor

    @staticmethod
    def original(folder: Path, part: str) -> Digits:
        """The training set (`train`) or the test set (`t10k`)."""
        images = read_original(folder, f"{part}-images-idx3-ubyte")
        labels = read_original(folder, f"{part}-labels-idx1-ubyte")
        return Digits(
            torch.from_numpy(images.copy()).unsqueeze(1),
            torch.from_numpy(labels.astype(np.int64)),
        )

    def select(self, index: Tensor) -> Digits:
        """The digits at these positions."""
        return Digits(self.images[index], self.labels[index])

    def __len__(self) -> int:
        """How many digits there are."""
        return len(self.labels)


def to_input(images: Tensor) -> Tensor:
    """What the network sees: bytes 0..255 as 0.0..1.0, with no mean or deviation taken out."""
    return images.float() / 255


@dataclass(frozen=True)
class Distortion:
    """How far a training digit may be moved; every amount is drawn evenly from ±limit."""

    degrees: float = 10.0
    pixels: float = 2.0
    scale: float = 0.1
    shear: float = 0.1
    elastic: float = 0.0
    """Typical displacement, in pixels, of the knots of a smooth random field."""

    def apply(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """A distorted copy of a batch `[n, 1, h, w]`."""
        n, _, height, width = x.shape

        def draw(limit: float) -> Tensor:
            return (torch.rand(n, generator=rng) * 2 - 1) * limit

        angle = draw(math.radians(self.degrees))
        scale_x, scale_y = 1 + draw(self.scale), 1 + draw(self.scale)
        shear = draw(self.shear)
        cos, sin = angle.cos(), angle.sin()
        # The grid spans -1..1, so a pixel is 2 / size of it.
        shift_x, shift_y = draw(2 * self.pixels / width), draw(2 * self.pixels / height)
        matrix = torch.stack(
            [
                torch.stack([scale_x * cos, scale_x * (shear * cos - sin), shift_x], dim=1),
                torch.stack([scale_y * sin, scale_y * (shear * sin + cos), shift_y], dim=1),
            ],
            dim=1,
        )
        grid = F.affine_grid(matrix, list(x.shape), align_corners=False)
        if self.elastic > 0:
            # Four knots a side bend whole strokes and leave their edges smooth.
            knots = torch.randn(n, 2, 4, 4, generator=rng) * (2 * self.elastic / width)
            field = F.interpolate(knots, size=(height, width), mode="bicubic", align_corners=True)
            grid = grid + field.permute(0, 2, 3, 1)
        return F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
