//! LeNet-5 as an ONNX file, for engines that read one: the same weights in the form that they take.
//!
//! A file is a protobuf message: fields of a number and a kind, either a varint or so many bytes. These
//! are the few that a model needs; the numbers are those of `onnx.proto`.

/// Layers with weights: name, shape of the weight.
const LAYERS: [(&str, &[i64]); 5] = [
    ("conv1", &[6, 1, 5, 5]),
    ("conv2", &[16, 6, 5, 5]),
    ("conv3", &[120, 16, 5, 5]),
    ("fc1", &[84, 120]),
    ("fc2", &[10, 84]),
];

/// The file for batches of a size, with the weights of a `.raw` file.
pub fn lenet(raw: &[u8], batch: i64) -> Vec<u8> {
    let mut graph = Message::default();
    let mut node = |operator: &str, inputs: &[&str], output: &str, attributes: &[Message]| {
        let mut node = Message::default();
        for input in inputs {
            node.text(1, input);
        }
        node.text(2, output).text(3, output).text(4, operator);
        for attribute in attributes {
            node.message(5, attribute);
        }
        graph.message(1, &node);
    };
    let mut from = "input".to_owned();
    for (name, shape) in LAYERS {
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        let inputs = [from.as_str(), &weight, &bias];
        if shape.len() == 4 {
            let padding = if name == "conv1" { 2 } else { 0 };
            let attributes = [list("kernel_shape", &[5, 5]), list("pads", &[padding; 4])];
            node("Conv", &inputs, name, &attributes);
        } else {
            node("Gemm", &inputs, name, &[number("transB", 1)]);
        }
        from = name.to_owned();
        if name != "fc2" {
            let relu = format!("{name}.relu");
            node("Relu", &[&from], &relu, &[]);
            from = relu;
        }
        if name == "conv1" || name == "conv2" {
            let pool = format!("{name}.pool");
            let attributes = [list("kernel_shape", &[2, 2]), list("strides", &[2, 2])];
            node("MaxPool", &[&from], &pool, &attributes);
            from = pool;
        }
        if name == "conv3" {
            node("Flatten", &[&from], "flat", &[]);
            from = "flat".to_owned();
        }
    }
    node("Softmax", &[&from], "output", &[number("axis", 1)]);
    graph.text(2, "LeNet5");
    let mut rest = raw;
    for (name, shape) in LAYERS {
        for (kind, shape) in [("weight", shape), ("bias", &shape[..1])] {
            let len = 4 * shape.iter().product::<i64>() as usize;
            let (values, after) = rest.split_at(len);
            rest = after;
            let mut tensor = Message::default();
            for &size in shape {
                tensor.varint(1, size as u64);
            }
            tensor.varint(2, FLOAT).text(8, &format!("{name}.{kind}")).bytes(9, values);
            graph.message(5, &tensor);
        }
    }
    assert!(rest.is_empty(), "the weights are LeNet-5's");
    graph.message(11, &value("input", &[batch, 1, 28, 28]));
    graph.message(12, &value("output", &[batch, 10]));
    let mut operators = Message::default();
    operators.text(1, "").varint(2, 13);
    let mut model = Message::default();
    model.varint(1, 8).text(2, "microcnn").message(7, &graph).message(8, &operators);
    model.0
}

/// The kind of element.
const FLOAT: u64 = 1;

fn number(name: &str, value: i64) -> Message {
    let mut attribute = Message::default();
    attribute.text(1, name).varint(3, value as u64).varint(20, 2);
    attribute
}

fn list(name: &str, values: &[i64]) -> Message {
    let mut attribute = Message::default();
    attribute.text(1, name);
    for &value in values {
        attribute.varint(8, value as u64);
    }
    attribute.varint(20, 7);
    attribute
}

/// An input or output of the graph.
fn value(name: &str, sizes: &[i64]) -> Message {
    let mut shape = Message::default();
    for &size in sizes {
        let mut dimension = Message::default();
        dimension.varint(1, size as u64);
        shape.message(1, &dimension);
    }
    let mut tensor = Message::default();
    tensor.varint(1, FLOAT).message(2, &shape);
    let mut kind = Message::default();
    kind.message(1, &tensor);
    let mut value = Message::default();
    value.text(1, name).message(2, &kind);
    value
}

#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn raw_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn varint(&mut self, field: u64, value: u64) -> &mut Self {
        self.raw_varint(field << 3);
        self.raw_varint(value);
        self
    }

    fn bytes(&mut self, field: u64, value: &[u8]) -> &mut Self {
        self.raw_varint(field << 3 | 2);
        self.raw_varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    fn text(&mut self, field: u64, value: &str) -> &mut Self {
        self.bytes(field, value.as_bytes())
    }

    fn message(&mut self, field: u64, value: &Self) -> &mut Self {
        self.bytes(field, &value.0)
    }
}
