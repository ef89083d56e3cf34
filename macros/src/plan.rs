//! Layers with shapes → the network's fields and two straight-line programs over them: `forward`, in
//! which convolutions take over what follows them, and `walk`, which runs each layer as written.

use crate::infer::{Inferred, Sized};
use crate::layer::{Convolution, Layer, Role};
use crate::program::{Program, Step, ValueId};
use crate::shape::volume;
use proc_macro2::Span;
use quote::ToTokens;
use std::collections::HashSet;
use std::rc::Rc;
use syn::{Ident, Type};

/// Everything that the expansion says.
pub(crate) struct Plan {
    /// The layers as written.
    pub(crate) layers: Vec<LayerRow>,
    /// The parts that have state or numbers of their own, in the order of the data.
    pub(crate) fields: Vec<Field>,
    pub(crate) forward: Program,
    pub(crate) walk: Program,
    /// Values in a `.raw` file.
    pub(crate) stored: usize,
}

/// A row of the layer table.
pub(crate) struct LayerRow {
    pub(crate) layer: Sized,
    pub(crate) parameters: usize,
    pub(crate) macs: usize,
    /// The field with the algorithm that runs it.
    pub(crate) convolution: Option<usize>,
}

/// A field of the struct.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    /// The layer's full name.
    pub(crate) name: String,
    pub(crate) precision: Precision,
    pub(crate) algorithm: Option<Rc<Type>>,
    pub(crate) input: [usize; 3],
    pub(crate) output: [usize; 3],
    pub(crate) state: State,
}

impl Field {
    /// Whether it has parameters, an algorithm and scratch memory.
    pub(crate) fn has_weights(&self) -> bool {
        matches!(self.state, State::Convolution(..))
    }

    /// Whether it has taken over a pool.
    pub(crate) fn pools(&self) -> bool {
        matches!(&self.state, State::Convolution(_, convolution) if convolution.pool.is_some())
    }
}

/// What a field is.
pub(crate) enum State {
    /// The struct of a layer with weights, and its numbers.
    Convolution(Layer, Convolution),
    Layer(Layer),
    /// A change from this precision to the field's.
    Convert(Precision),
}

/// The network's precision, or the one that a layer asks for instead.
#[derive(Clone)]
pub(crate) struct Precision(pub(crate) Option<Rc<(String, Rc<Type>)>>);

impl Precision {
    fn new(asked: Option<&Rc<Type>>) -> Self {
        Self(asked.map(|asked| Rc::new((asked.to_token_stream().to_string(), asked.clone()))))
    }

    /// What tells one precision from another.
    pub(crate) fn key(&self) -> Option<&str> {
        self.0.as_ref().map(|asked| asked.0.as_str())
    }
}

impl PartialEq for Precision {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

/// The feature map between two layers.
#[derive(Clone)]
struct Map {
    forward: ValueId,
    walk: ValueId,
    /// The shape in memory. It differs from `shape` after a `Flatten` that nothing has needed yet.
    memory: [usize; 3],
    /// The shape as written.
    shape: [usize; 3],
    precision: Precision,
    /// The convolution that just wrote it, if nobody else reads it: it can take over what follows.
    writer: Option<usize>,
    /// The same with its activation function: it can take over a pool.
    pooler: Option<usize>,
    /// The last `Flatten`.
    flatten: Option<String>,
}

/// Plans a network.
pub(crate) fn plan(layers: &[Inferred], input: [usize; 3]) -> Plan {
    let precision = Precision::new(first_weights(layers).and_then(|layer| layer.layer.precision()));
    let mut planner = Planner {
        plan: Plan {
            layers: Vec::new(),
            fields: Vec::new(),
            forward: Program::new(input, precision.clone()),
            walk: Program::new(input, precision.clone()),
            stored: 0,
        },
        // What the module of the layers' types says itself.
        idents: ["Some", "None", "__cnn", "__verbose", "__marker"].map(str::to_owned).into(),
    };
    let map = Map {
        forward: ValueId::INPUT,
        walk: ValueId::INPUT,
        memory: input,
        shape: input,
        precision,
        writer: None,
        pooler: None,
        flatten: None,
    };
    let map = planner.path(layers, map);
    planner.plan.forward.finish(map.forward);
    planner.plan.walk.finish(map.walk);
    planner.plan
}

/// The first layer that asks for a precision or does not, in the order of the data: the network's
/// input is converted to its precision, and to no other before.
fn first_weights(layers: &[Inferred]) -> Option<&Sized> {
    layers.iter().find_map(|layer| match layer {
        Inferred::Layer(layer) => matches!(layer.layer.role(), Role::Weights).then_some(layer),
        Inferred::Residual { main, shortcut, .. } => {
            first_weights(main).or_else(|| first_weights(shortcut))
        }
    })
}

struct Planner {
    plan: Plan,
    idents: HashSet<String>,
}

impl Planner {
    fn path(&mut self, layers: &[Inferred], map: Map) -> Map {
        layers.iter().fold(map, |map, layer| match layer {
            Inferred::Layer(layer) => self.layer(layer, map),
            Inferred::Residual { main, shortcut, sum } => self.residual(main, shortcut, sum, map),
        })
    }

    fn layer(&mut self, layer: &Sized, map: Map) -> Map {
        match layer.layer.role() {
            Role::Weights => self.weights(layer, map),
            Role::Norm => self.norm(layer, map),
            Role::Elementwise => self.elementwise(layer, map),
            Role::Flatten => {
                let flatten = Some(layer.name.clone());
                let writer = map.writer.filter(|_| map.memory == layer.output);
                self.shown_again(layer, Map { shape: layer.output, writer, flatten, ..map })
            }
            Role::Identity => self.shown_again(layer, map),
            Role::Plain => {
                let map = self.in_order(map);
                let field = self.field(layer, map.memory, layer.output, &map.precision, None);
                self.row(layer, 0, None);
                match map.pooler.filter(|_| matches!(layer.layer, Layer::MaxPool2d(_))) {
                    Some(writer) => self.pool(writer, field, map),
                    None => self.run(field, map),
                }
            }
        }
    }

    /// A maximum pool that the convolution before it takes over.
    fn pool(&mut self, writer: usize, field: usize, map: Map) -> Map {
        let Field { ident, output, .. } = &self.plan.fields[field];
        let (ident, output) = (ident.clone(), *output);
        if let State::Convolution(_, convolution) = &mut self.plan.fields[writer].state {
            convolution.pool = Some(ident);
        }
        self.plan.forward.reshape_last(map.forward, output);
        let walk = self.plan.walk.run(field, &[map.walk], output, &map.precision);
        Map { walk, memory: output, shape: output, writer: None, pooler: None, ..map }
    }

    /// A layer whose result is its input.
    fn shown_again(&mut self, layer: &Sized, map: Map) -> Map {
        self.row(layer, 0, None);
        self.plan.walk.push(Step::Repeat { value: map.walk });
        map
    }

    fn weights(&mut self, layer: &Sized, map: Map) -> Map {
        // A linear layer's weights can be packed in the order in which a flattened map lies in memory.
        let map =
            if matches!(layer.layer, Layer::Linear { .. }) { map } else { self.in_order(map) };
        let map = self.converted(map, Precision::new(layer.layer.precision()), &layer.name);
        self.convolution(layer, map)
    }

    fn norm(&mut self, layer: &Sized, map: Map) -> Map {
        if let Some(writer) = map.writer
            && let State::Convolution(_, convolution) = &mut self.plan.fields[writer].state
            && convolution.norm.is_none()
            && let Layer::BatchNorm(eps) = layer.layer
        {
            convolution.norm = Some((layer.name.clone(), eps));
            return self.shown_again(layer, map);
        }
        let map = self.in_order(map);
        self.convolution(layer, map)
    }

    fn convolution(&mut self, layer: &Sized, map: Map) -> Map {
        let convolution = layer.layer.convolution(&layer.name, map.memory);
        let taps = convolution.as_ref().map_or(0, |convolution| {
            let [kh, kw] = convolution.window.kernel;
            map.memory[0] / convolution.groups * kh * kw
        });
        let field = self.field(layer, map.memory, layer.output, &map.precision, convolution);
        self.row(layer, volume(layer.output) * taps, Some(field));
        Map { writer: Some(field), pooler: Some(field), ..self.run(field, map) }
    }

    fn elementwise(&mut self, layer: &Sized, map: Map) -> Map {
        let field = self.field(layer, map.memory, map.memory, &map.precision, None);
        self.row(layer, 0, None);
        if let Some(writer) = map.writer
            && let State::Convolution(_, convolution) = &mut self.plan.fields[writer].state
            && let Layer::Activation(function) = &layer.layer
        {
            convolution.activation = Some(function.clone());
            let walk = self.plan.walk.run(field, &[map.walk], map.memory, &map.precision);
            return Map { walk, writer: None, ..map };
        }
        let shape = map.shape;
        Map { shape, ..self.run(field, map) }
    }

    fn residual(&mut self, main: &[Inferred], shortcut: &[Inferred], sum: &Sized, map: Map) -> Map {
        let input = Map { writer: None, pooler: None, ..self.in_order(map) };
        let ident = self.ident(&sum.name);
        self.keep(&input, &format!("{ident}_input"));
        let main = self.path(main, input.clone());
        let main = self.in_order(main);
        let mut other = input;
        if !shortcut.is_empty() {
            self.keep(&main, &format!("{ident}_main"));
            other = self.path(shortcut, other);
            other = self.in_order(other);
        }
        let other = self.converted(other, main.precision.clone(), &sum.name);
        let field = self.field_named(ident, sum, &main.precision);
        self.row(sum, 0, None);
        let [forward, walk] =
            [(true, [main.forward, other.forward]), (false, [main.walk, other.walk])].map(
                |(forward, inputs)| {
                    let program =
                        if forward { &mut self.plan.forward } else { &mut self.plan.walk };
                    program.run(field, &inputs, sum.output, &main.precision)
                },
            );
        Map { forward, walk, writer: None, pooler: None, ..main }
    }

    /// A map whose values lie in memory as its shape says.
    fn in_order(&mut self, map: Map) -> Map {
        let ([channels, height, width], Some(flatten)) = (map.memory, &map.flatten) else {
            return map;
        };
        if map.memory == map.shape {
            return map;
        }
        if channels == 1 || height * width == 1 {
            let forward = self.plan.forward.view(map.forward, map.shape);
            let walk = self.plan.walk.view(map.walk, map.shape);
            return Map { forward, walk, memory: map.shape, writer: None, pooler: None, ..map };
        }
        let layer = Sized {
            name: flatten.clone(),
            kind: "Flatten",
            input: map.memory,
            output: map.shape,
            layer: Layer::Flatten,
        };
        let field = self.field(&layer, map.memory, map.shape, &map.precision, None);
        self.run(field, map)
    }

    /// A map in another precision. The one place where a mixed network changes its numbers.
    fn converted(&mut self, map: Map, precision: Precision, reader: &str) -> Map {
        if map.precision == precision {
            return map;
        }
        let field = Field {
            ident: self.ident(&format!("{reader}_input")),
            name: reader.to_owned(),
            precision: precision.clone(),
            algorithm: None,
            input: map.memory,
            output: map.memory,
            state: State::Convert(map.precision.clone()),
        };
        self.plan.fields.push(field);
        let field = self.plan.fields.len() - 1;
        let forward = self.plan.forward.convert(field, map.forward, &precision);
        let walk = self.plan.walk.convert(field, map.walk, &precision);
        Map { forward, walk, precision, writer: None, pooler: None, ..map }
    }

    /// Runs a field in both programs.
    fn run(&mut self, field: usize, map: Map) -> Map {
        let output = self.plan.fields[field].output;
        let forward = self.plan.forward.run(field, &[map.forward], output, &map.precision);
        let walk = self.plan.walk.run(field, &[map.walk], output, &map.precision);
        Map { forward, walk, memory: output, shape: output, writer: None, pooler: None, ..map }
    }

    /// Keeps a map under a name while others come and go.
    fn keep(&mut self, map: &Map, name: &str) {
        self.plan.forward.push(Step::Keep { value: map.forward, name: name.to_owned() });
        self.plan.walk.push(Step::Keep { value: map.walk, name: name.to_owned() });
    }

    fn row(&mut self, layer: &Sized, macs: usize, convolution: Option<usize>) {
        let [parameters, statistics] = layer.layer.parameters(layer.input);
        self.plan.stored += parameters + statistics;
        let layer = layer.clone();
        self.plan.layers.push(LayerRow { layer, parameters, macs, convolution });
        self.plan.walk.observe(self.plan.layers.len() - 1);
    }

    fn field(
        &mut self,
        layer: &Sized,
        input: [usize; 3],
        output: [usize; 3],
        precision: &Precision,
        convolution: Option<Convolution>,
    ) -> usize {
        let ident = self.ident(&layer.name);
        self.plan.fields.push(Field {
            ident,
            name: layer.name.clone(),
            precision: precision.clone(),
            algorithm: layer.layer.algorithm().cloned(),
            input,
            output,
            state: match convolution {
                Some(convolution) => State::Convolution(layer.layer.clone(), convolution),
                None => State::Layer(layer.layer.clone()),
            },
        });
        self.plan.fields.len() - 1
    }

    fn field_named(&mut self, ident: Ident, sum: &Sized, precision: &Precision) -> usize {
        self.plan.fields.push(Field {
            ident,
            name: sum.name.clone(),
            precision: precision.clone(),
            algorithm: None,
            input: sum.input,
            output: sum.output,
            state: State::Layer(sum.layer.clone()),
        });
        self.plan.fields.len() - 1
    }

    /// A Rust name for a layer: `block1.conv1` is `block1_conv1`.
    fn ident(&mut self, name: &str) -> Ident {
        let mut ident = name.replace('.', "_");
        if ident.starts_with(|first: char| first.is_ascii_digit()) {
            ident.insert(0, '_');
        }
        while !self.idents.insert(ident.clone()) {
            ident.push('_');
        }
        // A keyword is written raw, and one that can't be (`self`) gets an underscore.
        syn::parse_str(&ident)
            .or_else(|_| syn::parse_str(&format!("r#{ident}")))
            .unwrap_or_else(|_| Ident::new(&format!("{ident}_"), Span::call_site()))
    }
}
