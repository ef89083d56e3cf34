"""Small networks with seeded random parameters, and what PyTorch makes of them.

    python train/make_fixtures.py

writes four files for each network to tests/networks/pytorch/, little-endian f32 unless said otherwise:

    NAME.safetensors   the parameters, named as `network!` names them
    NAME.input         a batch of images
    NAME.output        PyTorch's results, computed in double precision
    NAME.bound         how far from them each result may be when computed in f32

tests/networks/pytorch.rs declares the same networks. Needs torch (1.12 or later), numpy and safetensors.

The bound follows the rounding errors through the network. A layer whose results are sums of n products
adds at most (n + FOLDING) u (sum |w| |x| + |b|) to each, u = 2^-24, whatever the order of the sum, and passes
on its input's error times |w|; a function adds FUNCTION u of its result and passes on its input's error
times its steepest slope. FOLDING and FUNCTION are roundings: of a batch normalization that is folded
into weights, and of a function's own arithmetic.
"""

import math
import pathlib
import sys
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file
from torch import nn

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "networks" / "pytorch"
IMAGES = 2
U = 2.0**-24
FOLDING = 8
FUNCTION = 8

SLOPES = {
    nn.ReLU: 1.0,
    nn.ReLU6: 1.0,
    nn.LeakyReLU: 1.0,
    nn.Sigmoid: 0.25,
    nn.Tanh: 1.0,
    nn.Hardswish: 1.5,
    nn.SiLU: 1.1,
}


class Padded(nn.Module):
    """A layer behind padding that differs from side to side, which no layer of PyTorch has an option for."""

    def __init__(self, sides, layer, value=0.0):
        super().__init__()
        self.sides, self.layer, self.value = sides, layer, value

    def pad(self, x, value):
        top, bottom, left, right = self.sides
        return F.pad(x, (left, right, top, bottom), value=value)


class AvgWithoutPadding(nn.Module):
    """`count_include_pad = False` behind padding that differs from side to side."""

    def __init__(self, sides, kernel, stride):
        super().__init__()
        self.padded, self.kernel_size, self.stride = Padded(sides, None), kernel, stride

    def forward(self, x):
        pool = lambda x: F.avg_pool2d(self.padded.pad(x, 0.0), self.kernel_size, self.stride)
        return pool(x) / pool(torch.ones_like(x))


class Sequential:
    def __init__(self, *layers):
        self.layers = layers


class Residual:
    def __init__(self, layers, shortcut=()):
        self.main, self.shortcut = Sequential(*layers), Sequential(*shortcut)


def same(size, kernel, stride, dilation=1):
    """Padding of one direction: ceil(size / stride) positions, an odd one out at the end."""
    total = max((math.ceil(size / stride) - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return total // 2, total - total // 2


def named(layer, prefix=""):
    """The modules that have parameters, with their full names."""
    if isinstance(layer, Residual):
        yield from named(layer.main, prefix)
        yield from named(layer.shortcut, prefix)
    elif isinstance(layer, Sequential):
        for item in layer.layers:
            label, inner = item if isinstance(item, tuple) else (None, item)
            yield from named(inner, prefix + label + "." if label else prefix)
    elif isinstance(layer, Padded):
        yield from named(layer.layer, prefix)
    elif list(layer.parameters()):
        yield prefix, layer


def sums(operation, layer, x, error):
    """A layer whose results are sums of products with its weights."""
    weight, bias = layer.weight, layer.bias
    terms = weight[0].numel() + FOLDING
    magnitude = operation(x.abs(), weight.abs(), None if bias is None else bias.abs())
    return operation(x, weight, bias), operation(error, weight.abs(), None) + terms * U * magnitude


def follow(layer, x, error):
    """A layer's results, and how far from them results in f32 may be."""
    if isinstance(layer, Sequential):
        for item in layer.layers:
            x, error = follow(item[1] if isinstance(item, tuple) else item, x, error)
        return x, error
    if isinstance(layer, Residual):
        a, error_a = follow(layer.main, x, error)
        b, error_b = follow(layer.shortcut, x, error)
        assert a.shape == b.shape
        return a + b, error_a + error_b + U * (a + b).abs()
    if isinstance(layer, Padded):
        return follow(layer.layer, layer.pad(x, layer.value), layer.pad(error, 0.0))
    if isinstance(layer, nn.Conv2d):
        operation = lambda x, weight, bias: F.conv2d(
            x, weight, bias, layer.stride, layer.padding, layer.dilation, layer.groups
        )
        return sums(operation, layer, x, error)
    if isinstance(layer, nn.Linear):
        return sums(F.linear, layer, x, error)
    y = layer(x)
    if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
        shape = [1, -1] + [1] * (x.dim() - 2)
        mean, shift = layer.running_mean.reshape(shape), layer.bias.reshape(shape)
        scale = (layer.weight / (layer.running_var + layer.eps).sqrt()).abs().reshape(shape)
        magnitude = scale * (x.abs() + mean.abs()) + shift.abs()
        return y, scale * error + FOLDING * U * magnitude
    if isinstance(layer, nn.MaxPool2d):
        return y, layer(error)
    if isinstance(layer, nn.AdaptiveAvgPool2d):
        return y, layer(error) + (x[0, 0].numel() + 1) * U * layer(x.abs())
    if isinstance(layer, (nn.AvgPool2d, AvgWithoutPadding)):
        kernel = layer.kernel_size
        taps = math.prod(kernel) if isinstance(kernel, tuple) else kernel**2
        return y, layer(error) + (taps + 1) * U * layer(x.abs())
    if isinstance(layer, nn.Softmax):
        terms = x.shape[1] + FUNCTION
        return y, y * (torch.expm1(2 * error.amax(1, keepdim=True)) + terms * U)
    if isinstance(layer, (nn.Flatten, nn.Dropout)):
        return y, layer(error)
    # Sigmoid(-20) is small and its error is not: some arithmetic goes through numbers near 1.
    return y, SLOPES[type(layer)] * error + FUNCTION * U * (1 + y.abs())


def randomize(layer):
    for name, value in layer.named_buffers():
        if name == "running_mean":
            value.normal_(0.0, 0.3)
        elif name == "running_var":
            value.uniform_(0.3, 1.5)
    if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
        # Gains of both signs: whoever swaps a normalization with what follows it is found out.
        with torch.no_grad():
            layer.weight.uniform_(0.5, 1.5).mul_(torch.randint(0, 4, layer.weight.shape).clamp(max=1) * 2 - 1)
            layer.bias.normal_(0.0, 0.3)
            layer.num_batches_tracked.fill_(100)


def conv(inputs, outputs, kernel, **options):
    return nn.Conv2d(inputs, outputs, kernel, **options)


def networks():
    """name, input shape, layers. In the order of tests/networks/pytorch.rs."""
    yield "plain", [3, 8, 8], [("conv", conv(3, 8, 3))]
    yield "without_bias", [3, 6, 6], [("conv", conv(3, 5, 3, bias=False)), nn.ReLU()]
    yield "pointwise", [19, 5, 5], [("conv", conv(19, 21, 1)), nn.ReLU()]
    yield "many_channels", [17, 5, 5], [("conv", conv(17, 33, 3, padding=1)), nn.ReLU()]
    yield "rectangular", [2, 5, 13], [
        ("across", conv(2, 8, (1, 7))),
        nn.ReLU(),
        ("down", conv(8, 4, (5, 1))),
    ]
    yield "strided", [3, 11, 9], [("conv", conv(3, 16, 3, stride=2, padding=1)), nn.ReLU()]
    yield "strided_by_two_numbers", [2, 12, 13], [("conv", conv(2, 5, (3, 2), stride=(2, 3)))]
    yield "stride_above_kernel", [2, 9, 9], [("conv", conv(2, 4, 2, stride=3))]
    yield "dilated", [2, 12, 12], [
        ("conv1", conv(2, 6, 3, dilation=2, padding=2)),
        nn.ReLU(),
        ("conv2", conv(6, 4, 3, dilation=(1, 3))),
    ]
    yield "dilated_strided", [3, 13, 14], [
        ("conv", conv(3, 6, (3, 2), dilation=(2, 3), stride=2, padding=(1, 2))),
    ]
    yield "grouped", [6, 7, 7], [
        ("conv1", conv(6, 9, 3, groups=3, padding=1)),
        nn.ReLU(),
        ("conv2", conv(9, 6, 1, groups=3)),
    ]
    yield "wide_groups", [8, 5, 5], [("conv", conv(8, 40, 3, groups=2, padding=1))]
    yield "depthwise", [5, 9, 9], [
        ("dw1", conv(5, 5, 3, groups=5, padding=1)),
        nn.ReLU6(),
        ("pw1", conv(5, 20, 1)),
        nn.ReLU6(),
        ("dw2", conv(20, 20, 5, groups=20, stride=2, padding=2, bias=False)),
        ("pw2", conv(20, 7, 1)),
    ]
    yield "depthwise_with_multiplier", [4, 6, 6], [("conv", conv(4, 8, 3, groups=4))]
    yield "padded_all_round", [1, 7, 7], [("conv", conv(1, 6, 5, padding=2)), nn.ReLU()]
    yield "padded_by_two_numbers", [2, 6, 7], [("conv", conv(2, 4, 3, padding=(2, 0)))]
    yield "padded_by_four_numbers", [2, 6, 7], [
        ("conv", Padded((0, 2, 3, 1), conv(2, 4, 3))),
    ]
    yield "padded_beyond_the_kernel", [1, 4, 4], [("conv", conv(1, 3, 3, padding=4))]
    yield "padded_same", [2, 7, 8], [
        ("odd", conv(2, 4, 3, padding="same")),
        ("even", conv(4, 4, (4, 2), padding="same")),
        ("dilated", conv(4, 3, 2, dilation=3, padding="same")),
    ]
    strided = same(10, 3, 2) + same(7, 5, 2)
    again = same(5, 2, 2) + same(4, 2, 2)
    yield "padded_same_strided", [2, 10, 7], [
        ("conv1", Padded(strided, conv(2, 4, (3, 5), stride=2))),
        nn.ReLU(),
        ("conv2", Padded(again, conv(4, 4, 2, stride=2))),
    ]
    yield "max_pools", [3, 12, 13], [
        ("conv", conv(3, 6, 3)),
        nn.MaxPool2d(2),
        nn.MaxPool2d((2, 3), stride=(1, 2)),
    ]
    # Padding is never the largest, even where all values are negative.
    yield "max_pools_padded", [2, 9, 10], [
        ("norm", nn.BatchNorm2d(2)),
        nn.MaxPool2d(3, stride=2, padding=1),
        Padded((1, 0, 0, 1), nn.MaxPool2d(2, stride=1), value=-math.inf),
        nn.MaxPool2d((2, 4), stride=1, padding=(0, 2)),
    ]
    pool = same(7, 3, 2) + same(8, 2, 3)
    yield "max_pools_same", [2, 7, 8], [
        Padded(pool, nn.MaxPool2d((3, 2), stride=(2, 3)), value=-math.inf),
        Padded(same(4, 2, 1) + same(3, 2, 1), nn.MaxPool2d(2, stride=1), value=-math.inf),
    ]
    yield "average_pools", [3, 9, 11], [
        nn.AvgPool2d(3, stride=2, padding=1),
        nn.AvgPool2d((2, 3), stride=1),
        ("conv", conv(3, 5, 1)),
        nn.AvgPool2d(2),
    ]
    yield "average_pools_without_padding", [3, 9, 8], [
        nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False),
        AvgWithoutPadding((1, 0, 0, 1), 2, 1),
        AvgWithoutPadding(same(5, 2, 2) + same(4, 2, 2), 2, 2),
    ]
    yield "average_pool_padded_by_four_numbers", [2, 6, 7], [
        Padded((1, 0, 0, 1), nn.AvgPool2d(3, stride=2)),
    ]
    yield "global_average", [3, 7, 6], [
        ("conv", conv(3, 12, 3)),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        ("fc", nn.Linear(12, 5)),
    ]
    yield "norms_folded", [3, 8, 8], [
        ("conv1", conv(3, 8, 3)),
        ("bn1", nn.BatchNorm2d(8)),
        nn.ReLU(),
        nn.MaxPool2d(2),
        ("conv2", conv(8, 6, 3, bias=False)),
        ("bn2", nn.BatchNorm2d(6, eps=1e-3)),
        nn.Flatten(),
        ("fc", nn.Linear(6, 5)),
        ("bn3", nn.BatchNorm1d(5)),
    ]
    yield "norms_alone", [3, 7, 7], [
        ("first", nn.BatchNorm2d(3)),
        ("conv", conv(3, 6, 3, padding=1)),
        nn.ReLU(),
        ("after_relu", nn.BatchNorm2d(6)),
        nn.MaxPool2d(2),
        ("after_pool", nn.BatchNorm2d(6, eps=0.1)),
        nn.Sigmoid(),
    ]
    yield "norms_twice", [2, 5, 5], [
        ("conv", conv(2, 4, 3)),
        ("bn1", nn.BatchNorm2d(4)),
        ("bn2", nn.BatchNorm2d(4)),
        nn.ReLU(),
    ]
    yield "norms_flat", [12], [
        ("first", nn.BatchNorm1d(12)),
        ("fc1", nn.Linear(12, 9)),
        nn.ReLU(),
        ("bn", nn.BatchNorm1d(9)),
        ("fc2", nn.Linear(9, 4, bias=False)),
    ]
    yield "activations", [2, 6, 6], [
        ("conv1", conv(2, 5, 3, padding=1)),
        nn.LeakyReLU(),
        ("conv2", conv(5, 5, 1)),
        nn.Sigmoid(),
        ("conv3", conv(5, 5, 1)),
        nn.Tanh(),
        ("conv4", conv(5, 5, 1)),
        nn.Hardswish(),
        ("conv5", conv(5, 5, 1)),
        nn.SiLU(),
        ("conv6", conv(5, 5, 1)),
        nn.ReLU6(),
    ]
    yield "activations_alone", [3, 4, 5], [
        nn.LeakyReLU(0.2),
        nn.SiLU(),
        nn.Hardswish(),
        nn.Tanh(),
        nn.ReLU(),
        nn.Sigmoid(),
        nn.ReLU6(),
    ]
    yield "softmax_of_pixels", [3, 4, 5], [("conv", conv(3, 6, 1)), nn.Softmax(1)]
    yield "residual", [6, 6, 6], [
        (
            "block",
            Residual(
                [
                    ("conv1", conv(6, 6, 3, padding=1, bias=False)),
                    ("bn1", nn.BatchNorm2d(6)),
                    nn.ReLU(),
                    ("conv2", conv(6, 6, 3, padding=1, bias=False)),
                    ("bn2", nn.BatchNorm2d(6)),
                ]
            ),
        ),
        nn.ReLU(),
    ]
    yield "residual_with_shortcut", [4, 8, 7], [
        (
            "block1",
            Residual(
                [
                    ("conv1", conv(4, 8, 3, stride=2, padding=1)),
                    nn.ReLU(),
                    ("conv2", conv(8, 8, 3, padding=1)),
                ],
                [("skip", conv(4, 8, 1, stride=2, bias=False)), ("skip_bn", nn.BatchNorm2d(8))],
            ),
        ),
        nn.ReLU(),
        Residual([("conv3", conv(8, 8, 3, padding=1))], [nn.MaxPool2d(3, stride=1, padding=1)]),
    ]
    yield "residual_nested", [3, 6, 6], [
        (
            "outer",
            Residual(
                [
                    ("conv1", conv(3, 5, 3, padding=1)),
                    (
                        "inner",
                        Residual([("conv", conv(5, 5, 3, padding=1)), nn.Tanh()]),
                    ),
                    ("tail", Sequential(("conv", conv(5, 3, 1)), ("bn", nn.BatchNorm2d(3)))),
                ]
            ),
        ),
        nn.SiLU(),
        Residual([Residual([("conv2", conv(3, 3, 1))]), nn.ReLU()]),
    ]
    yield "residual_flat", [10], [
        ("block", Residual([("fc1", nn.Linear(10, 14)), nn.ReLU(), ("fc2", nn.Linear(14, 10))])),
        ("fc", nn.Linear(10, 3)),
    ]
    yield "inverted_residual", [4, 7, 7], [
        (
            "block",
            Residual(
                [
                    ("expand", conv(4, 12, 1, bias=False)),
                    ("bn1", nn.BatchNorm2d(12)),
                    nn.Hardswish(),
                    ("depthwise", conv(12, 12, 3, padding=1, groups=12, bias=False)),
                    ("bn2", nn.BatchNorm2d(12)),
                    nn.Hardswish(),
                    ("project", conv(12, 4, 1, bias=False)),
                    ("bn3", nn.BatchNorm2d(4)),
                ]
            ),
        ),
        nn.AdaptiveAvgPool2d(1),
    ]
    yield "sequential", [1, 10, 10], [
        (
            "features",
            Sequential(
                ("conv1", conv(1, 4, 3)),
                nn.ReLU(),
                Sequential(("conv2", conv(4, 6, 3)), nn.ReLU()),
                nn.MaxPool2d(2),
            ),
        ),
        nn.Flatten(),
        (
            "classifier",
            Sequential(
                nn.Dropout(0.3),
                ("fc1", nn.Linear(54, 12)),
                nn.ReLU(),
                nn.Dropout(),
                ("fc2", nn.Linear(12, 4)),
                nn.Softmax(1),
            ),
        ),
    ]
    yield "flatten_last", [2, 5, 6], [("conv", conv(2, 3, 3)), nn.ReLU(), nn.Flatten()]
    yield "flatten_first", [2, 3, 4], [nn.Flatten(), ("fc", nn.Linear(24, 7)), nn.Tanh()]
    yield "flat_input", [40], [
        ("fc1", nn.Linear(40, 17)),
        nn.ReLU(),
        ("fc2", nn.Linear(17, 33, bias=False)),
        nn.Sigmoid(),
        ("fc3", nn.Linear(33, 1)),
    ]
    yield "lenet", [1, 12, 12], [
        ("conv1", conv(1, 6, 5, padding=2)),
        nn.ReLU(),
        nn.MaxPool2d(2),
        ("conv2", conv(6, 10, 5, padding=1)),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        ("fc1", nn.Linear(40, 16)),
        nn.ReLU(),
        ("fc2", nn.Linear(16, 10)),
        nn.Softmax(1),
    ]


def write(name, shape, layers):
    torch.manual_seed(zlib.crc32(name.encode()))
    network = Sequential(*layers)
    tensors = {}
    for prefix, layer in named(network):
        layer.reset_parameters()
        randomize(layer)
        for key, value in layer.state_dict().items():
            tensors[prefix + key] = value.numpy().copy()
    images = torch.randn(IMAGES, *shape)

    for _, layer in named(network):
        layer.double().eval()
    with torch.no_grad():
        exact = images.double()
        output, error = follow(Sequential(*evaluating(network)), exact, torch.zeros_like(exact))

    save_file(tensors, str(OUT / f"{name}.safetensors"))
    output32 = output.numpy().astype("<f4")
    # What is written is rounded, too.
    error = error.numpy() + U * np.abs(output.numpy())
    images.numpy().astype("<f4").tofile(OUT / f"{name}.input")
    output32.tofile(OUT / f"{name}.output")
    error.astype("<f4").tofile(OUT / f"{name}.bound")
    relative = error.max() / np.abs(output.numpy()).max()
    print(f"{name:40} {str(shape):14} -> {str(list(output.shape[1:])):12} bound {relative:.1e} of the largest")


def evaluating(network):
    for layer in modules(network):
        layer.eval()
    return network.layers


def modules(layer):
    if isinstance(layer, Residual):
        yield from modules(layer.main)
        yield from modules(layer.shortcut)
    elif isinstance(layer, Sequential):
        for item in layer.layers:
            yield from modules(item[1] if isinstance(item, tuple) else item)
    else:
        yield layer


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for name, shape, layers in networks():
        write(name, shape, layers)


if __name__ == "__main__":
    sys.exit(main())
