//! Syntax → a tree of layers of known kinds with their full names.

use crate::layer::{Arguments, KINDS, Kind, OTHER_FUNCTIONS, OTHER_NAMES, RESIDUAL, SEQUENTIAL};
use crate::options::spoken;
use crate::parse::{Declaration, Item};
use crate::report::{Place, Report, nearest, similar};
use std::collections::{HashMap, HashSet};

/// A layer or a block of layers.
pub(crate) enum Node<'a> {
    Layer {
        name: String,
        kind: &'static Kind,
        item: &'a Item,
    },
    Residual {
        name: String,
        place: Place,
        main: Vec<Node<'a>>,
        shortcut: Vec<Node<'a>>,
    },
    Sequential(Vec<Node<'a>>),
    /// A layer of no known kind, or one that could not be read; it is reported already.
    Unknown {
        name: Option<String>,
    },
}

/// Gives every layer its kind and its name.
pub(crate) fn model<'a>(declaration: &'a Declaration, report: &mut Report) -> Vec<Node<'a>> {
    if declaration.items.as_ref().is_some_and(Vec::is_empty) {
        report.error(
            declaration.name.span(),
            &format!("`{}` has no layers", declaration.name),
            "write at least one: `{ ReLU }`",
        );
    }
    let items = declaration.items.as_deref().unwrap_or_default();
    Names::new("", items.iter().flatten(), report).nodes(items, report)
}

/// The names within one block, and within the blocks without a label inside it.
struct Names {
    /// The names of the blocks around, each with a dot after it.
    prefix: String,
    /// Labels and the names that layers without a label have.
    taken: HashSet<String>,
    /// Layers so far whose names start with the same word.
    counts: HashMap<&'static str, usize>,
}

impl Names {
    fn new<'a>(
        prefix: &str,
        items: impl IntoIterator<Item = &'a Item>,
        report: &mut Report,
    ) -> Self {
        let mut names =
            Self { prefix: prefix.to_owned(), taken: HashSet::new(), counts: HashMap::new() };
        for item in items {
            names.take_labels(item, report);
        }
        names
    }

    /// Takes the labels of an item, and of those in it if it is a block without a label.
    fn take_labels(&mut self, item: &Item, report: &mut Report) {
        let Some(label) = &item.label else {
            return item.inner().for_each(|item| self.take_labels(item, report));
        };
        if !self.taken.insert(label.name.clone()) {
            let block = match self.prefix.strip_suffix('.') {
                Some(block) => format!("`{block}`"),
                None => "this network".to_owned(),
            };
            report.error(
                label.place,
                &format!("the label `{}` is used twice in {block}", label.name),
                "give this layer a label of its own",
            );
        }
    }

    fn nodes<'a>(&mut self, items: &'a [Option<Item>], report: &mut Report) -> Vec<Node<'a>> {
        let node = |item: &'a Option<Item>| match item {
            Some(item) => self.node(item, report),
            None => Node::Unknown { name: None },
        };
        items.iter().map(node).collect()
    }

    fn node<'a>(&mut self, item: &'a Item, report: &mut Report) -> Node<'a> {
        if item.kind == SEQUENTIAL.name || item.kind == RESIDUAL.name {
            return self.block(item, report);
        }
        let Some(kind) = KINDS.iter().find(|kind| item.kind == kind.name) else {
            let name = match &item.label {
                Some(label) => format!("{}{}", self.prefix, label.name),
                None => item.kind.to_string(),
            };
            unknown(item, report);
            return Node::Unknown { name: Some(name) };
        };
        let name = self.name(item, kind);
        if kind.parameters && item.label.is_none() {
            let label = name.strip_prefix(&self.prefix).unwrap_or(&name);
            report.error(
                item.kind.span(),
                &format!("a `{}` has parameters, so it needs a label", kind.name),
                &format!(
                    "write `{label}: {}`, and its parameters are `{label}.weight` and so on",
                    kind.name,
                ),
            );
        }
        if item.body.is_some() {
            report.error(
                item.kind.span(),
                &format!("`{name}`: a `{}` has no layers inside", kind.name),
                "only `Residual` and `Sequential` are blocks",
            );
        }
        Node::Layer { name, kind, item }
    }

    fn block<'a>(&mut self, item: &'a Item, report: &mut Report) -> Node<'a> {
        let residual = item.kind == RESIDUAL.name;
        let kind = if residual { &RESIDUAL } else { &SEQUENTIAL };
        let name = self.name(item, kind);
        Arguments::new(&name, kind, item, report);
        if item.body.as_ref().is_none_or(|items| residual && items.is_empty()) {
            report.error(
                item.kind.span(),
                &format!("`{name}`: a `{}` has no layers", kind.name),
                &format!("write them in braces: `{} {{ ReLU }}`", kind.name),
            );
        }
        if let (false, Some((place, _))) = (residual, &item.shortcut) {
            report.error(
                *place,
                &format!("`{name}`: a `Sequential` has no shortcut"),
                "use `Residual { layers } shortcut { layers }`",
            );
        }
        let mut own;
        let names = if item.label.is_some() {
            own = Self::new(&format!("{name}."), item.inner(), report);
            &mut own
        } else {
            self
        };
        let main = names.nodes(item.body.as_deref().unwrap_or_default(), report);
        let layers = item.shortcut.as_ref().map_or(&[][..], |(_, items)| items);
        let shortcut = names.nodes(layers, report);
        if !residual {
            return Node::Sequential(main);
        }
        let place =
            item.label.as_ref().map_or_else(|| item.kind.span().into(), |label| label.place);
        Node::Residual { name, place, main, shortcut }
    }

    /// The full name of a layer: its label, or the kind and a number.
    fn name(&mut self, item: &Item, kind: &Kind) -> String {
        let count = self.counts.entry(kind.short).or_default();
        *count += 1;
        if let Some(label) = &item.label {
            return format!("{}{}", self.prefix, label.name);
        }
        let mut number = *count;
        let mut name = format!("{}{number}", kind.short);
        while !self.taken.insert(name.clone()) {
            number += 1;
            name = format!("{}{number}", kind.short);
        }
        format!("{}{name}", self.prefix)
    }
}

fn unknown(item: &Item, report: &mut Report) {
    let kind = item.kind.to_string();
    let known: Vec<_> = Kind::all().map(|kind| kind.name).collect();
    let other = OTHER_NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(&kind));
    let slip = || {
        let absent = OTHER_FUNCTIONS.iter().any(|name| name.eq_ignore_ascii_case(&kind));
        nearest(&kind, known.iter().copied()).filter(|name| !absent && similar(&kind, name))
    };
    let message = match &item.label {
        Some(label) => format!("`{}`: there is no layer `{kind}`", label.name),
        None => format!("there is no layer `{kind}`"),
    };
    let help = match other.map(|(_, ours)| *ours).or_else(slip) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("the layers are {}", spoken(&known)),
    };
    report.error(item.kind.span(), &message, &help);
}
