//! The `Network` implementation: the layer table, the buffers, and the two programs as Rust code.

mod together;

use crate::expand::Network;
use crate::layer::{Meaning, numbers};
use crate::plan::{Field, Plan, Precision, State};
use crate::program::{Program, Step, Value, ValueId};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};

/// `impl Network for LeNet5<P, A>`.
pub(crate) fn implementation(network: &Network<'_>) -> TokenStream {
    let Network { name, p, a, .. } = network;
    let (this, bounds) = (network.this(), network.bounds(&a.to_token_stream(), &quote!(__cnn)));
    let shown_name = name.to_string();
    let (input, output) = (numbers(network.input), numbers(network.output));
    let body = match network.plan {
        Some(plan) => Writer { network, plan }.body(),
        None => body_after_a_mistake(),
    };
    quote! {
        impl<#p, #a> __cnn::Network for #this
        where
            #bounds
        {
            type Precision = #p;
            const NAME: &'static str = #shown_name;
            const INPUT: [usize; 3] = #input;
            const OUTPUT: [usize; 3] = #output;
            #body
        }
    }
}

/// The signatures of the trait's functions, with these bodies.
fn functions(
    forward: &TokenStream,
    walk: &TokenStream,
    build: &TokenStream,
    write: &TokenStream,
    weight_bytes: &TokenStream,
) -> TokenStream {
    quote! {
        #[inline(always)]
        fn forward_in_stages<I: __cnn::Isa, T: __cnn::Pixel, S: __cnn::Stages>(
            &self,
            isa: I,
            image: &[T],
            result: &mut [f32],
            workspace: &mut [__cnn::Block],
            stages: &mut S,
        ) {
            #forward
        }

        #[inline(always)]
        fn walk<I: __cnn::Isa, O: __cnn::Observer>(
            &self,
            isa: I,
            image: &[f32],
            workspace: &mut [__cnn::Block],
            observer: &mut O,
        ) {
            #walk
        }

        __cnn::with_alloc! {
            fn build<S: __cnn::Source>(
                source: &mut S,
            ) -> ::core::result::Result<Self, __cnn::LoadError> {
                #build
            }

            fn write<S: __cnn::Sink>(&self, sink: &mut S) {
                #write
            }
        }

        fn weight_bytes(&self) -> usize {
            #weight_bytes
        }

        fn verbose(&self) -> bool {
            self.__verbose
        }

        fn set_verbose(&mut self, verbose: bool) {
            self.__verbose = verbose;
        }
    }
}

/// After a mistake the network has its types, so that code that uses it is not wrong, too.
fn body_after_a_mistake() -> TokenStream {
    let diverge = quote!(::core::panic!("this network did not compile"));
    let functions = functions(&diverge, &diverge, &diverge, &diverge, &diverge);
    quote! {
        const LAYERS: &'static [__cnn::LayerInfo] = &[];
        const ALGORITHMS: &'static [&'static str] = &[];
        const STAGES: &'static [::core::option::Option<usize>] = &[];
        const STORED: usize = 0;
        const SLOTS: &'static [usize] = &[];
        const SCRATCH: usize = 0;
        const WALK_SLOTS: &'static [usize] = &[];
        const WALK_SCRATCH: usize = 0;
        #functions
    }
}

struct Writer<'a> {
    network: &'a Network<'a>,
    plan: &'a Plan,
}

impl Writer<'_> {
    fn body(&self) -> TokenStream {
        let plan = self.plan;
        let layers = plan.layers.iter().map(|row| {
            let (name, kind) = (&row.layer.name, row.layer.kind);
            let (input, output) = (numbers(row.layer.input), numbers(row.layer.output));
            let [parameters, macs] = [row.parameters, row.macs].map(Literal::usize_unsuffixed);
            quote! {
                __cnn::LayerInfo {
                    name: #name,
                    kind: #kind,
                    input: #input,
                    output: #output,
                    parameters: #parameters,
                    macs: #macs,
                }
            }
        });
        let algorithms = plan.layers.iter().map(|row| match row.convolution {
            Some(field) => {
                let field = self.network.field_type(&plan.fields[field], &quote!(__cnn));
                quote!(<#field>::ALGORITHM)
            }
            None => quote!(""),
        });
        let stages = self.stages();
        let stored = Literal::usize_unsuffixed(plan.stored);
        let slots = self.slots(&plan.forward);
        let walk_slots = self.slots(&plan.walk);
        let weights: Vec<_> = plan.fields.iter().filter(|field| field.has_weights()).collect();
        let scratch = |as_written: bool| {
            let sizes = weights.iter().map(move |field| {
                let name = match as_written {
                    true if field.activation_row.is_some() => quote!(SCRATCH_AS_WRITTEN),
                    false if field.pools() => quote!(POOLED_SCRATCH),
                    _ => quote!(SCRATCH),
                };
                let field = self.network.field_type(field, &quote!(__cnn));
                quote!(<#field>::#name)
            });
            quote!(__cnn::largest(&[#(#sizes,)*]))
        };
        let (scratch, walk_scratch) = (scratch(false), scratch(true));
        let marker = self.network.marker();
        let bytes = weights.iter().map(|field| &field.ident);
        let (build, write) = (self.build(&marker), self.write());
        let functions = functions(
            &self.forward(),
            &self.walk(),
            &build,
            &write,
            &quote!(__cnn::sum(&[#(self.#bytes.weight_bytes(),)*])),
        );
        let together = together::items(self);
        quote! {
            const LAYERS: &'static [__cnn::LayerInfo] = &[#(#layers,)*];
            const ALGORITHMS: &'static [&'static str] = &[#(#algorithms,)*];
            const STAGES: &'static [::core::option::Option<usize>] = &[#(#stages,)*];
            const STORED: usize = #stored;
            const SLOTS: &'static [usize] = &[#(#slots,)*];
            const SCRATCH: usize = #scratch;
            const WALK_SLOTS: &'static [usize] = &[#(#walk_slots,)*];
            const WALK_SCRATCH: usize = #walk_scratch;
            #together
            #functions
        }
    }

    /// Reading every field, in the order of the data, from what its inputs mean.
    fn build(&self, marker: &Option<TokenStream>) -> TokenStream {
        let plan = self.plan;
        let local = |field: usize| format_ident!("field{field}", span = Span::call_site());
        let mut code = TokenStream::new();
        for (at, field) in plan.fields.iter().enumerate() {
            let edges = self.inputs_of(at).into_iter().map(|writer| match writer {
                Some(writer) => {
                    let writer = local(writer);
                    quote!(#writer.edge())
                }
                None => quote!(input.edge()),
            });
            let edges: Vec<_> = edges.collect();
            let name = &field.name;
            let row = match field.row.map(Literal::usize_unsuffixed) {
                Some(row) => quote!(::core::option::Option::Some(#row)),
                None => quote!(::core::option::Option::None),
            };
            let place = quote!(__cnn::Place { name: #name, row: #row });
            let kind = self.network.field_type(field, &quote!(__cnn));
            let value = match &field.state {
                State::Convolution(..) => {
                    let row = field.row.unwrap_or_default();
                    let rows = [row, field.activation_row.unwrap_or(row)];
                    let rows = rows.map(Literal::usize_unsuffixed);
                    quote!(<#kind>::load(source, [#(#rows),*], #(#edges)*)?)
                }
                State::Layer(_)
                    if field.follows.is_some_and(|writer| !plan.fields[writer].real) =>
                {
                    let writer = local(field.follows.unwrap_or_default());
                    quote!(<#kind>::following(#writer.ends(), #writer.lookup()))
                }
                State::Layer(_) if field.follows.is_some() => {
                    quote!(::core::default::Default::default())
                }
                State::Layer(layer) => match layer.meaning() {
                    Meaning::Inputs => quote!(<#kind>::of(#(#edges)*)),
                    Meaning::Own if edges.len() > 1 => {
                        quote!(<#kind>::load(source, #place, [#(#edges),*])?)
                    }
                    Meaning::Own => quote!(<#kind>::load(source, #place, #(#edges)*)?),
                },
                State::Convert(_) => quote!(<#kind>::load(source, #place, #(#edges)*)?),
            };
            let local = local(at);
            code.extend(quote!(let #local: #kind = #value;));
        }
        let fields = plan.fields.iter().enumerate().map(|(at, field)| {
            let (ident, local) = (&field.ident, local(at));
            quote!(#ident: #local,)
        });
        let input = &plan.input;
        let precision = self.precision(&plan.forward.values[0].precision);
        quote! {
            let input = <__cnn::Input<#precision>>::load(source)?;
            #code
            ::core::result::Result::Ok(Self { #(#fields)* #input: input, __verbose: false, #marker })
        }
    }

    /// The fields that wrote what a field reads; none for the network's input.
    fn inputs_of(&self, wanted: usize) -> Vec<Option<usize>> {
        let programs = [&self.plan.forward, &self.plan.walk];
        let read = programs.into_iter().find_map(|program| {
            program.steps.iter().find_map(|step| match step {
                Step::Run { field, inputs, .. } if *field == wanted => {
                    let writer = |input: &ValueId| program.values[input.0].writer;
                    Some(inputs.iter().map(writer).collect())
                }
                _ => None,
            })
        });
        read.unwrap_or_default()
    }

    /// Writing every field that a file says something of.
    fn write(&self) -> TokenStream {
        let fields = self.plan.fields.iter().filter_map(|field| {
            let (ident, name) = (&field.ident, &field.name);
            match &field.state {
                State::Convolution(..) => Some(quote!(self.#ident.save(sink);)),
                State::Layer(_) if field.follows.is_some() => None,
                State::Layer(layer) => match layer.meaning() {
                    Meaning::Inputs => None,
                    Meaning::Own => Some(quote!(self.#ident.save(sink, #name);)),
                },
                State::Convert(_) => Some(quote!(self.#ident.save(sink, #name);)),
            }
        });
        let input = &self.plan.input;
        quote!(self.#input.save(sink); #(#fields)*)
    }

    /// The size of each of a program's buffers: what it keeps there, in any precision.
    fn slots(&self, program: &Program) -> Vec<TokenStream> {
        let size = |needs: &Vec<(Precision, usize)>| {
            let counts = needs.iter().map(|(precision, len)| {
                let (element, len) = (self.element(precision), Literal::usize_unsuffixed(*len));
                quote!(__cnn::Block::count::<#element>(#len))
            });
            let counts: Vec<_> = counts.collect();
            match counts.len() {
                1 => quote!(#(#counts)*),
                _ => quote!(__cnn::largest(&[#(#counts),*])),
            }
        };
        program.slots.iter().map(size).collect()
    }

    fn precision(&self, precision: &Precision) -> TokenStream {
        self.network.precision(precision, &quote!(__cnn))
    }

    fn element(&self, precision: &Precision) -> TokenStream {
        let of = self.precision(precision);
        match precision {
            Precision::Own => quote!(#of::Element),
            Precision::Float => of,
            _ => quote!(<#of as __cnn::Arithmetic>::Element),
        }
    }

    /// What the values of a map mean, as a function of one; in a walk the sums of a convolution that
    /// took an activation over are as they were before it.
    fn real(&self, value: &Value, walk: bool) -> TokenStream {
        let precision = self.precision(&value.precision);
        let edge = match value.writer {
            Some(field) => {
                let Field { ident, activation_row, .. } = &self.plan.fields[field];
                if walk && activation_row.is_some() {
                    return quote!(|value| self.#ident.real(value));
                }
                quote!(self.#ident.edge())
            }
            None => {
                let input = &self.plan.input;
                quote!(self.#input.edge())
            }
        };
        quote!(|value| <#precision as __cnn::Arithmetic>::to_f32(value, #edge))
    }

    /// The row of the layer table that each stage of `forward` begins with; reading the input is the first
    /// stage, and neither it nor a conversion has a row.
    fn stages(&self) -> Vec<TokenStream> {
        let rows = self.plan.forward.steps.iter().filter_map(|step| match step {
            Step::Run { field, .. } => Some(match &self.plan.fields[*field] {
                Field { state: State::Convert(_), .. } => None,
                field => field.row,
            }),
            _ => None,
        });
        let stage = |row: Option<usize>| match row.map(Literal::usize_unsuffixed) {
            Some(row) => quote!(::core::option::Option::Some(#row)),
            None => quote!(::core::option::Option::None),
        };
        std::iter::once(None).chain(rows).map(stage).collect()
    }

    fn forward(&self) -> TokenStream {
        let program = &self.plan.forward;
        let mut lines = Lines::new(self, program);
        let mut stage = 0;
        for step in &program.steps {
            stage += usize::from(matches!(step, Step::Run { .. }));
            lines.forward(step, Some(stage));
        }
        let result = &program.values[program.result.0];
        let (x, real) = (lines.read(program.result), self.real(result, false));
        let code = lines.finish("T", "SLOTS", true);
        quote! {
            #code
            __cnn::output(#x, #real, result);
        }
    }

    fn walk(&self) -> TokenStream {
        let program = &self.plan.walk;
        let mut lines = Lines::new(self, program);
        for (at, step) in program.steps.iter().enumerate() {
            match step {
                Step::Run { field, inputs, output, row } => {
                    let field = &self.plan.fields[*field];
                    let as_written = field.activation_row.is_some() || field.follows.is_some();
                    let method = if as_written { "forward_as_written" } else { "forward" };
                    if field.has_weights() {
                        let (x, ident) = (lines.read(inputs[0]), &field.ident);
                        let module = &self.network.module;
                        lines.code.extend(quote! {
                            observer.reads(&<#module::#ident as __cnn::ConvLayer>::SPEC, #x);
                        });
                    }
                    let run = lines.run(field, inputs, *output, method);
                    let real = self.real(&program.values[output.0], true);
                    lines.code.extend(match row {
                        Some(_) if at + 1 == program.steps.len() => {
                            quote!(observer.layer(#real, || #run);)
                        }
                        Some(_) => quote!(let x = observer.layer(#real, || #run);),
                        None => quote!(let x = #run;),
                    });
                    lines.name(*output);
                }
                Step::Repeat { value } => {
                    let x = lines.read(*value);
                    let real = self.real(&program.values[value.0], true);
                    lines.code.extend(quote!(observer.layer(#real, || #x);));
                }
                _ => lines.other(step),
            }
        }
        lines.finish("f32", "WALK_SLOTS", false)
    }
}

/// A program's lines so far, and which variable holds which map.
struct Lines<'a> {
    writer: &'a Writer<'a>,
    program: &'a Program,
    names: Vec<Option<Ident>>,
    code: TokenStream,
    /// Whether a line needs scratch memory.
    scratch: bool,
}

impl<'a> Lines<'a> {
    fn new(writer: &'a Writer<'a>, program: &'a Program) -> Self {
        let names = vec![None; program.values.len()];
        Self { writer, program, names, code: TokenStream::new(), scratch: false }
    }

    /// The variable that holds a map: `x` holds the last one, others have been kept under a name.
    fn read(&self, value: ValueId) -> Ident {
        self.names[value.0].clone().unwrap_or_else(|| local("x"))
    }

    /// A new map is in `x`.
    fn name(&mut self, value: ValueId) {
        self.names[value.0] = None;
    }

    fn map_type(&self, value: ValueId) -> TokenStream {
        let value = &self.program.values[value.0];
        let [c, h, w] = value.shape.map(Literal::usize_unsuffixed);
        let precision = self.writer.precision(&value.precision);
        quote!(&__cnn::Map<#precision, #c, #h, #w>)
    }

    /// `self.conv1.forward(isa, x, b, scratch)`
    fn run(
        &mut self,
        field: &Field,
        inputs: &[ValueId],
        output: ValueId,
        method: &str,
    ) -> TokenStream {
        let (ident, method) = (&field.ident, Ident::new(method, Span::call_site()));
        let inputs = inputs.iter().map(|input| self.read(*input));
        let slot = slot(self.program.values[output.0].slot);
        let mut run = quote!(isa, #(#inputs,)* #slot);
        if field.has_weights() {
            self.scratch = true;
            run.extend(quote!(, scratch));
        }
        quote!(self.#ident.#method(#run))
    }

    /// A step of `forward`, which is a stage of it, or of a part that is none.
    fn forward(&mut self, step: &Step, stage: Option<usize>) {
        let Step::Run { field, inputs, output, .. } = step else { return self.other(step) };
        let map = self.map_type(*output);
        let field = &self.writer.plan.fields[*field];
        let method = if field.pools() { "forward_pooled" } else { "forward" };
        let run = self.run(field, inputs, *output, method);
        let run = repeated(stage, run);
        self.code.extend(quote!(let x: #map = #run;));
        self.name(*output);
    }

    /// The lines so far, of which the next ones know nothing.
    fn take(&mut self) -> TokenStream {
        std::mem::take(&mut self.code)
    }

    /// Steps that compute nothing.
    fn other(&mut self, step: &Step) {
        match step {
            Step::View { input, output } => {
                let (x, map) = (self.read(*input), self.map_type(*output));
                self.code.extend(quote!(let x: #map = __cnn::reshape(#x);));
                self.name(*output);
            }
            Step::Keep { value, name } => {
                let (x, name) = (self.read(*value), local(name));
                self.code.extend(quote!(let #name = #x;));
                self.names[value.0] = Some(name);
            }
            Step::Run { .. } | Step::Repeat { .. } => {}
        }
    }

    /// The program from the split of the workspace on.
    fn finish(self, pixel: &str, sizes: &str, staged: bool) -> TokenStream {
        let sizes = local(sizes);
        let slots = self.program.slots.len();
        let splits = (0..slots).map(|at| {
            let (slot, size) = (slot(at), Literal::usize_unsuffixed(at));
            let rest = match at + 1 == slots {
                true if self.scratch => quote!(scratch),
                true => quote!(_),
                false => quote!(workspace),
            };
            quote! {
                let (#slot, #rest) =
                    workspace.split_at_mut(<Self as __cnn::Network>::#sizes[#size]);
            }
        });
        let (input, code) = (self.input(pixel, staged), &self.code);
        quote! {
            #(#splits)*
            #input
            #code
        }
    }

    /// Reading the input.
    fn input(&self, pixel: &str, staged: bool) -> TokenStream {
        let input = &self.program.values[ValueId::INPUT.0];
        let pixel: TokenStream = pixel.parse().expect("a path");
        let ([c, h, w], map) =
            (input.shape.map(Literal::usize_unsuffixed), self.map_type(ValueId::INPUT));
        let a = slot(input.slot);
        let input = &self.writer.plan.input;
        let run = quote!(self.#input.forward::<I, #pixel, #c, #h, #w>(isa, image, #a));
        let run = repeated(staged.then_some(0), run);
        quote!(let x: #map = #run;)
    }
}

/// A stage of `forward`, as often as it is asked for; what is no stage, once.
fn repeated(stage: Option<usize>, run: TokenStream) -> TokenStream {
    let Some(stage) = stage.map(Literal::usize_unsuffixed) else { return run };
    quote! {
        loop {
            let x = #run;
            if stages.finished(#stage) {
                break x;
            }
        }
    }
}

/// The variable of a buffer: `a`, `b` and so on.
fn slot(slot: usize) -> Ident {
    match u8::try_from(slot) {
        Ok(slot @ 0..20) => local(&char::from(b'a' + slot).to_string()),
        _ => format_ident!("slot{slot}", span = Span::call_site()),
    }
}

/// A local variable.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}
