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
    /// The field that knows what the network's input means.
    pub(crate) input: Ident,
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
    /// The row of the layer table that shows its results, if they are not those of the network's input.
    pub(crate) row: Option<usize>,
    /// The activation that a convolution takes over: its row.
    pub(crate) activation_row: Option<usize>,
    /// The convolution that took this activation over.
    pub(crate) follows: Option<usize>,
    /// Whether the sums of a convolution become floats, whatever it multiplies.
    pub(crate) real: bool,
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
    Convolution(Layer, Box<Convolution>),
    Layer(Layer),
    /// A change from this precision to the field's.
    Convert(Precision),
}

/// What numbers a layer or a feature map is in.
#[derive(Clone)]
pub(crate) enum Precision {
    /// The network's precision.
    Own,
    /// What the network's precision says of the first and the last layer with weights. Maps beside
    /// them are in the network's.
    Outer,
    /// Floats, whatever the network is in.
    Float,
    /// The one that a layer asks for, with what tells it from others.
    Asked(Rc<(String, Rc<Type>)>),
}

impl Precision {
    fn asked(asked: &Rc<Type>) -> Self {
        match asked.to_token_stream().to_string().as_str() {
            "f32" => Self::Float,
            text => Self::Asked(Rc::new((text.to_owned(), asked.clone()))),
        }
    }

    /// The precision of the maps that a layer in this one reads.
    fn of_maps(self) -> Self {
        match self {
            Self::Outer => Self::Own,
            other => other,
        }
    }

    /// The type that a layer asks for.
    pub(crate) fn path(&self) -> Option<&Rc<Type>> {
        match self {
            Self::Asked(asked) => Some(&asked.1),
            _ => None,
        }
    }

    /// What tells one precision from another.
    fn key(&self) -> (u8, &str) {
        match self {
            Self::Own => (0, ""),
            Self::Outer => (1, ""),
            Self::Float => (2, ""),
            Self::Asked(asked) => (3, &asked.0),
        }
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
    let weights = weights(layers);
    let outer = [weights.first(), weights.last()];
    let outer = outer.map(|layer| layer.map_or_else(String::new, |layer| layer.name.clone()));
    let precision = reader(layers, false).unwrap_or(Precision::Float);
    let mut planner = Planner {
        plan: Plan {
            layers: Vec::new(),
            fields: Vec::new(),
            input: Ident::new("input", Span::call_site()),
            forward: Program::new(input, precision.clone()),
            walk: Program::new(input, precision.clone()),
            stored: 0,
        },
        // What the module of the layers' types says itself.
        idents: ["Some", "None", "__cnn", "__verbose", "__marker"].map(str::to_owned).into(),
        outer,
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
    let map = planner.path(layers, map, &Precision::Float);
    planner.plan.input = planner.ident("input");
    planner.plan.forward.finish(map.forward);
    planner.plan.walk.finish(map.walk);
    planner.plan
}

/// The layers with weights, in the order of the data.
fn weights(layers: &[Inferred]) -> Vec<&Sized> {
    fn of(layer: &Inferred) -> Vec<&Sized> {
        match layer {
            Inferred::Layer(layer) if matches!(layer.layer.role(), Role::Weights) => vec![layer],
            Inferred::Layer(_) => Vec::new(),
            Inferred::Residual { main, shortcut, .. } => {
                [weights(main), weights(shortcut)].concat()
            }
        }
    }
    layers.iter().flat_map(of).collect()
}

/// The precision of the first layer that multiplies what goes into these: nothing before it changes
/// its numbers. A normalization right behind a convolution is part of that.
fn reader(layers: &[Inferred], behind_weights: bool) -> Option<Precision> {
    let mut folds = behind_weights;
    layers.iter().find_map(|layer| match layer {
        Inferred::Layer(layer) => match layer.layer.role() {
            Role::Weights => Some(layer.layer.precision().map_or(Precision::Own, Precision::asked)),
            Role::Norm if std::mem::take(&mut folds) => None,
            Role::Norm => Some(Precision::Own),
            Role::Identity => None,
            _ => {
                folds = false;
                None
            }
        },
        Inferred::Residual { main, shortcut, .. } => {
            folds = false;
            reader(main, false).or_else(|| reader(shortcut, false))
        }
    })
}

struct Planner {
    plan: Plan,
    idents: HashSet<String>,
    /// The first and the last layer with weights.
    outer: [String; 2],
}

impl Planner {
    /// Layers one after the other, whose last result is read in a precision.
    fn path(&mut self, layers: &[Inferred], map: Map, after: &Precision) -> Map {
        layers.iter().enumerate().fold(map, |map, (at, layer)| {
            let next = |behind_weights| {
                reader(&layers[at + 1..], behind_weights).unwrap_or_else(|| after.clone())
            };
            match layer {
                Inferred::Layer(layer) => {
                    let next = next(matches!(layer.layer.role(), Role::Weights));
                    self.layer(layer, map, &next)
                }
                Inferred::Residual { main, shortcut, sum } => {
                    self.residual([main, shortcut], sum, map, &next(false))
                }
            }
        })
    }

    fn layer(&mut self, layer: &Sized, map: Map, next: &Precision) -> Map {
        match layer.layer.role() {
            Role::Weights => self.weights(layer, map, next),
            Role::Norm => self.norm(layer, map, next),
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
                self.shown_in_row(field);
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

    /// The last row is that of a field.
    fn shown_in_row(&mut self, field: usize) {
        self.plan.fields[field].row = Some(self.plan.layers.len() - 1);
    }

    /// A layer whose result is its input.
    fn shown_again(&mut self, layer: &Sized, map: Map) -> Map {
        self.row(layer, 0, None);
        self.plan.walk.push(Step::Repeat { value: map.walk });
        map
    }

    fn weights(&mut self, layer: &Sized, map: Map, next: &Precision) -> Map {
        // A linear layer's weights can be packed in the order in which a flattened map lies in memory.
        let map =
            if matches!(layer.layer, Layer::Linear { .. }) { map } else { self.in_order(map) };
        let precision = match layer.layer.precision() {
            Some(asked) => Precision::asked(asked),
            None if self.outer.contains(&layer.name) => Precision::Outer,
            None => Precision::Own,
        };
        let map = self.converted(map, precision.clone().of_maps(), &layer.name);
        self.convolution(layer, map, precision, next)
    }

    fn norm(&mut self, layer: &Sized, map: Map, next: &Precision) -> Map {
        if let Some(writer) = map.writer
            && let State::Convolution(_, convolution) = &mut self.plan.fields[writer].state
            && convolution.norm.is_none()
            && let Layer::BatchNorm(eps) = layer.layer
        {
            convolution.norm = Some((layer.name.clone(), eps));
            return self.shown_again(layer, map);
        }
        let map = self.in_order(map);
        let map = self.converted(map, Precision::Own, &layer.name);
        self.convolution(layer, map, Precision::Own, next)
    }

    fn convolution(
        &mut self,
        layer: &Sized,
        map: Map,
        precision: Precision,
        next: &Precision,
    ) -> Map {
        let convolution = layer.layer.convolution(&layer.name, map.memory);
        let taps = convolution.as_ref().map_or(0, |convolution| {
            let [kh, kw] = convolution.window.kernel;
            map.memory[0] / convolution.groups * kh * kw
        });
        let field = self.field(layer, map.memory, layer.output, &precision, convolution);
        self.row(layer, volume(layer.output) * taps, Some(field));
        self.shown_in_row(field);
        let maps = precision.of_maps();
        // Where floats are wanted, sums become floats without being rounded before.
        self.plan.fields[field].real = *next == Precision::Float && maps != Precision::Float;
        let written = if self.plan.fields[field].real { Precision::Float } else { maps };
        Map {
            writer: Some(field),
            pooler: Some(field),
            ..self.run(field, Map { precision: written, ..map })
        }
    }

    fn elementwise(&mut self, layer: &Sized, map: Map) -> Map {
        let field = self.field(layer, map.memory, map.memory, &map.precision, None);
        self.row(layer, 0, None);
        self.shown_in_row(field);
        if let Some(writer) = map.writer
            && let State::Convolution(_, convolution) = &mut self.plan.fields[writer].state
            && let Layer::Activation(function) = &layer.layer
        {
            convolution.activation = Some(function.clone());
            self.plan.fields[writer].activation_row = self.plan.fields[field].row;
            self.plan.fields[field].follows = Some(writer);
            // As written, the convolution's sums are not rounded: that is done to the activations.
            self.plan.walk.become_floats(map.walk);
            let walk = self.plan.walk.run(field, &[map.walk], map.memory, &map.precision);
            return Map { walk, writer: None, ..map };
        }
        let shape = map.shape;
        Map { shape, ..self.run(field, map) }
    }

    fn residual(
        &mut self,
        [main, shortcut]: [&[Inferred]; 2],
        sum: &Sized,
        map: Map,
        next: &Precision,
    ) -> Map {
        let input = Map { writer: None, pooler: None, ..self.in_order(map) };
        let ident = self.ident(&sum.name);
        self.keep(&input, &format!("{ident}_input"));
        let main = self.path(main, input.clone(), next);
        let main = self.in_order(main);
        let mut other = input;
        // Whatever is computed for the other path must not take the place of this one's result.
        if !shortcut.is_empty() || other.precision != main.precision {
            self.keep(&main, &format!("{ident}_main"));
        }
        if !shortcut.is_empty() {
            other = self.path(shortcut, other, next);
            other = self.in_order(other);
        }
        let other = self.converted(other, main.precision.clone(), &sum.name);
        let field = self.field_named(ident, sum, &main.precision);
        self.row(sum, 0, None);
        self.shown_in_row(field);
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
        self.plan.fields[field].row = self.row_of(&map);
        self.run(field, map)
    }

    /// The row that shows a map's values.
    fn row_of(&self, map: &Map) -> Option<usize> {
        let writer = &self.plan.fields[self.plan.forward.values[map.forward.0].writer?];
        writer.activation_row.or(writer.row)
    }

    /// A map in another precision. The one place where a mixed network changes its numbers.
    fn converted(&mut self, map: Map, precision: Precision, reader: &str) -> Map {
        if map.precision == precision {
            return map;
        }
        let field = Field {
            ident: self.ident(&format!("{reader}_input")),
            name: format!("{reader}.input"),
            precision: precision.clone(),
            algorithm: None,
            input: map.memory,
            output: map.memory,
            state: State::Convert(map.precision.clone()),
            row: self.row_of(&map),
            activation_row: None,
            follows: None,
            real: false,
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
                Some(convolution) => State::Convolution(layer.layer.clone(), convolution.into()),
                None => State::Layer(layer.layer.clone()),
            },
            row: None,
            activation_row: None,
            follows: None,
            real: false,
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
            row: None,
            activation_row: None,
            follows: None,
            real: false,
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
