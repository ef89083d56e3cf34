//! `forward` for several images at once: one after the other up to where layers have one window, then together,
//! so that these layers' weights are loaded once for all.

use super::{Lines, Writer, local, slot};
use crate::plan::Field;
use crate::program::{Program, Step, ValueId};
use crate::shape::volume;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote};

/// The first step of a network's last part, in which every step runs a layer that needs nothing but the result
/// before it, and every result has one pixel. None, if no layer there may run for several images.
fn tail_start(writer: &Writer<'_>) -> Option<usize> {
    let Program { steps, values, .. } = &writer.plan.forward;
    let one_pixel = |value: &ValueId| matches!(values[value.0].shape, [_, 1, 1]);
    let mut first = None;
    for (at, step) in steps.iter().enumerate().rev() {
        match step {
            Step::Run { field, inputs, output, .. } if inputs.len() == 1 && one_pixel(output) => {
                if shares(&writer.plan.fields[*field]) {
                    first = Some(at);
                }
            }
            _ => break,
        }
    }
    first
}

/// Whether a layer may run for several images at once.
fn shares(field: &Field) -> bool {
    field.has_weights() && !field.pools()
}

/// What `impl Network` says of this; nothing, if there is no such layer.
pub(super) fn items(writer: &Writer<'_>) -> Option<TokenStream> {
    let first = tail_start(writer)?;
    let program = &writer.plan.forward;
    let mut together = Together {
        lines: Lines::new(writer, program),
        staged: Vec::new(),
        used: vec![false; program.slots.len()],
        code: TokenStream::new(),
    };
    let (front, tail) = program.steps.split_at(first);
    together.front(front, tail);
    together.tail(tail);
    Some(together.finish(tail))
}

struct Together<'a> {
    /// What a loop over the images does.
    lines: Lines<'a>,
    /// Maps that lie there for all images, in two buffers by turns.
    staged: Vec<ValueId>,
    /// The buffers of one image that are needed.
    used: Vec<bool>,
    code: TokenStream,
}

impl Together<'_> {
    /// Everything up to the first layer that runs for all images.
    fn front(&mut self, front: &[Step], tail: &[Step]) {
        let program = self.lines.program;
        let [Step::Run { inputs, .. }, ..] = tail else {
            unreachable!("a tail starts with a layer that runs");
        };
        let input = self.lines.input("T", false);
        self.used[program.values[ValueId::INPUT.0].slot] = true;
        self.steps(front);
        let (x, code) = (self.lines.read(inputs[0]), self.lines.take());
        let len = Literal::usize_unsuffixed(volume(program.values[ValueId::INPUT.0].shape));
        let (buffer, count) = self.stage(inputs[0]);
        let maps = self.maps(inputs[0]);
        self.code.extend(quote! {
            let staged = #buffer.chunks_exact_mut(#count);
            for (image, staged) in image.chunks_exact(#len).zip(staged) {
                #input
                #code
                __cnn::stage(#x, staged);
            }
            let x: #maps = __cnn::staged(#buffer);
        });
    }

    /// The layers from there on, and writing the results.
    fn tail(&mut self, tail: &[Step]) {
        let (plan, program) = (self.lines.writer.plan, self.lines.program);
        let mut last = None;
        for step in tail {
            let Step::Run { field, output, .. } = step else {
                unreachable!("a tail's steps run layers");
            };
            let field = &plan.fields[*field];
            if !shares(field) {
                self.steps(std::slice::from_ref(step));
                last = Some(*output);
                continue;
            }
            if let Some(output) = last.take() {
                let code = self.lines.take();
                let (buffer, count) = self.stage(output);
                let maps = self.maps(output);
                self.code.extend(quote! {
                    let staged = #buffer.chunks_exact_mut(#count);
                    for (x, staged) in x.into_iter().zip(staged) {
                        #code
                        __cnn::stage(x, staged);
                    }
                    let x: #maps = __cnn::staged(#buffer);
                });
            }
            let (buffer, _) = self.stage(*output);
            let (ident, maps) = (&field.ident, self.maps(*output));
            self.code.extend(quote! {
                let x: #maps = self.#ident.forward_together(isa, x, #buffer, scratch);
            });
        }
        let result = &program.values[program.result.0];
        let (code, real) = (self.lines.take(), self.lines.writer.real(result, false));
        let len = Literal::usize_unsuffixed(volume(result.shape));
        self.code.extend(quote! {
            for (x, result) in x.into_iter().zip(result.chunks_exact_mut(#len)) {
                #code
                __cnn::output(x, #real, result);
            }
        });
    }

    /// Steps of one image.
    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            if let Step::Run { output, .. } = step {
                self.used[self.lines.program.values[output.0].slot] = true;
            }
            self.lines.forward(step, None);
        }
    }

    /// The buffer for a map of each image, and the blocks of one.
    fn stage(&mut self, value: ValueId) -> (Ident, TokenStream) {
        let buffer = self.buffer(self.staged.len());
        self.staged.push(value);
        self.lines.name(value);
        (buffer, self.count(value))
    }

    /// The variable of a buffer: those of one image come first.
    fn buffer(&self, turn: usize) -> Ident {
        slot(self.lines.program.slots.len() + turn % 2)
    }

    fn count(&self, value: ValueId) -> TokenStream {
        let value = &self.lines.program.values[value.0];
        let element = self.lines.writer.element(&value.precision);
        let len = Literal::usize_unsuffixed(volume(value.shape));
        quote!(__cnn::Block::count::<#element>(#len))
    }

    fn maps(&self, value: ValueId) -> TokenStream {
        let map = self.lines.map_type(value);
        quote!([#map; __cnn::IMAGES])
    }

    fn finish(self, tail: &[Step]) -> TokenStream {
        let writer = self.lines.writer;
        let slots = (0..2.min(self.staged.len())).map(|turn| {
            let counts = self.staged.iter().skip(turn).step_by(2).map(|value| self.count(*value));
            quote!(__cnn::staged_blocks(&[#(#counts),*]))
        });
        let layers = tail.iter().map(|step| {
            let Step::Run { field, .. } = step else { unreachable!("a tail's steps run layers") };
            &writer.plan.fields[*field]
        });
        let layers = layers.filter(|field| shares(field)).map(|field| {
            let field = writer.network.field_type(field, &quote!(__cnn));
            quote!(.or(<#field>::TOGETHER))
        });
        let own = self.used.iter().enumerate().map(|(at, used)| {
            let slot = if *used { slot(at).into_token_stream() } else { quote!(_) };
            split(&slot, "SLOTS", at)
        });
        let shared = (0..2.min(self.staged.len()))
            .map(|turn| split(&self.buffer(turn).into_token_stream(), "TOGETHER_SLOTS", turn));
        let code = &self.code;
        quote! {
            const TOGETHER: __cnn::Together = __cnn::Together::NONE #(#layers)*;
            const TOGETHER_SLOTS: &'static [usize] = &[#(#slots,)*];

            #[inline(always)]
            fn forward_together<I: __cnn::Isa, T: __cnn::Pixel>(
                &self,
                isa: I,
                image: &[T],
                result: &mut [f32],
                workspace: &mut [__cnn::Block],
            ) {
                #(#own)*
                #(#shared)*
                let scratch = workspace;
                #code
            }
        }
    }
}

/// Takes a buffer from the workspace.
fn split(slot: &TokenStream, sizes: &str, at: usize) -> TokenStream {
    let (sizes, at) = (local(sizes), Literal::usize_unsuffixed(at));
    quote! {
        let (#slot, workspace) =
            workspace.split_at_mut(<Self as __cnn::Network>::#sizes[#at]);
    }
}
