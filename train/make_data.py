"""Make the digit files in `data/` from the four original MNIST files."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from mnist import read_original, write_idx_gz

CALIBRATION_PER_CLASS = 100
CALIBRATION_SEED = 0
SAMPLE = 200


def calibration_index(labels: np.ndarray) -> np.ndarray:
    """Positions of the calibration digits, equally many of each class.

    They are dealt in turn, 0 to 9 and over again: a run of any multiple of ten from the start
    is balanced too, so that fewer images can be used without skew.
    """
    # RandomState rather than the newer Generator, whose stream may change between releases.
    order = np.random.RandomState(CALIBRATION_SEED).permutation(len(labels))
    classes = [order[labels[order] == digit][:CALIBRATION_PER_CLASS] for digit in range(10)]
    return np.stack(classes, axis=1).reshape(-1)


def write_digits(folder: Path, name: str, images: np.ndarray, labels: np.ndarray) -> None:
    """Write a pair of files under the naming of the originals."""
    write_idx_gz(folder / f"{name}-images-idx3-ubyte.gz", images)
    write_idx_gz(folder / f"{name}-labels-idx1-ubyte.gz", labels)


def main() -> None:
    """Write the test set, a sample of it, and the calibration set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mnist", type=Path, default=Path("target/mnist"),
                        help="folder of the four original files, unpacked")
    parser.add_argument("--output", type=Path, default=Path("data"))
    options = parser.parse_args()

    test_images = read_original(options.mnist, "t10k-images-idx3-ubyte")
    test_labels = read_original(options.mnist, "t10k-labels-idx1-ubyte")
    write_digits(options.output, "t10k", test_images, test_labels)
    write_digits(options.output, "sample", test_images[:SAMPLE], test_labels[:SAMPLE])

    train_images = read_original(options.mnist, "train-images-idx3-ubyte")
    train_labels = read_original(options.mnist, "train-labels-idx1-ubyte")
    index = calibration_index(train_labels)
    write_digits(options.output, "calibration", train_images[index], train_labels[index])


if __name__ == "__main__":
    main()
