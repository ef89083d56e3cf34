//! A straight line of steps over feature maps, and the buffers that these lie in.

use crate::plan::Precision;
use crate::shape::volume;

/// The steps of `forward` or `walk`.
pub(crate) struct Program {
    pub(crate) steps: Vec<Step>,
    pub(crate) values: Vec<Value>,
    pub(crate) result: ValueId,
    /// What each buffer has to hold: lengths in some precisions.
    pub(crate) slots: Vec<Vec<(Precision, usize)>>,
    /// The row of the layer table that the next step is for.
    row: Option<usize>,
}

/// A feature map.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ValueId(pub(crate) usize);

impl ValueId {
    /// The network's input.
    pub(crate) const INPUT: Self = Self(0);
}

/// What is known of a feature map.
pub(crate) struct Value {
    pub(crate) shape: [usize; 3],
    pub(crate) precision: Precision,
    /// The field that wrote it and knows what its values mean; the network's input has none.
    pub(crate) writer: Option<usize>,
    /// The buffer that it lies in.
    pub(crate) slot: usize,
    /// The map that it is a view of, or itself.
    root: ValueId,
    /// A map that it may be a view of: one that a conversion had nothing to do with.
    source: Option<ValueId>,
}

/// One line of a program.
pub(crate) enum Step {
    /// A field's forward function; in a walk for a row of the layer table, or none.
    Run { field: usize, inputs: Vec<ValueId>, output: ValueId, row: Option<usize> },
    /// A row of the layer table whose result is its input.
    Repeat { value: ValueId },
    /// The same values as another shape.
    View { input: ValueId, output: ValueId },
    /// A name for a map that is read again later.
    Keep { value: ValueId, name: String },
}

impl Program {
    /// A program that has done nothing yet with an input of this shape.
    pub(crate) fn new(input: [usize; 3], precision: Precision) -> Self {
        let root = ValueId::INPUT;
        let value = Value { shape: input, precision, writer: None, slot: 0, root, source: None };
        Self { steps: Vec::new(), values: vec![value], result: root, slots: Vec::new(), row: None }
    }

    /// The next step is for this row of the layer table.
    pub(crate) fn observe(&mut self, row: usize) {
        self.row = Some(row);
    }

    /// Adds a step that makes no new map.
    pub(crate) fn push(&mut self, step: Step) {
        if let Step::Repeat { .. } = step {
            self.row = None;
        }
        self.steps.push(step);
    }

    /// Runs a field, and gives its result.
    pub(crate) fn run(
        &mut self,
        field: usize,
        inputs: &[ValueId],
        shape: [usize; 3],
        precision: &Precision,
    ) -> ValueId {
        let output = ValueId(self.values.len());
        let precision = precision.clone();
        let writer = Some(field);
        self.values.push(Value { shape, precision, writer, slot: 0, root: output, source: None });
        let row = self.row.take();
        self.steps.push(Step::Run { field, inputs: inputs.to_vec(), output, row });
        output
    }

    /// The last step's result gets another shape: its field does more than it did.
    pub(crate) fn reshape_last(&mut self, result: ValueId, shape: [usize; 3]) {
        self.values[result.0].shape = shape;
    }

    /// Runs a conversion, whose result is its input where both precisions are one.
    pub(crate) fn convert(
        &mut self,
        field: usize,
        input: ValueId,
        precision: &Precision,
    ) -> ValueId {
        let output = self.run(field, &[input], self.values[input.0].shape, precision);
        self.values[output.0].source = Some(input);
        output
    }

    /// What was written as activations is written as floats.
    pub(crate) fn become_floats(&mut self, value: ValueId) {
        self.values[value.0].precision = Precision::Float;
    }

    /// The same values as another shape.
    pub(crate) fn view(&mut self, input: ValueId, shape: [usize; 3]) -> ValueId {
        let output = ValueId(self.values.len());
        let Value { precision, writer, root, .. } = &self.values[input.0];
        let (precision, writer, root) = (precision.clone(), *writer, *root);
        self.values.push(Value { shape, precision, writer, slot: 0, root, source: None });
        self.steps.push(Step::View { input, output });
        output
    }

    /// Ends the program, and gives each map the first buffer that is free while anyone reads it.
    pub(crate) fn finish(&mut self, result: ValueId) {
        self.result = result;
        let mut last_use = vec![0; self.values.len()];
        let mut read = |value: ValueId, at: usize| {
            let mut next = Some(value);
            while let Some(ValueId(value)) = next {
                let root = self.values[value].root.0;
                last_use[root] = at;
                next = self.values[root].source;
            }
        };
        for (at, step) in self.steps.iter().enumerate() {
            match step {
                Step::Run { inputs, output, .. } => {
                    // A result that nobody reads lives for its own step.
                    inputs.iter().chain([output]).for_each(|value| read(*value, at));
                }
                Step::Repeat { value } => read(*value, at),
                Step::View { .. } | Step::Keep { .. } => {}
            }
        }
        read(result, self.steps.len());

        let mut free_from: Vec<usize> = Vec::new();
        let mut take = |value: &Value, from: usize, until: usize, slots: &mut Vec<Vec<_>>| {
            let slot = free_from.iter().position(|&free| free <= from).unwrap_or_else(|| {
                free_from.push(0);
                slots.push(Vec::new());
                slots.len() - 1
            });
            free_from[slot] = until;
            let needs: &mut Vec<(Precision, usize)> = &mut slots[slot];
            let len = volume(value.shape);
            match needs.iter_mut().find(|(precision, _)| *precision == value.precision) {
                Some((_, most)) => *most = len.max(*most),
                None => needs.push((value.precision.clone(), len)),
            }
            slot
        };
        // The step that reads a map last still holds it, so its buffer is free from the next one on.
        self.values[0].slot = take(&self.values[0], 0, last_use[0] + 1, &mut self.slots);
        for (at, step) in self.steps.iter().enumerate() {
            match *step {
                Step::Run { output: ValueId(output), .. } => {
                    let value = &self.values[output];
                    self.values[output].slot =
                        take(value, at, last_use[output] + 1, &mut self.slots);
                }
                Step::View { input, output } => {
                    self.values[output.0].slot = self.values[input.0].slot;
                }
                Step::Repeat { .. } | Step::Keep { .. } => {}
            }
        }
    }
}
