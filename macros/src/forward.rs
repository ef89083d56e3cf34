//! The `Network` implementation: the layer table, the buffers, and the two programs as Rust code.

use crate::expand::Network;
use crate::layer::numbers;
use crate::plan::{Field, Plan, Precision};
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
        fn forward<I: __cnn::Isa, T: __cnn::Pixel>(
            &self,
            isa: I,
            image: &[T],
            result: &mut [f32],
            workspace: &mut [__cnn::Block],
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
        const STORED: usize = 0;
        const SLOTS: &'static [usize] = &[];
        const WALK_SLOTS: &'static [usize] = &[];
        const SCRATCH: usize = 0;
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
        let stored = Literal::usize_unsuffixed(plan.stored);
        let (slots, walk_slots) = (self.slots(&plan.forward), self.slots(&plan.walk));
        let weights: Vec<_> = plan.fields.iter().filter(|field| field.has_weights()).collect();
        let scratch = weights.iter().map(|field| {
            let scratch = if field.pools() { quote!(POOLED_SCRATCH) } else { quote!(SCRATCH) };
            let field = self.network.field_type(field, &quote!(__cnn));
            quote!(<#field>::#scratch)
        });
        let built = plan.fields.iter().map(|field| {
            let ident = &field.ident;
            if field.has_weights() {
                quote!(#ident: __cnn::Conv2d::load(source)?)
            } else {
                quote!(#ident: ::core::default::Default::default())
            }
        });
        let marker = self.network.marker();
        let idents = || weights.iter().map(|field| &field.ident);
        let (write, bytes) = (idents(), idents());
        let functions = functions(
            &self.forward(),
            &self.walk(),
            &quote!(::core::result::Result::Ok(Self { #(#built,)* __verbose: false, #marker })),
            &quote!(#(self.#write.save(sink);)*),
            &quote!(__cnn::sum(&[#(self.#bytes.weight_bytes(),)*])),
        );
        quote! {
            const LAYERS: &'static [__cnn::LayerInfo] = &[#(#layers,)*];
            const ALGORITHMS: &'static [&'static str] = &[#(#algorithms,)*];
            const STORED: usize = #stored;
            const SLOTS: &'static [usize] = &[#(#slots,)*];
            const WALK_SLOTS: &'static [usize] = &[#(#walk_slots,)*];
            const SCRATCH: usize = __cnn::largest(&[#(#scratch,)*]);
            #functions
        }
    }

    /// The size of each of a program's buffers: what it keeps in it, in any precision.
    fn slots(&self, program: &Program) -> Vec<TokenStream> {
        let size = |needs: &Vec<(Precision, usize)>| {
            let counts = needs.iter().map(|(precision, len)| {
                let (element, len) = (self.element(precision), Literal::usize_unsuffixed(*len));
                quote!(__cnn::Block::count::<#element>(#len))
            });
            let counts: Vec<_> = counts.collect();
            if counts.len() == 1 {
                quote!(#(#counts)*)
            } else {
                quote!(__cnn::largest(&[#(#counts),*]))
            }
        };
        program.slots.iter().map(size).collect()
    }

    fn precision(&self, precision: &Precision) -> TokenStream {
        self.network.precision(precision, &quote!(__cnn))
    }

    fn element(&self, precision: &Precision) -> TokenStream {
        let of = self.precision(precision);
        match precision.key() {
            None => quote!(#of::Element),
            Some(_) => quote!(<#of as __cnn::Precision>::Element),
        }
    }

    /// What the values of a map mean.
    fn edge(&self, value: &Value) -> TokenStream {
        match value.writer {
            Some(field) => {
                let field = &self.plan.fields[field].ident;
                quote!(self.#field.edge())
            }
            None => quote!(::core::default::Default::default()),
        }
    }

    fn forward(&self) -> TokenStream {
        let program = &self.plan.forward;
        let mut lines = Lines::new(self, program);
        for step in &program.steps {
            let Step::Run { field, inputs, output, .. } = step else {
                lines.other(step);
                continue;
            };
            let map = lines.map_type(*output);
            let field = &self.plan.fields[*field];
            let method = if field.pools() { "forward_pooled" } else { "forward" };
            let run = lines.run(field, inputs, *output, method);
            lines.code.extend(quote!(let x: #map = #run;));
            lines.name(*output);
        }
        let result = &program.values[program.result.0];
        let (x, precision, edge) =
            (lines.read(program.result), self.precision(&result.precision), self.edge(result));
        let code = lines.finish("T", "SLOTS");
        quote! {
            #code
            __cnn::output::<#precision, _>(#x, #edge, result);
        }
    }

    fn walk(&self) -> TokenStream {
        let program = &self.plan.walk;
        let mut lines = Lines::new(self, program);
        for (at, step) in program.steps.iter().enumerate() {
            match step {
                Step::Run { field, inputs, output, row } => {
                    let field = &self.plan.fields[*field];
                    let method = if field.has_weights() { "forward_as_written" } else { "forward" };
                    let run = lines.run(field, inputs, *output, method);
                    let value = &program.values[output.0];
                    let (precision, edge) = (self.precision(&value.precision), self.edge(value));
                    lines.code.extend(match row {
                        Some(_) if at + 1 == program.steps.len() => {
                            quote!(observer.layer::<#precision, _>(#edge, || #run);)
                        }
                        Some(_) => quote! {
                            let x = observer.layer::<#precision, _>(#edge, || #run);
                        },
                        None => quote!(let x = #run;),
                    });
                    lines.name(*output);
                }
                Step::Repeat { value } => {
                    let x = lines.read(*value);
                    let value = &program.values[value.0];
                    let (precision, edge) = (self.precision(&value.precision), self.edge(value));
                    lines.code.extend(quote!(observer.layer::<#precision, _>(#edge, || #x);));
                }
                _ => lines.other(step),
            }
        }
        lines.finish("f32", "WALK_SLOTS")
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
    fn finish(self, pixel: &str, sizes: &str) -> TokenStream {
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
        let input = &self.program.values[ValueId::INPUT.0];
        let precision = self.writer.precision(&input.precision);
        let pixel: TokenStream = pixel.parse().expect("a path");
        let ([c, h, w], map) =
            (input.shape.map(Literal::usize_unsuffixed), self.map_type(ValueId::INPUT));
        let (edge, a, code) = (self.writer.edge(input), slot(input.slot), self.code);
        quote! {
            #(#splits)*
            let x: #map = __cnn::input::<#precision, #pixel, #c, #h, #w>(image, #edge, #a);
            #code
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
