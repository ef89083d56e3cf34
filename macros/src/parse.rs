//! Tokens → syntax: what was written, where. A mistake in one item leaves the others readable.

use crate::layer::Kind;
use crate::report::{Place, Report};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::quote;
use std::rc::Rc;
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseBuffer, ParseStream, Result};
use syn::token::{Brace, Bracket, Paren};
use syn::{Attribute, Ident, Lit, Path, Token, Type, Visibility};

/// A whole `network!` block.
pub(crate) struct Declaration {
    /// The path of the `microcnn` crate.
    pub(crate) microcnn: TokenStream,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) name: Ident,
    pub(crate) input: Option<List>,
    pub(crate) output: Option<List>,
    /// The layers, if there are braces.
    pub(crate) items: Option<Items>,
}

/// What is between braces. `None` is an item that could not be read and is reported already.
pub(crate) type Items = Vec<Option<Item>>;

/// `label: Kind<sizes>(options) { items } shortcut { items }`.
pub(crate) struct Item {
    pub(crate) label: Option<Label>,
    pub(crate) kind: Ident,
    pub(crate) sizes: Option<List>,
    pub(crate) options: Vec<Argument>,
    pub(crate) body: Option<Items>,
    pub(crate) shortcut: Option<(Place, Items)>,
}

impl Item {
    /// The types that this item and those in it give for an option.
    pub(crate) fn types(&self, option: &str) -> Vec<Rc<Type>> {
        let here = self.options.iter().filter_map(|argument| match &argument.value {
            Value::Path(path) if argument.name == option => Some(path.clone()),
            _ => None,
        });
        here.chain(self.inner().flat_map(|item| item.types(option))).collect()
    }

    /// The items of both paths of a block.
    pub(crate) fn inner(&self) -> impl Iterator<Item = &Self> {
        let shortcut = self.shortcut.iter().flat_map(|(_, items)| items);
        self.body.iter().flatten().chain(shortcut).flatten()
    }
}

/// A layer's label: an identifier, or a number as in PyTorch's `nn.Sequential`.
pub(crate) struct Label {
    pub(crate) name: String,
    pub(crate) place: Place,
}

/// `name = value`.
pub(crate) struct Argument {
    pub(crate) name: Ident,
    pub(crate) value: Value,
}

/// Several values, with the place of their brackets.
pub(crate) struct List {
    pub(crate) values: Vec<Value>,
    pub(crate) place: Place,
}

pub(crate) enum Value {
    Integer(i128, Place),
    Real(f64, Place),
    Bool(bool, Place),
    List(List),
    Path(Rc<Type>),
    /// Something that no option takes, such as a string.
    Other(Place),
    /// Something that could not be read and is reported already.
    Wrong,
}

impl Value {
    /// A number as it may be written.
    pub(crate) fn number(&self) -> Option<String> {
        match self {
            Self::Integer(number, _) => Some(number.to_string()),
            Self::Real(number, _) => Some(format!("{number:?}")),
            _ => None,
        }
    }

    pub(crate) fn place(&self) -> Place {
        match self {
            Self::Integer(_, place) | Self::Real(_, place) | Self::Bool(_, place) => *place,
            Self::List(list) => list.place,
            Self::Path(path) => Place::of(path),
            Self::Other(place) => *place,
            Self::Wrong => Span::call_site().into(),
        }
    }
}

/// Reads a `network!` block.
///
/// # Errors
/// If not even the struct's name can be read; all other mistakes go to the report.
pub(crate) fn declaration(input: ParseStream<'_>, report: &mut Report) -> Result<Declaration> {
    let microcnn = crate_path(input)?;
    let attributes = input.call(Attribute::parse_outer)?;
    let visibility = input.parse()?;
    if !input.peek(Token![struct]) {
        return Err(Report::fatal(
            input.span(),
            "expected a struct",
            "write `struct Net: [channels, height, width] { .. }`, with `pub` or not",
        ));
    }
    input.parse::<Token![struct]>()?;
    let name: Ident = input.parse()?;
    let mut declaration = Declaration {
        microcnn,
        attributes,
        visibility,
        name,
        input: None,
        output: None,
        items: None,
    };
    if let Err(error) = shapes(input, &mut declaration, report) {
        report.syntax(&error);
        skip_until(input, |input| input.peek(Brace));
    }
    if input.peek(Brace) {
        declaration.items = Some(braced_items(input, report)?);
    } else if report.is_empty() {
        report.error(
            input.span(),
            &format!("`{}` has no layers", declaration.name),
            "write them in braces: `{ conv1: Conv2d<6, 5>, ReLU }`",
        );
    }
    if !input.is_empty() {
        report.error(
            input.span(),
            "unexpected text after the network",
            "declare one network in each `network!`",
        );
        skip_until(input, |_| false);
    }
    Ok(declaration)
}

/// `#![crate = path]`, or the crate's own name.
pub(crate) fn crate_path(input: ParseStream<'_>) -> Result<TokenStream> {
    if !(input.peek(Token![#]) && input.peek2(Token![!])) {
        return Ok(quote!(::microcnn));
    }
    input.parse::<Token![#]>()?;
    input.parse::<Token![!]>()?;
    let content;
    syn::bracketed!(content in input);
    content.parse::<Token![crate]>().map_err(|error| {
        syn::Error::new(error.span(), "expected `#![crate = path]`, the path of the microcnn crate")
    })?;
    content.parse::<Token![=]>()?;
    let path = content.call(Path::parse_mod_style)?;
    let first = &path.segments[0].ident;
    if first == "self" || first == "super" {
        return Err(Report::fatal(
            first.span(),
            &format!("the path of the microcnn crate can't start with `{first}`"),
            "write the crate's name, or a path that starts with `crate`",
        ));
    }
    Ok(match path.leading_colon.is_some() || first == "crate" {
        true => quote!(#path),
        false => quote!(::#path),
    })
}

/// `: [input] -> [output]`.
fn shapes(input: ParseStream<'_>, to: &mut Declaration, report: &mut Report) -> Result<()> {
    if input.peek(Token![<]) {
        return Err(Report::fatal(
            input.span(),
            &format!("`{}` can't have parameters of its own", to.name),
            "leave them out: `network!` adds the precision and the algorithm",
        ));
    }
    if !input.peek(Token![:]) {
        return Err(Report::fatal(
            input.span(),
            &format!("`{}` has no input shape", to.name),
            &format!("write `struct {}: [channels, height, width]`, or `[values]`", to.name),
        ));
    }
    input.parse::<Token![:]>()?;
    to.input = Some(bracketed_list(input, report)?);
    if input.peek(Token![->]) {
        input.parse::<Token![->]>()?;
        to.output = Some(bracketed_list(input, report)?);
    }
    Ok(())
}

fn braced_items(input: ParseStream<'_>, report: &mut Report) -> Result<Items> {
    let content;
    syn::braced!(content in input);
    let mut items = Vec::new();
    while !content.is_empty() {
        match item(&content, report) {
            Ok(item) => items.push(Some(item)),
            Err(error) => {
                report.syntax(&error);
                items.push(None);
                skip_until(&content, |content| content.peek(Token![,]));
            }
        }
        if content.is_empty() || content.parse::<Token![,]>().is_ok() {
            continue;
        }
        report.error(
            content.span(),
            "expected `,` after the layer before",
            "a comma ends every layer but the last",
        );
        if !content.peek(Ident::peek_any) {
            skip_until(&content, |content| content.peek(Token![,]));
            let _ = content.parse::<Option<Token![,]>>();
        }
    }
    Ok(items)
}

fn item(input: ParseStream<'_>, report: &mut Report) -> Result<Item> {
    let label = if input.peek2(Token![:]) && !input.peek2(Token![::]) {
        let label = label(input)?;
        input.parse::<Token![:]>()?;
        Some(label)
    } else {
        None
    };
    let Ok(kind) = input.parse::<Ident>() else {
        return Err(input.error("expected a layer, such as `ReLU` or `conv1: Conv2d<6, 5>`"));
    };
    let mut item =
        Item { label, kind, sizes: None, options: Vec::new(), body: None, shortcut: None };
    if input.peek(Token![<]) {
        item.sizes = Some(angled_list(&item.kind, input, report)?);
    }
    if input.peek(Paren) {
        let open = input.span();
        let positional;
        (item.options, positional) = arguments(input, report)?;
        if !positional.is_empty() {
            let help = without_names(&item, &positional);
            report.error(open, &format!("`{}`: an option without a name", item.kind), &help);
            let place = open.into();
            item.sizes.get_or_insert(List { values: vec![Value::Wrong], place });
        }
    }
    if input.peek(Brace) {
        item.body = Some(braced_items(input, report)?);
        if input.peek(Ident) && input.peek2(Brace) {
            let word: Ident = input.parse()?;
            if word != "shortcut" {
                report.error(
                    word.span(),
                    &format!("expected `,` or `shortcut`, found `{word}`"),
                    "a block is `Residual { layers } shortcut { layers }`",
                );
            }
            item.shortcut = Some((word.span().into(), braced_items(input, report)?));
        }
    }
    Ok(item)
}

/// How to write what is in parentheses without a name: as sizes if the layer still wants them, or
/// else as its options.
fn without_names(item: &Item, values: &[String]) -> String {
    let kind = Kind::named(&item.kind);
    let sized = kind.is_none_or(|kind| !kind.sizes.is_empty());
    match kind {
        Some(kind) if item.sizes.is_some() || !sized => {
            let given: Vec<_> = item.options.iter().map(|option| option.name.to_string()).collect();
            kind.with_options(values, &given, sized || !given.is_empty())
        }
        None if item.sizes.is_some()
            || values.iter().any(|value| value.parse::<u64>().is_err()) =>
        {
            "write `name = value`".to_owned()
        }
        _ => {
            format!("sizes are in angle brackets: write `{}<{}>`", item.kind, values.join(", "))
        }
    }
}

fn label(input: ParseStream<'_>) -> Result<Label> {
    let lookahead = input.lookahead1();
    if lookahead.peek(Ident::peek_any) {
        let ident = input.call(Ident::parse_any)?;
        return Ok(Label { name: ident.unraw().to_string(), place: ident.span().into() });
    }
    match input.parse::<Lit>() {
        Ok(Lit::Int(number)) if number.suffix().is_empty() => {
            Ok(Label { name: number.base10_digits().to_owned(), place: number.span().into() })
        }
        _ => Err(lookahead.error()),
    }
}

/// `<6, 5>`
fn angled_list(kind: &Ident, input: ParseStream<'_>, report: &mut Report) -> Result<List> {
    let open = input.parse::<Token![<]>()?.span;
    let all = input.fork();
    let mut values = Vec::new();
    while !input.peek(Token![>]) {
        values.push(value_or_report(input, report, |input| {
            input.peek(Token![,]) || input.peek(Token![>])
        }));
        if input.peek(Token![>]) || input.parse::<Option<Token![,]>>()?.is_some() {
            continue;
        }
        match (values.last(), options_among_sizes(kind, &all)) {
            (Some(Value::Path(name)), Some(help)) if is_assigned(input) => {
                let message = format!("`{kind}`: an option in angle brackets");
                report.error(Place::of(name), &message, &help);
            }
            _ => report.error(
                input.span(),
                "expected `,` or `>`",
                "sizes are numbers with commas: `<6, 5>`",
            ),
        }
        if !input.peek(Lit) {
            if let Some(rest) = before_close(input) {
                input.advance_to(&rest);
                input.parse::<Token![>]>()?;
            } else if !input.peek(Paren) {
                skip_until(input, ends_open_list);
            }
            return Ok(List { values: vec![Value::Wrong], place: open.into() });
        }
    }
    let close = input.parse::<Token![>]>()?.span;
    Ok(List { values, place: Place::from(open).to(close.into()) })
}

/// The place of the `>` that closes a list of sizes, if it comes before what only a next layer has.
fn before_close<'a>(input: ParseStream<'a>) -> Option<ParseBuffer<'a>> {
    let rest = input.fork();
    while !rest.peek(Token![>]) {
        let label = rest.peek(Token![:]) && !is_assigned(&rest);
        if label || rest.peek(Token![<]) || rest.peek(Brace) || rest.parse::<TokenTree>().is_err() {
            return None;
        }
    }
    Some(rest)
}

/// Where reading goes on after a list without its `>`: at the comma that no option follows, or at the
/// next label.
fn ends_open_list(input: ParseStream<'_>) -> bool {
    let option = input.peek2(Ident) && input.peek3(Token![=]);
    let label = input.peek(Ident) && input.peek2(Token![:]) && !input.peek2(Token![::]);
    input.peek(Token![,]) && !option || label
}

/// Whether a value is given here to the name before.
fn is_assigned(input: ParseStream<'_>) -> bool {
    input.peek(Token![=]) || input.peek(Token![:]) && input.peek2(Lit)
}

/// How to write options that stand in angle brackets among the sizes.
fn options_among_sizes(kind: &Ident, input: ParseStream<'_>) -> Option<String> {
    let close = before_close(input)?.cursor();
    let mut parts = [Vec::new(), Vec::new()];
    let rest = input.fork();
    while rest.cursor() != close {
        let mut tokens = TokenStream::new();
        let mut option = false;
        while rest.cursor() != close && !rest.peek(Token![,]) {
            if is_assigned(&rest) {
                option = true;
                rest.parse::<TokenTree>().ok()?;
                tokens.extend(quote!(=));
                continue;
            }
            tokens.extend([rest.parse::<TokenTree>().ok()?]);
        }
        parts[usize::from(option)].push(tokens.to_string());
        let _ = rest.parse::<Option<Token![,]>>();
    }
    let [sizes, options] = parts.map(|part| part.join(", "));
    let sizes = if sizes.is_empty() { sizes } else { format!("<{sizes}>") };
    Some(format!("options are in parentheses: write `{kind}{sizes}({options})`"))
}

/// `[1, 28, 28]`
fn bracketed_list(input: ParseStream<'_>, report: &mut Report) -> Result<List> {
    let content;
    let bracket = syn::bracketed!(content in input);
    let mut values = Vec::new();
    while !content.is_empty() {
        values.push(value_or_report(&content, report, |input| input.peek(Token![,])));
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    Ok(List { values, place: bracket.span.join().into() })
}

/// `(padding = 2, stride = 1)`, and what is there without a name.
fn arguments(input: ParseStream<'_>, report: &mut Report) -> Result<(Vec<Argument>, Vec<String>)> {
    let content;
    syn::parenthesized!(content in input);
    let comma = |input: ParseStream<'_>| input.peek(Token![,]);
    let (mut arguments, mut positional) = (Vec::new(), Vec::new());
    while !content.is_empty() {
        let named =
            content.peek(Ident::peek_any) && (content.peek2(Token![=]) || content.peek2(Token![:]));
        if named {
            let name = content.call(Ident::parse_any)?;
            if content.peek(Token![:]) {
                let help = format!("write `{name} = value`");
                report.error(content.span(), &format!("expected `=` after `{name}`"), &help);
                content.parse::<Token![:]>()?;
            } else {
                content.parse::<Token![=]>()?;
            }
            let value = value_or_report(&content, report, comma);
            arguments.push(Argument { name, value });
        } else {
            let mut tokens = TokenStream::new();
            while !content.is_empty() && !comma(&content) {
                tokens.extend([content.parse::<TokenTree>()?]);
            }
            positional.push(tokens.to_string().replace("- ", "-"));
        }
        if !content.is_empty() && content.parse::<Token![,]>().is_err() {
            report.error(content.span(), "expected `,`", "options are separated by commas");
            skip_until(&content, comma);
            let _ = content.parse::<Option<Token![,]>>();
        }
    }
    Ok((arguments, positional))
}

fn value_or_report(
    input: ParseStream<'_>,
    report: &mut Report,
    end: fn(ParseStream<'_>) -> bool,
) -> Value {
    value(input, report).unwrap_or_else(|error| {
        report.syntax(&error);
        skip_until(input, end);
        Value::Wrong
    })
}

fn value(input: ParseStream<'_>, report: &mut Report) -> Result<Value> {
    if input.peek(Bracket) {
        return bracketed_list(input, report).map(Value::List);
    }
    if input.peek(Paren) {
        return Err(parenthesized_value(input)?);
    }
    let minus: Option<Token![-]> = input.parse()?;
    if !input.peek(Lit) {
        return match minus {
            Some(_) => Err(input.error("expected a number")),
            None => Ok(Value::Path(Rc::new(input.call(Type::without_plus)?))),
        };
    }
    let literal: Lit = input.parse()?;
    let place = minus.map_or(literal.span(), |minus| minus.span).into();
    let place = Place::to(place, literal.span().into());
    let sign = if minus.is_some() { -1 } else { 1 };
    Ok(match literal {
        // A number beyond all limits is as wrong as the largest one, and is reported where its limit is.
        Lit::Int(number) => {
            Value::Integer(number.base10_parse().unwrap_or(i128::MAX) * sign, place)
        }
        Lit::Float(number) => Value::Real(number.base10_parse::<f64>()? * sign as f64, place),
        Lit::Bool(truth) if minus.is_none() => Value::Bool(truth.value, place),
        _ => Value::Other(place),
    })
}

/// The mistake of a value in parentheses, such as a tuple of Python's.
fn parenthesized_value(input: ParseStream<'_>) -> Result<syn::Error> {
    let open = input.span();
    let content;
    syn::parenthesized!(content in input);
    let text = content.parse::<TokenStream>()?.to_string();
    let help = match text.contains(',') {
        true => format!("write `[{text}]`"),
        false => "leave the parentheses out".to_owned(),
    };
    Ok(Report::fatal(open, "a value in parentheses", &help))
}

/// Passes over tokens until the end or a place where reading can go on.
fn skip_until(input: ParseStream<'_>, end: impl Fn(ParseStream<'_>) -> bool) {
    while !input.is_empty() && !end(input) {
        let _ = input.parse::<TokenTree>();
    }
}
