"""Train a small network on the digits in `data/` and save it for `your_network.rs`.

    python examples/your_network.py

The only lines that matter for loading are the names of the modules and the last one.
"""

import gzip

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """A depthwise and a pointwise convolution beside the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv2(F.relu(self.norm1(self.conv1(x))))


class Digits(nn.Module):
    """Ten scores for an image of 28×28."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.block = Block(8)
        self.conv = nn.Conv2d(8, 16, 3)
        self.fc = nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.norm(self.stem(x)))
        x = F.max_pool2d(F.relu(self.block(x)), 2)
        x = F.relu(self.conv(x)).mean(dim=(2, 3))
        return self.fc(x)


def read(name: str, header: int) -> torch.Tensor:
    """The bytes of an IDX file after its header."""
    with gzip.open(f"data/{name}.gz") as file:
        return torch.frombuffer(bytearray(file.read()[header:]), dtype=torch.uint8)


def main() -> None:
    """Train for a minute, then save."""
    torch.manual_seed(1)
    images = read("calibration-images-idx3-ubyte", 16).view(-1, 1, 28, 28) / 255
    labels = read("calibration-labels-idx1-ubyte", 8).long()
    model = Digits()
    epochs, batch = 150, 50
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    steps = epochs * len(labels) // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=steps)
    for _ in range(epochs):
        for picked in torch.randperm(len(labels)).split(batch):
            shift = torch.randint(-2, 3, (2,)).tolist()
            moved = images[picked].roll(shift, dims=(2, 3))
            loss = F.cross_entropy(model(moved), labels[picked])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    model.eval()
    with torch.no_grad():
        test_images = read("t10k-images-idx3-ubyte", 16).view(-1, 1, 28, 28) / 255
        right = model(test_images).argmax(1) == read("t10k-labels-idx1-ubyte", 8)
        print(f"{int(right.sum())} of {len(right)} test digits are read right")
    save_file(model.state_dict(), "examples/your_network.safetensors")


if __name__ == "__main__":
    main()
