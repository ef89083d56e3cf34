//! Reads what is written with one layer. Every value is checked here; one that is wrong is reported
//! and `None`.

use super::Kind;
use crate::parse::{Item, List, Value};
use crate::report::{Place, Report, nearest, similar};
use std::rc::Rc;
use syn::{Type, TypePath};

/// The largest size, and the most values that a feature map or a weight tensor may have: what a
/// 32-bit machine can address.
pub(crate) const LIMIT: usize = (1 << 31) - 1;

/// The sizes and options of one layer.
pub(crate) struct Arguments<'a> {
    name: &'a str,
    kind: &'a Kind,
    item: &'a Item,
    report: &'a mut Report,
    /// The names of the sizes, in the form that was used.
    form: &'static [&'static str],
}

/// A number, and where it is written.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) value: usize,
    pub(crate) place: Place,
}

/// Padding as it is written.
#[derive(Clone, Copy)]
pub(crate) enum Padding {
    /// Top, bottom, left, right.
    Sizes([usize; 4]),
    /// As much as ceil(input / stride) positions need.
    Same,
}

impl<'a> Arguments<'a> {
    /// What is written with `item`, whose full name is `name`.
    pub(crate) fn new(
        name: &'a str,
        kind: &'a Kind,
        item: &'a Item,
        report: &'a mut Report,
    ) -> Self {
        let mut arguments = Self { name, kind, item, report, form: &[] };
        arguments.check_sizes();
        arguments.check_options();
        arguments
    }

    fn check_sizes(&mut self) {
        let kind = self.kind.name;
        let values = self.item.sizes.as_ref().map_or(&[][..], |list| &list.values);
        if values.iter().any(|value| matches!(value, Value::Wrong)) {
            return;
        }
        let right = self.kind.sizes.iter().find(|form| form.len() == values.len());
        if let Some(form) = right {
            self.form = form;
            return;
        }
        if self.kind.sizes.is_empty() {
            if let (Some(list), false) = (&self.item.sizes, values.is_empty()) {
                let texts: Option<Vec<_>> = values.iter().map(Value::number).collect();
                let given = !self.item.options.is_empty();
                let help = match texts {
                    Some(texts) if !self.kind.options.is_empty() && !given => {
                        self.kind.with_options(&texts, &[], false)
                    }
                    _ => format!("write `{kind}`"),
                };
                self.error(list.place, &format!("`{kind}` takes no sizes"), &help);
            }
            return;
        }
        let counts: Vec<_> = self.kind.sizes.iter().map(|form| form.len().to_string()).collect();
        let forms: Vec<_> =
            self.kind.sizes.iter().map(|form| format!("`{kind}<{}>`", form.join(", "))).collect();
        let place = match &self.item.sizes {
            Some(list) => list.place,
            None => self.kind_place(),
        };
        let plural = if counts == ["1"] { "size" } else { "sizes" };
        self.error(
            place,
            &format!("`{kind}` takes {} {plural}, found {}", counts.join(" or "), values.len()),
            &format!("write {}", forms.join(" or ")),
        );
    }

    fn check_options(&mut self) {
        let item = self.item;
        for (at, option) in item.options.iter().enumerate() {
            let name = option.name.to_string();
            if !self.kind.options.contains(&name.as_str()) {
                let kind = self.kind.name;
                let list = self.kind.spoken_options();
                let help = match nearest(&name, self.kind.options.iter().copied()) {
                    Some(nearest) if similar(&name, nearest) => {
                        format!("did you mean `{nearest}`? ({list})")
                    }
                    _ => list,
                };
                let message = format!("`{kind}` has no option `{name}`");
                self.error(option.name.span().into(), &message, &help);
            } else if item.options[..at].iter().any(|other| other.name == option.name) {
                self.error(
                    option.name.span().into(),
                    &format!("`{name}` is given twice"),
                    "keep one of the two",
                );
            }
        }
    }

    /// Reports a mistake in this layer.
    pub(crate) fn error(&mut self, place: Place, message: &str, help: &str) {
        self.report.error(place, &format!("`{}`: {message}", self.name), help);
    }

    /// Where the kind is written.
    pub(crate) fn kind_place(&self) -> Place {
        self.item.kind.span().into()
    }

    /// The size at this position in `<>`.
    pub(crate) fn size(&mut self, at: usize) -> Option<Size> {
        let name = *self.form.get(at)?;
        let item = self.item;
        let value = item.sizes.as_ref()?.values.get(at)?;
        if let (Value::List(pair), "k") = (value, name) {
            let help = self.rectangle_help(at, pair);
            self.error(pair.place, "the size `k` is a single number", &help);
            return None;
        }
        self.number(value, name, 1)
    }

    /// How to write `[h, w]` that stands at this position of the sizes.
    fn rectangle_help(&self, at: usize, pair: &List) -> String {
        let before = self.item.sizes.iter().flat_map(|list| &list.values[..at]);
        let numbers: Option<Vec<_>> = before.chain(&pair.values).map(Value::number).collect();
        let sizes = match numbers {
            Some(numbers) if pair.values.len() == 2 => numbers.join(", "),
            _ => self.kind.sizes.last().map_or(String::new(), |form| form.join(", ")),
        };
        let word = if self.kind.parameters { "kernel" } else { "window" };
        format!("a {word} that is not square is written `{}<{sizes}>`", self.kind.name)
    }

    /// How many sizes there are.
    pub(crate) fn sizes(&self) -> usize {
        self.form.len()
    }

    fn option(&self, name: &str) -> Option<&'a Value> {
        self.item.options.iter().find(|option| option.name == name).map(|option| &option.value)
    }

    /// Where an option's value is written, or else the kind.
    pub(crate) fn option_place(&self, name: &str) -> Place {
        self.option(name).map_or(self.kind_place(), Value::place)
    }

    /// A number of at least `least`.
    fn number(&mut self, value: &Value, what: &str, least: usize) -> Option<Size> {
        let what = if what.len() < 5 { format!("the size `{what}`") } else { format!("`{what}`") };
        let (message, help) = match *value {
            Value::Integer(value, place) if value >= least as i128 && value <= LIMIT as i128 => {
                return Some(Size { value: value as usize, place });
            }
            Value::Integer(value, _) if value > LIMIT as i128 => {
                (format!("{what} is too large"), format!("write at most {LIMIT}"))
            }
            Value::Integer(value, _) => {
                (format!("{what} is {value}"), format!("write {least} or more"))
            }
            Value::Wrong => return None,
            _ => (format!("{what} is not a whole number"), self.number_help(value)),
        };
        self.error(value.place(), &message, &help);
        None
    }

    fn number_help(&self, value: &Value) -> String {
        match value {
            Value::Path(_) => {
                "write it in digits: a macro can't see the value of a constant".to_owned()
            }
            Value::Real(real, _) => {
                format!("write a number such as {}", real.abs().ceil().max(1.0))
            }
            _ => "write a number such as 2".to_owned(),
        }
    }

    /// A number of at least 1.
    pub(crate) fn count(&mut self, name: &str, default: usize) -> Option<usize> {
        match self.option(name) {
            None => Some(default),
            Some(value) => self.number(value, name, 1).map(|size| size.value),
        }
    }

    /// A number for both directions, or `[h, w]`; each at least 1.
    pub(crate) fn pair(&mut self, name: &str, default: Option<[usize; 2]>) -> Option<[usize; 2]> {
        match self.option(name) {
            None => default,
            Some(Value::List(list)) => {
                if let [h, w] = &list.values[..] {
                    let (h, w) = (self.number(h, name, 1), self.number(w, name, 1));
                    return Some([h?.value, w?.value]);
                }
                self.error(
                    list.place,
                    &format!("`{name}` takes 1 or 2 numbers, found {}", list.values.len()),
                    &format!("write `{name} = 2` or `{name} = [h, w]`"),
                );
                None
            }
            Some(value) => self.number(value, name, 1).map(|size| [size.value; 2]),
        }
    }

    /// `padding`, 0 if there is none.
    pub(crate) fn padding(&mut self) -> Option<Padding> {
        const FORMS: &str =
            "`padding` is a number, `[h, w]`, `[top, bottom, left, right]` or `same`";
        match self.option("padding") {
            None => Some(Padding::Sizes([0; 4])),
            Some(Value::Path(path)) if is_path(path, "same") => Some(Padding::Same),
            Some(value @ Value::Path(_)) => {
                self.error(value.place(), "`padding` has no such form", FORMS);
                None
            }
            Some(Value::List(list)) => {
                let numbers: Vec<_> =
                    list.values.iter().map(|value| self.number(value, "padding", 0)).collect();
                let at = |at: usize| numbers[at].map(|size| size.value);
                match numbers.len() {
                    2 => Some(Padding::Sizes([at(0)?, at(0)?, at(1)?, at(1)?])),
                    4 => Some(Padding::Sizes([at(0)?, at(1)?, at(2)?, at(3)?])),
                    found => {
                        let message = format!("`padding` takes 1, 2 or 4 numbers, found {found}");
                        self.error(list.place, &message, FORMS);
                        None
                    }
                }
            }
            Some(value) => {
                self.number(value, "padding", 0).map(|size| Padding::Sizes([size.value; 4]))
            }
        }
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, name: &str, default: bool) -> Option<bool> {
        match self.option(name) {
            None => Some(default),
            Some(Value::Bool(value, _)) => Some(*value),
            Some(Value::Wrong) => None,
            Some(value) => {
                let help = format!("write `{name} = true` or `{name} = false`");
                self.error(value.place(), &format!("`{name}` is `true` or `false`"), &help);
                None
            }
        }
    }

    /// A real number that fits.
    pub(crate) fn real(
        &mut self,
        name: &str,
        default: f32,
        fits: fn(f32) -> bool,
        what: &str,
    ) -> Option<f32> {
        let value = match self.option(name) {
            None => return Some(default),
            Some(Value::Wrong) => return None,
            Some(value) => value,
        };
        let number = match *value {
            Value::Integer(number, _) => Some(number as f32),
            Value::Real(number, _) => Some(number as f32),
            _ => None,
        };
        let fitting = number.filter(|&number| number.is_finite() && fits(number));
        if fitting.is_none() {
            let help = format!("its default is `{name} = {default}`");
            self.error(value.place(), &format!("`{name}` is {what}"), &help);
        }
        fitting
    }

    /// A Rust type.
    pub(crate) fn path(&mut self, name: &str) -> Option<Option<Rc<Type>>> {
        match self.option(name) {
            None => Some(None),
            Some(Value::Path(path)) if matches!(**path, Type::Path(_)) => Some(Some(path.clone())),
            Some(Value::Wrong) => None,
            Some(value) => {
                let example = if name == "precision" { "i8" } else { "Direct" };
                let help = format!("write the path of a type, such as `{name} = {example}`");
                self.error(value.place(), &format!("`{name}` is a type"), &help);
                None
            }
        }
    }

    /// Reports more values than a machine can hold.
    pub(crate) fn limit(&mut self, place: Place, what: &str, sizes: &[usize]) -> bool {
        let values: u128 = sizes.iter().map(|&size| size as u128).product();
        if values > LIMIT as u128 {
            self.error(
                place,
                &format!("{values} {what} are too many"),
                &format!("there are at most {LIMIT}"),
            );
        }
        values <= LIMIT as u128
    }
}

/// Whether a path's last name is this one.
pub(crate) fn is_path(path: &Type, name: &str) -> bool {
    matches!(path, Type::Path(TypePath { path, .. })
        if path.segments.last().is_some_and(|last| last.ident == name))
}
