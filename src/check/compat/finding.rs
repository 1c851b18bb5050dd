//! What a rule found, as fields.

use std::{collections::HashMap, fmt, ops::Range, sync::Arc};

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use wit_parser::{Resolve, Span};

use super::rules::Rule;
use crate::{
    check::levels::Level,
    compare::Step,
    diagnostic::{Problem, SourceFile},
    resolve::Wit,
};

/// One change.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// The rule's id.
    #[serde(serialize_with = "id")]
    #[schemars(with = "String")]
    pub rule: &'static Rule,
    /// The rule's, or as set.
    pub level: Level,
    pub standing: Standing,
    #[schemars(with = "String")]
    pub item: Item,
    /// WIT text before and after, where there is one to show.
    pub old: Option<String>,
    pub new: Option<String>,
    /// In what way, where the texts alone do not say it.
    pub note: Option<String>,
    #[serde(skip)]
    pub old_at: Option<Spot>,
    #[serde(skip)]
    pub new_at: Option<Spot>,
}

/// Whether a finding counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    Open,
    /// The version number says so: nothing is promised across that step.
    Covered,
    /// It is on the list of accepted findings.
    Accepted,
}

/// A place in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    pub source: Arc<SourceFile>,
    pub span: Range<usize>,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Item {
    pub root: Root,
    /// From the root inwards.
    pub path: Vec<At>,
}

/// The outermost thing with a name of its own; names are the old side's, without a version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Root {
    /// `acme:shop`.
    Package(String),
    /// `acme:shop/auth`.
    Interface(String),
    /// `acme:shop/api`.
    World(String),
    /// A component that takes another's place.
    Component,
}

/// One step inwards.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum At {
    Import(String),
    Export(String),
    Inside(Step),
}

impl Spot {
    /// Where a span of a [`Resolve`] that was made of these texts is.
    pub fn of(wit: &Wit, resolve: &Resolve, span: Span) -> Option<Spot> {
        let location = resolve.source_map.resolve_span(span)?;
        let source = wit.sources.get(location.path)?.clone();
        Some(Spot { source, span: location.range })
    }

    /// Where packages are named: `package acme:shop@0.1.0`, by their names without a version.
    pub fn of_packages(wit: &Wit) -> HashMap<String, Spot> {
        let mut sources: Vec<_> = wit.sources.values().collect();
        sources.sort_by_key(|source| &source.name);
        let mut spots = HashMap::new();
        for source in sources {
            let mut start = 0;
            for line in source.text.split_inclusive('\n') {
                if let Some(name) = line.trim_start().strip_prefix("package ").map(str::trim_start) {
                    let end = name.find([';', '{', ' ']).unwrap_or(name.trim_end().len());
                    let from = start + line.len() - name.len();
                    let bare = name[..end].split('@').next().unwrap_or_default().to_owned();
                    spots.entry(bare).or_insert_with(|| Spot { source: source.clone(), span: from..from + end });
                }
                start += line.len();
            }
        }
        spots
    }
}

impl Finding {
    /// What happened, one sentence without a full stop.
    pub fn message(&self) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let told = self.rule.told.replace("{old}", &text(&self.old)).replace("{new}", &text(&self.new));
        format!("{} {told}", self.item)
    }

    /// The finding as it stands on a list of accepted ones.
    pub fn key(&self) -> String {
        format!("{}: {}", self.rule.id, self.item)
    }

    /// Whether it keeps the check from passing.
    pub fn fails(&self) -> bool {
        self.level == Level::Deny && self.standing == Standing::Open
    }

    /// Whom it breaks or, where it breaks nobody, whom it concerns, in words.
    pub fn concerned(&self) -> Option<String> {
        match (self.rule.breaks(), self.rule.concerns) {
            (_, []) => None,
            (true, _) => Some(format!("breaks {}", self.rule.whom())),
            (false, _) => Some(format!("concerns {}", self.rule.whom())),
        }
    }

    /// For reports: an error if it fails the check, else a warning.
    pub fn problem(&self) -> Problem {
        let new = match self.fails() {
            true => Problem::error(self.rule.code, self.message()),
            false => Problem::warning(self.rule.code, self.message()),
        };
        let concerned = self.concerned();
        let mut problem = self.note.iter().chain(&concerned).fold(new, |problem, why| problem.because(why));
        if let Some(spot) = &self.new_at {
            let label = if self.new.is_some() { "now" } else { "no longer here" };
            problem = problem.at(&spot.source, spot.span.clone(), label);
        }
        if let Some(spot) = &self.old_at
            && self.old.is_some()
        {
            problem = problem.see(&spot.source, spot.span.clone(), "before");
        }
        match self.standing {
            Standing::Open => problem,
            Standing::Covered => problem.because("the version number allows for it"),
            Standing::Accepted => problem.because("it is on the list of accepted findings"),
        }
    }
}

impl Root {
    /// The package it is or lies in: `acme:shop`.
    pub fn package(&self) -> Option<&str> {
        match self {
            Root::Package(name) | Root::Interface(name) | Root::World(name) => {
                Some(name.split_once('/').map_or(name.as_str(), |(package, _)| package))
            }
            Root::Component => None,
        }
    }
}

impl Item {
    pub fn of(root: Root) -> Item {
        Item { root, path: Vec::new() }
    }

    #[must_use]
    pub fn at(&self, step: At) -> Item {
        let mut path = self.path.clone();
        path.push(step);
        Item { root: self.root.clone(), path }
    }

    #[must_use]
    pub fn inside(&self, step: Step) -> Item {
        self.at(At::Inside(step))
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in self.path.iter().rev() {
            write!(f, "{step} of ")?;
        }
        // The names of interfaces say what they are, unless they stand alone.
        match (&self.root, self.path.is_empty()) {
            (Root::Interface(name), false) => write!(f, "`{name}`"),
            (root, _) => write!(f, "{root}"),
        }
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Root::Package(name) => write!(f, "package `{name}`"),
            Root::Interface(name) => write!(f, "interface `{name}`"),
            Root::World(name) => write!(f, "world `{name}`"),
            Root::Component => f.write_str("the component"),
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Import(name) => write!(f, "import `{name}`"),
            At::Export(name) => write!(f, "export `{name}`"),
            At::Inside(step) => step.fmt(f),
        }
    }
}

impl Serialize for Item {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

fn id<S: Serializer>(rule: &&'static Rule, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(rule.id)
}
