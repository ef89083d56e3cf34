//! JSON documents.
//!
//! Written here rather than by `serde_json`: that one compares its values with numbers, and so takes
//! type inference away from every crate that depends on this one (`assert_eq!(x.as_slice(), [])`
//! no longer compiles).

use std::fmt::{self, Write};

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    /// A number as it is written.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

/// An object of `name: value` pairs, the values anything that is a [`Json`].
macro_rules! object {
    ($($name:literal: $value:expr),* $(,)?) => {
        $crate::cli::json::Json::Object(vec![$(($name, $crate::cli::json::Json::from($value))),*])
    };
}
pub(crate) use object;

impl From<usize> for Json {
    fn from(number: usize) -> Self {
        Self::Number(number.to_string())
    }
}

macro_rules! floats {
    ($($float:ident)*) => {
        $(impl From<$float> for Json {
            /// JSON has no way to write what is not finite.
            fn from(number: $float) -> Self {
                if number.is_finite() { Self::Number(format!("{number:?}")) } else { Self::Null }
            }
        })*
    };
}
floats!(f32 f64);

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, T::into)
    }
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(values: Vec<T>) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Clone + Into<Json>> From<&[T]> for Json {
    fn from(values: &[T]) -> Self {
        values.iter().cloned().collect()
    }
}

impl<T: Into<Json>, const N: usize> From<[T; N]> for Json {
    fn from(values: [T; N]) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Into<Json>> FromIterator<T> for Json {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self::List(values.into_iter().map(T::into).collect())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl Json {
    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let (indent, outdent) = ("  ".repeat(depth + 1), "  ".repeat(depth));
        match self {
            Self::Null => f.write_str("null"),
            Self::Number(number) => f.write_str(number),
            Self::Text(text) => quoted(text, f),
            Self::List(values) if values.is_empty() => f.write_str("[]"),
            Self::Object(members) if members.is_empty() => f.write_str("{}"),
            // Numbers and shapes are easier to read on one line.
            Self::List(values) if !values.iter().any(Self::is_nested) => {
                f.write_char('[')?;
                for (at, value) in values.iter().enumerate() {
                    f.write_str(if at > 0 { ", " } else { "" })?;
                    value.write(f, depth)?;
                }
                f.write_char(']')
            }
            Self::List(values) => {
                for (at, value) in values.iter().enumerate() {
                    write!(f, "{}\n{indent}", if at > 0 { "," } else { "[" })?;
                    value.write(f, depth + 1)?;
                }
                write!(f, "\n{outdent}]")
            }
            Self::Object(members) => {
                for (at, (name, value)) in members.iter().enumerate() {
                    write!(f, "{}\n{indent}", if at > 0 { "," } else { "{" })?;
                    quoted(name, f)?;
                    f.write_str(": ")?;
                    value.write(f, depth + 1)?;
                }
                write!(f, "\n{outdent}}}")
            }
        }
    }

    fn is_nested(&self) -> bool {
        matches!(self, Self::List(_) | Self::Object(_))
    }
}

fn quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for char in text.chars() {
        match char {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\0'..' ' | '\x7f' => write!(f, "\\u{:04x}", u32::from(char))?,
            char => f.write_char(char)?,
        }
    }
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    #[test]
    fn others_read_what_is_written() {
        let strange = "\"\\ \n\t\0\x7f é 😀";
        let document = object! {
            "text": strange,
            "count": 7_usize,
            "single": 0.1_f32,
            "floats": [1.0, 1e-300, -2.5e300, 0.0],
            "infinite": f64::INFINITY,
            "none": None::<usize>,
            "empty": Vec::<usize>::new(),
            "nested": [object! {}, object! { "shape": [1_usize, 28, 28] }],
        };
        let read: Value = serde_json::from_str(&document.to_string()).unwrap();
        assert_eq!(read["text"], strange);
        assert_eq!(read["count"], 7);
        assert_eq!(read["single"], 0.1);
        assert_eq!(read["floats"], serde_json::json!([1.0, 1e-300, -2.5e300, 0.0]));
        assert_eq!(read["infinite"], Value::Null);
        assert_eq!(read["none"], Value::Null);
        assert_eq!(read["empty"], serde_json::json!([]));
        assert_eq!(read["nested"][1]["shape"], serde_json::json!([1, 28, 28]));
    }
}
