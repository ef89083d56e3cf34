"""Train LeNet-5 on MNIST and write the weights that the crate embeds.

Two ways to run it: with `--validate N`, N digits are held out of the training set and measured,
to compare recipes; without, all of it is used for training and the test set is measured once, at
the end.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import OrderedDict
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export import write_raw, write_safetensors
from mnist import Digits, Distortion, to_input


def lenet5() -> nn.Sequential:
    """LeNet-5 up to its logits; the softmax that follows does not change the answer."""
    return nn.Sequential(
        OrderedDict(
            [
                ("conv1", nn.Conv2d(1, 6, 5, padding=2)),
                ("relu1", nn.ReLU()),
                ("pool1", nn.MaxPool2d(2)),
                ("conv2", nn.Conv2d(6, 16, 5)),
                ("relu2", nn.ReLU()),
                ("pool2", nn.MaxPool2d(2)),
                ("conv3", nn.Conv2d(16, 120, 5)),
                ("relu3", nn.ReLU()),
                ("flatten", nn.Flatten()),
                ("fc1", nn.Linear(120, 84)),
                ("relu4", nn.ReLU()),
                ("fc2", nn.Linear(84, 10)),
            ]
        )
    )


class Average:
    """Exponential moving average of a network's parameters."""

    def __init__(self, net: nn.Module, decay: float) -> None:
        """Start from the network as it is."""
        self.decay = decay
        self.steps = 0
        self.values = {name: p.detach().clone() for name, p in net.named_parameters()}

    @torch.no_grad()
    def update(self, net: nn.Module) -> None:
        """Take one training step into the average."""
        self.steps += 1
        # A short memory at first, or the random start would linger.
        decay = min(self.decay, self.steps / (self.steps + 10))
        for name, p in net.named_parameters():
            self.values[name].lerp_(p, 1 - decay)


def learning_rate(step: int, warm_up: int, total: int) -> float:
    """Share of the peak rate: a straight climb, then half a cosine down to zero."""
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (total - warm_up)))


def train(digits: Digits, options: argparse.Namespace, held_out: Digits | None) -> nn.Module:
    """Train on `digits`; the network that comes back carries the averaged parameters."""
    torch.manual_seed(options.seed)
    rng = torch.Generator().manual_seed(options.seed)
    net = lenet5()
    average = Average(net, options.average)
    optimizer = torch.optim.AdamW(
        net.parameters(), lr=options.lr, weight_decay=options.weight_decay
    )
    batches = len(digits) // options.batch
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: learning_rate(step, batches, options.epochs * batches)
    )
    distortion = Distortion(elastic=options.elastic)
    averaged = lenet5()
    for epoch in range(1, options.epochs + 1):
        started = time.monotonic()
        total_loss = 0.0
        order = torch.randperm(len(digits), generator=rng)[: batches * options.batch]
        for index in order.split(options.batch):
            batch = digits.select(index)
            x = distortion.apply(to_input(batch.images), rng)
            loss = F.cross_entropy(net(x), batch.labels, label_smoothing=options.smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            average.update(net)
            total_loss += loss.item()
        averaged.load_state_dict(average.values)
        line = f"epoch {epoch:3}  loss {total_loss / batches:.4f}"
        if held_out is not None:
            line += f"  held out {accuracy(averaged, held_out):.2%}"
        print(f"{line}  {time.monotonic() - started:.1f} s", flush=True)
    return averaged


@torch.no_grad()
def accuracy(net: nn.Module, digits: Digits) -> float:
    """Share of the digits whose largest logit is the right one."""
    right = 0
    for index in torch.arange(len(digits)).split(1000):
        batch = digits.select(index)
        right += int((net(to_input(batch.images)).argmax(dim=1) == batch.labels).sum())
    return right / len(digits)


def save(net: nn.Module, folder: Path) -> None:
    """Write both weight files; the parameters are named and ordered as the layers are."""
    parameters: dict[str, Tensor] = dict(net.named_parameters())
    write_raw(folder / "lenet.raw", parameters)
    write_safetensors(folder / "lenet.safetensors", parameters)


def arguments() -> argparse.Namespace:
    """The command line; its defaults are the recipe behind the published weights."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mnist", type=Path, default=Path("target/mnist"),
                        help="folder of the four original files, unpacked")
    parser.add_argument("--output", type=Path, help="folder for the weight files (none: no files)")
    parser.add_argument("--validate", type=int, default=0, metavar="N",
                        help="hold N training digits out and leave the test set alone")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--lr", type=float, default=2e-3, help="peak learning rate")
    parser.add_argument("--weight-decay", type=float, default=0.1)
    parser.add_argument("--smoothing", type=float, default=0.05, help="label smoothing")
    parser.add_argument("--average", type=float, default=0.999, help="decay of the average")
    parser.add_argument("--elastic", type=float, default=0.0,
                        help="typical elastic displacement, in pixels")
    parser.add_argument("--threads", type=int, default=1,
                        help="more are faster, and round differently")
    return parser.parse_args()


def main() -> None:
    """Train, measure, save."""
    options = arguments()
    torch.set_num_threads(options.threads)
    digits = Digits.original(options.mnist, "train")
    held_out = None
    if options.validate > 0:
        # Not options.seed: recipes are compared on the same digits whatever their seed.
        order = torch.randperm(len(digits), generator=torch.Generator().manual_seed(0))
        held_out = digits.select(order[: options.validate])
        digits = digits.select(order[options.validate :])
    net = train(digits, options, held_out)
    if held_out is None:
        test = Digits.original(options.mnist, "t10k")
        print(f"test {accuracy(net, test):.2%} of {len(test)}")
    if options.output is not None:
        save(net, options.output)


if __name__ == "__main__":
    main()
