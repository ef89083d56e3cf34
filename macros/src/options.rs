//! What `bench_network!` and `cli!` take: a network's path, and options behind it.

use crate::report::{Place, Report, nearest};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{Parse, ParseStream, Result};
use syn::{Ident, Path, Token, Type};

/// Names that need no `use`.
pub(crate) const PRECISIONS: &[&str] = &["f32", "i8", "W4A8", "I4", "W2A8"];

/// The options of a macro.
pub(crate) struct Options {
    /// The macro's name.
    pub(crate) of: &'static str,
    /// Their names, each with the form of its value.
    pub(crate) all: &'static [(&'static str, &'static str)],
    /// What to write where a comma is missing.
    pub(crate) comma: &'static str,
}

impl Options {
    /// The path of a network, which is noted.
    pub(crate) fn network(&self, input: ParseStream<'_>, networks: &mut Vec<Path>) -> Result<Path> {
        if input.is_empty() {
            let help =
                format!("write the name of one that `network!` made: `{}(MyNetwork)`", self.of);
            return Err(Report::fatal(input.span(), "no network", &help));
        }
        let network: Path = input.call(Path::parse_mod_style)?;
        networks.push(network.clone());
        if input.peek(Token![<]) {
            return Err(Report::fatal(
                input.span(),
                "a network is named without its precision",
                "leave `<..>` out; `precisions = [..]` says which",
            ));
        }
        Ok(network)
    }

    /// What stands behind a network: `, name = value` and so on. `take` reads a value.
    pub(crate) fn read(
        &self,
        input: ParseStream<'_>,
        report: &mut Report,
        mut take: impl FnMut(&str, &Ident, ParseStream<'_>, &mut Report) -> Result<()>,
    ) -> Result<()> {
        let mut seen: Vec<Ident> = Vec::new();
        self.comma(input)?;
        while input.peek(Token![,]) {
            input.parse::<Token![,]>()?;
            if input.is_empty() || input.peek(Token![;]) {
                break;
            }
            let key: Ident = input.parse()?;
            let name = key.to_string();
            if seen.contains(&key) {
                let message = format!("`{name}` is given twice");
                report.error(key.span(), &message, "leave one of them out");
            }
            if self.assign(&key, input, report)? {
                take(&name, &key, input, report)?;
            } else if !ends(input) {
                expression(input)?;
            }
            self.comma(input)?;
            seen.push(key);
        }
        Ok(())
    }

    /// `:` or `=` between a name and its value: this crate's macros take both. Whether there is an
    /// option of this name.
    fn assign(&self, key: &Ident, input: ParseStream<'_>, report: &mut Report) -> Result<bool> {
        let name = key.to_string();
        let option = self.all.iter().find(|(option, _)| *option == name);
        if option.is_none() {
            let names: Vec<&str> = self.all.iter().map(|(name, _)| *name).collect();
            let near = nearest(&name, names.iter().copied()).unwrap_or_default();
            let message = format!("`{}` has no option `{name}`", self.of);
            let help = format!("write `{near}`; the options are {}", spoken(&names));
            report.error(key.span(), &message, &help);
        }
        if input.peek(Token![:]) && !input.peek(Token![::]) {
            input.parse::<Token![:]>()?;
        } else if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
        } else if let Some((_, value)) = option {
            let message = format!("`{name}` has no value");
            return Err(Report::fatal(key.span(), &message, &format!("write `{name} = {value}`")));
        }
        Ok(option.is_some())
    }

    /// After a network or the value of an option comes a comma, if anything.
    fn comma(&self, input: ParseStream<'_>) -> Result<()> {
        if ends(input) {
            return Ok(());
        }
        let rest: TokenTree = input.fork().parse()?;
        let text = match &rest {
            TokenTree::Group(group) => match group.delimiter() {
                Delimiter::Parenthesis => "(".to_owned(),
                Delimiter::Brace => "{".to_owned(),
                Delimiter::Bracket => "[".to_owned(),
                Delimiter::None => rest.to_string(),
            },
            _ => rest.to_string(),
        };
        Err(Report::fatal(input.span(), &format!("no comma before `{text}`"), self.comma))
    }
}

/// Whether a network or an option ends here.
fn ends(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,]) || input.peek(Token![;])
}

/// What is left after a mistake: nothing else is wrong, and the networks are in use.
pub(crate) fn nothing(networks: &[Path]) -> TokenStream {
    quote! {
        #(const _: ::core::option::Option<#networks> = ::core::option::Option::None;)*
        fn main() {}
    }
}

/// `[f32, i8]`: this crate's precisions, or types of the user's own.
pub(crate) fn precisions(
    key: &Ident,
    input: ParseStream<'_>,
    report: &mut Report,
) -> Result<Vec<Type>> {
    let precisions = list::<Type>(key, input, report)?;
    for precision in &precisions {
        let Type::Path(path) = precision else { continue };
        let Some(name) = path.path.get_ident().map(Ident::to_string) else { continue };
        let other_case = PRECISIONS.iter().any(|known| known.eq_ignore_ascii_case(&name));
        // A type of the user's own begins with a capital letter; rustc knows those.
        let meant = other_case || name.starts_with(char::is_lowercase);
        if meant && !PRECISIONS.contains(&name.as_str()) {
            let near = nearest(&name, PRECISIONS.iter().copied()).unwrap_or_default();
            let help = format!("write `{near}`; the precisions are {}", spoken(PRECISIONS));
            report.error(Place::of(precision), &format!("no precision `{name}`"), &help);
        }
    }
    Ok(precisions)
}

/// `[a, b]`, with at least one item and none twice.
pub(crate) fn list<T: Parse + ToTokens>(
    key: &Ident,
    input: ParseStream<'_>,
    report: &mut Report,
) -> Result<Vec<T>> {
    if !input.peek(syn::token::Bracket) {
        let message = format!("`{key}` takes a list");
        return Err(Report::fatal(input.span(), &message, &format!("write `{key} = [..]`")));
    }
    let content;
    let brackets = syn::bracketed!(content in input);
    let items = content.parse_terminated(T::parse, Token![,])?;
    if items.is_empty() {
        let place = Place::from(brackets.span.open()).to(brackets.span.close().into());
        report.error(
            place,
            &format!("`{key}` is an empty list"),
            &format!("name one or more, or leave `{key}` out for the default"),
        );
    }
    let mut texts: Vec<String> = Vec::new();
    for item in &items {
        let text = item.to_token_stream().to_string();
        if texts.contains(&text) {
            report.error(Place::of(item), &format!("`{text}` stands here twice"), "once is enough");
        }
        texts.push(text);
    }
    Ok(items.into_iter().collect())
}

/// Tokens up to the next comma or semicolon outside of brackets, those of generic arguments too.
pub(crate) fn expression(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    let (mut open, mut path) = (0, false);
    while !(input.is_empty() || input.peek(Token![;]) || open == 0 && input.peek(Token![,])) {
        match () {
            // `<` opens arguments behind `::` and inside others; elsewhere it compares.
            () if input.peek(Token![<]) && (path || open > 0) => open += 1,
            () if open > 0 && input.peek(Token![->]) => {
                tokens.extend([input.parse::<TokenTree>()?])
            }
            () if open > 0 && input.peek(Token![>]) => open -= 1,
            () => {}
        }
        path = input.peek(Token![::]) || path && input.peek(Token![:]);
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    match tokens.is_empty() {
        true => Err(input.error("expected a value")),
        false => Ok(tokens),
    }
}

/// The one of some names that a type is written as.
pub(crate) fn known<'a>(written: &Type, names: &[&'a str]) -> Option<&'a str> {
    let Type::Path(path) = written else { return None };
    let last = path.path.segments.last()?.ident.to_string();
    names.iter().find(|name| **name == last).copied()
}

/// A bare name of this crate's as its whole path, so that it needs no `use`; anything else as it is.
pub(crate) fn absolute(written: &Type, microcnn: &TokenStream, names: &[&str]) -> Type {
    let Type::Path(path) = written else { return written.clone() };
    let Some(name) = path.path.get_ident() else { return written.clone() };
    let text = name.to_string();
    let path = match text.as_str() {
        "f32" | "i8" => quote_spanned!(name.span() => ::core::primitive::#name),
        _ if !names.contains(&text.as_str()) => return written.clone(),
        _ if PRECISIONS.contains(&text.as_str()) => {
            quote_spanned!(name.span() => #microcnn::#name)
        }
        _ => quote_spanned!(name.span() => #microcnn::conv::#name),
    };
    Type::Verbatim(path)
}

/// `a`, `b` and `c`, with their backticks.
pub(crate) fn spoken(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse::Parser;

    #[test]
    fn a_value_ends_at_a_comma_that_separates_no_arguments() {
        let parser = |input: ParseStream<'_>| {
            let value = expression(input)?;
            input.parse::<TokenStream>().map(|rest| (value.to_string(), rest.to_string()))
        };
        for (value, rest) in [
            ("LeNet5::<f32, Auto>::random(1)", ", batches: [1]"),
            ("load::<Vec<Net<f32, Auto>>, u8>(a, b)", "; Other"),
            ("make::<fn(u8) -> Net<f32, Auto>, u8>()", ", x"),
            ("if a < b { c } else { d }", ", e > f"),
        ] {
            let (found, left) = parser.parse_str(&format!("{value}{rest}")).unwrap();
            let plain = |text: &str| text.replace(' ', "");
            assert_eq!((plain(&found), plain(&left)), (plain(value), plain(rest)));
        }
    }
}
