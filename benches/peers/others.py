#!/usr/bin/env python3
"""LeNet-5 in ONNX Runtime and LiteRT, as their Python packages run it: the same weights and images as
the program beside this file, one thread, one interleaved run. Times are the wall clock's, and without
the search for the largest score, which the program counts.

    python3 -m venv ~/peers && ~/peers/bin/pip install numpy onnx onnxruntime ai-edge-litert
    ~/peers/bin/python benches/peers/others.py [--images N] [--json]

Both models are made here from the weights. A call's time includes what Python adds to it: some
microseconds, which `call overhead` tells with a network of one addition.
"""

import argparse
import gzip
import json
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from ai_edge_litert import schema_py_generated as tfl
from ai_edge_litert.interpreter import Interpreter
from onnx import TensorProto, helper, numpy_helper

DATA = Path(__file__).resolve().parents[2] / "data"
LAYERS = {"conv1": (6, 1, 5, 5), "conv2": (16, 6, 5, 5), "conv3": (120, 16, 5, 5), "fc1": (84, 120), "fc2": (10, 84)}
CHUNK = 64
CHECKED, RIGHT = 1000, 987  # on the first images, as the first row of the program beside this file


def weights():
    values = np.fromfile(DATA / "reference-lenet.raw", "<f4")
    found, at = {}, 0
    for name, shape in LAYERS.items():
        for part, sizes in (("weight", shape), ("bias", shape[:1])):
            size = int(np.prod(sizes))
            found[f"{name}.{part}"] = values[at : at + size].reshape(sizes)
            at += size
    assert at == len(values), "the weights are LeNet-5's"
    return found


def images():
    pixels = gzip.open(DATA / "t10k-images-idx3-ubyte.gz").read()[16:]
    labels = gzip.open(DATA / "t10k-labels-idx1-ubyte.gz").read()[8:]
    pixels = np.frombuffer(pixels, np.uint8).reshape(-1, 28, 28).astype(np.float32) / 255
    return pixels, np.frombuffer(labels, np.uint8)


def onnx_model(parameters, batch):
    nodes, last = [], "input"

    def node(kind, name, *inputs, **options):
        nonlocal last
        nodes.append(helper.make_node(kind, [last, *inputs], [name], **options))
        last = name

    for name, shape in LAYERS.items():
        names = (f"{name}.weight", f"{name}.bias")
        if len(shape) == 4:
            node("Conv", name, *names, kernel_shape=[5, 5], pads=[2 if name == "conv1" else 0] * 4)
        else:
            node("Gemm", name, *names, transB=1)
        if name != "fc2":
            node("Relu", f"{name}.relu")
        if name in ("conv1", "conv2"):
            node("MaxPool", f"{name}.pool", kernel_shape=[2, 2], strides=[2, 2])
        if name == "conv3":
            node("Flatten", "flat")
    node("Softmax", "output", axis=1)
    floats = TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "LeNet5",
        [helper.make_tensor_value_info("input", floats, [batch, 1, 28, 28])],
        [helper.make_tensor_value_info("output", floats, [batch, 10])],
        [numpy_helper.from_array(value, name) for name, value in parameters.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


class OnnxRuntime:
    def __init__(self, parameters, batch):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.name = f"onnxruntime-{onnxruntime.__version__} f32/b{batch}"
        self.batch = batch
        self.session = onnxruntime.InferenceSession(
            onnx_model(parameters, batch), options, providers=["CPUExecutionProvider"]
        )

    def prepare(self, pixels):
        pixels = np.ascontiguousarray(pixels.reshape(self.batch, 1, 28, 28))
        binding = self.session.io_binding()
        binding.bind_cpu_input("input", pixels)
        output = onnxruntime.OrtValue.ortvalue_from_shape_and_type((self.batch, 10), np.float32)
        binding.bind_ortvalue_output("output", output)
        return binding, output, pixels

    def call(self, prepared):
        self.session.run_with_iobinding(prepared[0])

    def scores(self, prepared):
        return prepared[1].numpy()


def litert_model(parameters, batch):
    import flatbuffers

    model, graph = tfl.ModelT(), tfl.SubGraphT()
    model.version, model.description = 3, "LeNet5"
    model.subgraphs, model.buffers = [graph], [tfl.BufferT()]
    graph.tensors, graph.operators, model.operatorCodes = [], [], []
    codes = {}

    def tensor(name, shape, values=None):
        tensor = tfl.TensorT()
        tensor.name, tensor.shape, tensor.type = name, list(shape), tfl.TensorType.FLOAT32
        tensor.buffer = 0
        if values is not None:
            buffer = tfl.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
            model.buffers.append(buffer)
            tensor.buffer = len(model.buffers) - 1
        graph.tensors.append(tensor)
        return len(graph.tensors) - 1

    def operator(kind, inputs, name, shape, options_kind, options):
        if kind not in codes:
            code = tfl.OperatorCodeT()
            code.builtinCode, code.deprecatedBuiltinCode, code.version = kind, kind, 1
            codes[kind] = len(model.operatorCodes)
            model.operatorCodes.append(code)
        operator = tfl.OperatorT()
        operator.opcodeIndex, operator.inputs = codes[kind], inputs
        operator.outputs = [tensor(name, shape)]
        operator.builtinOptionsType, operator.builtinOptions = options_kind, options
        graph.operators.append(operator)
        return operator.outputs[0]

    builtin, kinds = tfl.BuiltinOperator, tfl.BuiltinOptions
    relu, none = tfl.ActivationFunctionType.RELU, tfl.ActivationFunctionType.NONE
    last = tensor("input", (batch, 28, 28, 1))
    graph.inputs = [last]
    sizes = {"conv1": (28, 14), "conv2": (10, 5), "conv3": (1, 1)}
    for name, shape in LAYERS.items():
        weight, bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
        if len(shape) == 4:
            weight = weight.transpose(0, 2, 3, 1)
        inputs = [last, tensor(f"{name}.weight", weight.shape, weight), tensor(f"{name}.bias", bias.shape, bias)]
        if len(shape) == 2:
            options = tfl.FullyConnectedOptionsT()
            options.fusedActivationFunction = none if name == "fc2" else relu
            last = operator(
                builtin.FULLY_CONNECTED, inputs, name, (batch, shape[0]), kinds.FullyConnectedOptions, options
            )
            continue
        options, (side, pooled) = tfl.Conv2DOptionsT(), sizes[name]
        options.padding = tfl.Padding.SAME if name == "conv1" else tfl.Padding.VALID
        options.strideH = options.strideW = options.dilationHFactor = options.dilationWFactor = 1
        options.fusedActivationFunction = relu
        last = operator(builtin.CONV_2D, inputs, name, (batch, side, side, shape[0]), kinds.Conv2DOptions, options)
        if pooled != side:
            options = tfl.Pool2DOptionsT()
            options.padding, options.fusedActivationFunction = tfl.Padding.VALID, none
            options.strideH = options.strideW = options.filterHeight = options.filterWidth = 2
            pool = (batch, pooled, pooled, shape[0])
            last = operator(builtin.MAX_POOL_2D, [last], f"{name}.pool", pool, kinds.Pool2DOptions, options)
    options = tfl.SoftmaxOptionsT()
    options.beta = 1.0
    graph.outputs = [operator(builtin.SOFTMAX, [last], "output", (batch, 10), kinds.SoftmaxOptions, options)]
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


class LiteRt:
    def __init__(self, parameters, batch):
        from importlib.metadata import version

        self.name = f"litert-{version('ai-edge-litert')} f32/b{batch}"
        self.batch = batch
        self.interpreter = Interpreter(model_content=litert_model(parameters, batch), num_threads=1)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]["index"]
        self.output = self.interpreter.get_output_details()[0]["index"]

    def prepare(self, pixels):
        return np.ascontiguousarray(pixels.reshape(self.batch, 28, 28, 1))

    def call(self, prepared):
        self.interpreter.set_tensor(self.input, prepared)
        self.interpreter.invoke()

    def scores(self, prepared):
        return self.interpreter.get_tensor(self.output)


def digits(engine, pixels):
    found = []
    for first in range(0, len(pixels) - engine.batch + 1, engine.batch):
        prepared = engine.prepare(pixels[first : first + engine.batch])
        engine.call(prepared)
        found += engine.scores(prepared).argmax(axis=1).tolist()
    return np.array(found)


def overhead():
    """The median time of a call of the smallest network that there is."""
    floats = TensorProto.FLOAT
    value = [helper.make_tensor_value_info(name, floats, [1]) for name in ("input", "output")]
    graph = helper.make_graph([helper.make_node("Add", ["input"] * 2, ["output"])], "one", value[:1], value[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    binding.bind_cpu_input("input", np.ones(1, np.float32))
    binding.bind_output("output")
    return np.median([timed(lambda: session.run_with_iobinding(binding)) for _ in range(1000)])


def timed(call):
    start = time.perf_counter()
    call()
    return 1e6 * (time.perf_counter() - start)


def images_to_time(text):
    count = int(text)
    if not 1 <= count <= 9984:
        raise ValueError
    return count


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--images", type=images_to_time, default=5000, help="images that each engine is timed on")
    arguments.add_argument("--json", action="store_true", help="one document instead of the table")
    options = arguments.parse_args()
    parameters, (pixels, labels) = weights(), images()
    engines = [kind(parameters, batch) for kind in (OnnxRuntime, LiteRt) for batch in (1, CHUNK)]
    first = None
    for engine in engines:
        found = digits(engine, pixels[: CHECKED // CHUNK * CHUNK + CHUNK])[:CHECKED]
        right = int((found == labels[:CHECKED]).sum())
        if right != RIGHT:
            sys.exit(f"{engine.name}: {right} of {CHECKED} right, {RIGHT} expected")
        first = found if first is None else first
        if (found != first).any():
            sys.exit(f"{engine.name}: other digits than {engines[0].name}")
    times = {engine.name: [] for engine in engines}
    right = dict.fromkeys(times, 0)
    chunks = -(-options.images // CHUNK)
    for chunk in range(chunks):
        part = slice(chunk * CHUNK, chunk * CHUNK + CHUNK)
        for engine in engines:
            calls = [engine.prepare(pixels[part][at : at + engine.batch]) for at in range(0, CHUNK, engine.batch)]
            for prepared in calls[:2]:
                engine.call(prepared)
            for at, prepared in enumerate(calls):
                times[engine.name].append(timed(lambda: engine.call(prepared)) / engine.batch)
                found = engine.scores(prepared).argmax(axis=1)
                right[engine.name] += int((found == labels[part][at * engine.batch :][: engine.batch]).sum())
    rows = []
    for engine in engines:
        low, median, high = np.percentile(times[engine.name], (10, 50, 90))
        rows.append(
            {
                "name": engine.name,
                "batch": engine.batch,
                "images": chunks * CHUNK,
                "accuracy": right[engine.name] / (chunks * CHUNK),
                "us_per_image": median,
                "us_per_image_p10": low,
                "us_per_image_p90": high,
                "images_per_second": 1e6 / median,
            }
        )
    if options.json:
        print(json.dumps({"call_overhead_us": overhead(), "rows": rows}, indent=2))
        return
    print(f"{'LeNet-5':30} {'right':>9} {'median µs':>10} {'10 % to 90 %':>19} {'images/s':>9}")
    for row in rows:
        spread = f"{row['us_per_image_p10']:.2f} to {row['us_per_image_p90']:.2f}"
        print(
            f"{row['name']:30} {100 * row['accuracy']:>7.2f} % {row['us_per_image']:>10.2f} {spread:>19} "
            f"{row['images_per_second']:>9.0f}"
        )
    print(f"call overhead: {overhead():.2f} µs")


if __name__ == "__main__":
    main()
