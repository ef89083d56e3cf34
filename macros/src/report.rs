//! Collects every mistake in a declaration, so that one `cargo check` shows them all.

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::ToTokens;

/// The tokens that a mistake is shown at: from the first to the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    start: Span,
    end: Span,
}

impl Place {
    /// From the first token of one place to the last of another.
    pub(crate) fn to(self, last: Self) -> Self {
        Self { start: self.start, end: last.end }
    }

    /// Line and column, where the compiler knows them.
    fn position(self) -> (usize, usize) {
        match proc_macro::is_available() {
            true => (self.start.unwrap().line(), self.start.unwrap().column()),
            false => (0, 0),
        }
    }

    /// All tokens of a piece of syntax.
    pub(crate) fn of(syntax: &impl ToTokens) -> Self {
        let mut tokens = syntax.to_token_stream().into_iter();
        let start = tokens.next().map_or_else(Span::call_site, |token| token.span());
        Self { start, end: tokens.last().map_or(start, |token| token.span()) }
    }
}

impl From<Span> for Place {
    fn from(span: Span) -> Self {
        Self { start: span, end: span }
    }
}

/// The mistakes so far.
#[derive(Default)]
pub(crate) struct Report {
    mistakes: Vec<(Place, String)>,
}

impl Report {
    /// A mistake, and what to write instead.
    pub(crate) fn error(&mut self, place: impl Into<Place>, message: &str, help: &str) {
        let message = match help {
            "" => message.to_owned(),
            help => format!("{message}\n  help: {help}"),
        };
        self.mistakes.push((place.into(), message));
    }

    /// A mistake that leaves nothing more to read here.
    pub(crate) fn fatal(place: Span, message: &str, help: &str) -> syn::Error {
        syn::Error::new(place, format!("{message}\n  help: {help}"))
    }

    /// A mistake that the Rust parser found.
    pub(crate) fn syntax(&mut self, error: &syn::Error) {
        for error in error {
            self.mistakes.push((error.span().into(), error.to_string()));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.mistakes.is_empty()
    }
}

impl ToTokens for Report {
    /// A `::core::compile_error! { "message" }` for each mistake. The compiler shows it from its first
    /// token's place to its last one's.
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let mut mistakes: Vec<_> = self.mistakes.iter().collect();
        mistakes.sort_by_key(|(place, _)| place.position());
        for (place, message) in mistakes {
            let punct = |mark, spacing| -> TokenTree {
                let mut punct = Punct::new(mark, spacing);
                punct.set_span(place.start);
                punct.into()
            };
            let mut message = Literal::string(message);
            message.set_span(place.end);
            let mut group = Group::new(Delimiter::Brace, TokenTree::from(message).into());
            group.set_span(place.end);
            tokens.extend([
                punct(':', Spacing::Joint),
                punct(':', Spacing::Alone),
                Ident::new("core", place.start).into(),
                punct(':', Spacing::Joint),
                punct(':', Spacing::Alone),
                Ident::new("compile_error", place.start).into(),
                punct('!', Spacing::Alone),
                group.into(),
            ]);
        }
    }
}

/// Whether the one name may be the other, mistyped: one letter differs, or of more than five every third.
pub(crate) fn similar(wrong: &str, name: &str) -> bool {
    let slips = (name.len() / 3).max(1);
    distance(&wrong.to_lowercase(), &name.to_lowercase()) <= slips
}

/// Of some names the one that is most like a wrong one: fewest letters to change, case apart.
pub(crate) fn nearest<'a>(
    wrong: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    names.into_iter().min_by_key(|name| distance(&wrong.to_lowercase(), &name.to_lowercase()))
}

/// The number of letters to insert, to delete, to replace, or to exchange with the next one.
fn distance(a: &str, b: &str) -> usize {
    let [a, b] = [a, b].map(|text| text.chars().collect::<Vec<char>>());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && (a[i - 1], a[i - 2]) == (b[j - 2], b[j - 1]) {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::similar;

    #[test]
    fn slips_are_similar_and_other_words_are_not() {
        for (wrong, name) in [
            ("Relu", "ReLU"),
            ("Rellu", "ReLU"),
            ("linear", "Linear"),
            ("Cov2d", "Conv2d"),
            ("Conv2D", "Conv2d"),
            ("MaxPol2d", "MaxPool2d"),
            ("MaxPooling2d", "MaxPool2d"),
            ("GlobalAveragePool2d", "GlobalAvgPool2d"),
            ("bais", "bias"),
            ("strides", "stride"),
        ] {
            assert!(similar(wrong, name), "{wrong} {name}");
        }
        for (wrong, name) in [
            ("LSTM", "ReLU"),
            ("GLU", "ReLU"),
            ("Mish", "Tanh"),
            ("LayerNorm", "Linear"),
            ("Softplus", "Softmax"),
            ("LogSoftmax", "Softmax"),
            ("slope", "p"),
        ] {
            assert!(!similar(wrong, name), "{wrong} {name}");
        }
    }
}
