//! Walks the layers in the order of the data and works out every shape. All that can be wrong with a
//! layer's numbers is found here; after a mistake the walk goes on with what is still known.

use crate::layer::{Arguments, LIMIT, Layer};
use crate::model::Node;
use crate::parse::{List, Value};
use crate::report::Report;
use crate::shape::{Input, Shape, known, show, volume};
use syn::Ident;

/// A layer with all its numbers.
pub(crate) enum Inferred {
    Layer(Sized),
    /// The paths, and their addition as a layer.
    Residual {
        main: Vec<Inferred>,
        shortcut: Vec<Inferred>,
        sum: Sized,
    },
}

/// A layer and its shapes, as written.
#[derive(Clone)]
pub(crate) struct Sized {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) input: [usize; 3],
    pub(crate) output: [usize; 3],
    pub(crate) layer: Layer,
}

/// Works out the shapes of all layers. A layer with a mistake is left out of the result.
pub(crate) fn infer(
    nodes: &[Node<'_>],
    name: &Ident,
    input: Shape,
    declared: Option<(&List, Shape)>,
    report: &mut Report,
) -> (Vec<Inferred>, Shape) {
    let input = Input { shape: input, from: format!("the input of `{name}`") };
    let (layers, output) = path(nodes, input, report);
    // An output that is known in part follows from a mistake, which is reported.
    if let Some((list, declared)) = declared
        && known(output.shape).is_some()
        && differ(declared, output.shape)
    {
        report.error(
            list.place,
            &format!(
                "`{name}`: the declared output is {}, and the layers give {output}",
                show(declared)
            ),
            &format!("write `-> {}`, or change the layers", show(output.shape)),
        );
    }
    (layers, declared.map_or(output.shape, |(_, declared)| declared))
}

/// A declared shape: `[channels, height, width]`, or `[values]` of a flat one.
pub(crate) fn declared(list: &List, name: &Ident, report: &mut Report) -> Shape {
    let mut size = |value: &Value| {
        let (what, help) = match *value {
            Value::Integer(size @ 1.., _) if size <= LIMIT as i128 => return Some(size as usize),
            Value::Integer(1.., _) => ("a size is too large", format!("write at most {LIMIT}")),
            Value::Integer(size, _) => {
                let what = if size == 0 { "a size is 0" } else { "a size is negative" };
                (what, "write 1 or more".to_owned())
            }
            Value::Wrong => return None,
            Value::Path(_) => (
                "a size is not a number",
                "write it in digits: a macro can't see the value of a constant".to_owned(),
            ),
            _ => ("a size is not a whole number", "write a number such as 28".to_owned()),
        };
        report.error(value.place(), &format!("`{name}`: {what}"), &help);
        None
    };
    let sizes: Vec<_> = list.values.iter().map(&mut size).collect();
    let shape = match sizes[..] {
        [values] => [values, Some(1), Some(1)],
        [channels, height, width] => [channels, height, width],
        _ => {
            report.error(
                list.place,
                &format!("`{name}`: a shape has 1 or 3 sizes, found {}", sizes.len()),
                "write `[channels, height, width]`, or `[values]`; the batch size is never written",
            );
            [None; 3]
        }
    };
    if too_large(shape) {
        let message = format!("`{name}`: the shape {} has too many values", show(shape));
        report.error(list.place, &message, &format!("there are at most {LIMIT}"));
        return [None; 3];
    }
    shape
}

fn path(nodes: &[Node<'_>], mut input: Input, report: &mut Report) -> (Vec<Inferred>, Input) {
    let mut layers = Vec::with_capacity(nodes.len());
    for node in nodes {
        match node {
            Node::Unknown { name } => {
                let from = name.as_ref().map_or("a layer".to_owned(), |name| format!("`{name}`"));
                input = Input { shape: [None; 3], from };
            }
            Node::Sequential(nodes) => {
                let (inner, output) = path(nodes, input, report);
                layers.extend(inner);
                input = output;
            }
            Node::Layer { name, kind, item } => {
                let mut arguments = Arguments::new(name, kind, item, report);
                let made = (kind.make)(&mut arguments, &input);
                let mut shape = made.output;
                if too_large(shape) {
                    let message = format!("its output {} has too many values", show(shape));
                    let place = arguments.kind_place();
                    arguments.error(place, &message, &format!("there are at most {LIMIT}"));
                    shape = [None; 3];
                }
                let layer = made.layer.zip(known(input.shape)).zip(known(shape));
                layers.extend(layer.map(|((layer, input), output)| {
                    let name = name.clone();
                    Inferred::Layer(Sized { name, kind: kind.name, input, output, layer })
                }));
                input = Input { shape, from: format!("`{name}`") };
            }
            Node::Residual { name, place, main, shortcut } => {
                let (main, by_main) = path(main, input.clone(), report);
                let (shortcut, by_shortcut) = path(shortcut, input.clone(), report);
                if differ(by_main.shape, by_shortcut.shape) {
                    report.error(
                        *place,
                        &format!(
                            "`{name}`: the two paths differ: its layers give {by_main}, \
                             its shortcut gives {by_shortcut}",
                        ),
                        &shortcut_help(by_main.shape, input.shape),
                    );
                }
                let shape = [0, 1, 2].map(|axis| by_main.shape[axis].or(by_shortcut.shape[axis]));
                layers.extend(known(shape).map(|shape| Inferred::Residual {
                    main,
                    shortcut,
                    sum: Sized {
                        name: name.clone(),
                        kind: "Residual",
                        input: shape,
                        output: shape,
                        layer: Layer::Residual,
                    },
                }));
                input = Input { shape, from: format!("`{name}`") };
            }
        }
    }
    (layers, input)
}

/// The convolution that a shortcut needs to give what the other path gives.
fn shortcut_help(main: Shape, input: Shape) -> String {
    if let (Some([c, h, w]), Some([_, height, width])) = (known(main), known(input)) {
        let stride = [height.div_ceil(h), width.div_ceil(w)];
        let gives = [height.div_ceil(stride[0]), width.div_ceil(stride[1])];
        let options = match stride {
            [1, 1] => String::new(),
            [h, w] if h == w => format!("(stride = {h})"),
            [h, w] => format!("(stride = [{h}, {w}])"),
        };
        if gives == [h, w] {
            return format!(
                "give both one shape, such as with `shortcut {{ skip: Conv2d<{c}, 1>{options} }}`"
            );
        }
    }
    "give both one shape: the layers may need `padding = same`".to_owned()
}

fn differ(a: Shape, b: Shape) -> bool {
    a.into_iter().zip(b).any(|sizes| matches!(sizes, (Some(a), Some(b)) if a != b))
}

fn too_large(shape: Shape) -> bool {
    let values =
        shape.iter().flatten().try_fold(1, |values: usize, &size| values.checked_mul(size));
    values.is_none_or(|values| values > LIMIT)
}

/// A shape whose unknown sizes are 1, for types after a mistake.
pub(crate) fn guess(shape: Shape) -> [usize; 3] {
    let shape = shape.map(|size| size.unwrap_or(1));
    debug_assert!(volume(shape) > 0);
    shape
}
