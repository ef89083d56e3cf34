"""The two weight files that `microcnn` reads: `.safetensors` and `.raw`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from torch import Tensor


def write_raw(path: Path, parameters: Mapping[str, Tensor]) -> None:
    """Every parameter in the order given, as little-endian f32 and nothing else."""
    path.write_bytes(b"".join(_bytes(p) for p in parameters.values()))


def write_safetensors(path: Path, parameters: Mapping[str, Tensor]) -> None:
    """The same with names and shapes.

    Written by hand because a file for a repository must come out the same every time: the
    library's order of tensors and its header's padding are not promised.
    """
    header: dict[str, object] = {}
    offset = 0
    for name, parameter in parameters.items():
        end = offset + 4 * parameter.numel()
        header[name] = {
            "dtype": "F32",
            "shape": list(parameter.shape),
            "data_offsets": [offset, end],
        }
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    # Readers map the file: the data must begin at a multiple of eight bytes.
    text += b" " * (-len(text) % 8)
    body = b"".join(_bytes(p) for p in parameters.values())
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


def _bytes(parameter: Tensor) -> bytes:
    return parameter.detach().cpu().contiguous().numpy().astype(np.dtype("<f4")).tobytes()
