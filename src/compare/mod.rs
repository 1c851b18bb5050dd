//! WIT types against WIT types: every difference between what is expected and what is found, with the path to it.
//!
//! The relation is that of component instantiation: whatever is expected (an import) must be found (in an export); what
//! is found beyond that is of no concern. Below a function or a type nothing may differ, because validators and engines
//! ask for equality there, not for subtyping (wasmparser, `SubtypeCx::component_func_type`, says why). So:
//!
//! 1. every type and function of the expected interface must be found under the same name;
//! 2. functions are equal in parameter names, order and types, in result, and in being async;
//! 3. types are equal in structure: names of fields, cases and flags and their order count, names of types do not;
//! 4. a resource the expected interface defines stands for the resource found under its name; a resource that comes
//!    from another interface must come from the same one on both sides, which is returned as [`SharedResource`]:
//!    whether both sides also get that interface from the same instance is for the planner to decide.
//!
//! Invariants: never recursive over types and never compares a pair of types twice, so that the work is linear in the
//! definitions however deep or shared they are; a difference is told once, under the first path that reaches it.

pub(crate) mod sequence;
mod text;
mod track;
mod walk;

use std::fmt;

use wit_parser::{Function, InterfaceId, LiveTypes, Resolve, Span, TypeId, WorldId};

pub use text::{function as function_text, spelled_out, ty as type_text, what as keyword};
pub use track::Name;
pub(crate) use walk::{base, function_step};

/// Something in a [`Resolve`].
#[derive(Debug, Clone, Copy)]
pub struct Side<'a, T> {
    pub resolve: &'a Resolve,
    pub item: T,
}

/// All that came of a comparison.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// In the order in which the expected side declares things; the first thousand of them.
    pub differences: Vec<Difference>,
    /// Resources of other interfaces that must be one and the same on both sides; each pair once.
    pub shared: Vec<SharedResource>,
}

/// A resource that both sides use from an interface of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SharedResource {
    /// The definition on the expecting side, not an alias of it.
    pub expected: TypeId,
    /// The definition on the other side.
    pub found: TypeId,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// From the interface inwards; never empty.
    pub path: Vec<Step>,
    pub change: Change,
    /// WIT text of what is expected; `None` where nothing is.
    pub expected: Option<String>,
    /// WIT text of what is found; `None` where nothing is.
    pub found: Option<String>,
    /// In the expecting side's source map; unknown for components that were decoded.
    pub expected_at: Span,
    /// In the other side's source map.
    pub found_at: Span,
}

/// In what way two things differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// Expected and not there.
    Missing,
    /// There, where equality is asked for and nothing is expected.
    Unexpected,
    /// Another name in the same place.
    Renamed,
    /// Another type.
    Retyped,
    /// The same names in another order.
    Reordered,
    /// Async on one side, sync on the other.
    Async,
    /// Two different resources.
    Resource,
}

/// One step of the path to a difference.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    Function(String),
    Constructor {
        resource: String,
    },
    Method {
        resource: String,
        name: String,
    },
    Static {
        resource: String,
        name: String,
    },
    /// A named type: what it is (`record`, `resource` …) and its name.
    Type {
        what: &'static str,
        name: String,
    },
    Parameter(String),
    Result,
    Field(String),
    Case(String),
    Flag(String),
    /// An item of a tuple, from 0.
    Item(usize),
    /// Of a list, an option, a stream or a future; what it is an element of.
    Element(&'static str),
    Ok,
    Err,
    Key,
    Value,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Function(name) => write!(f, "function `{name}`"),
            Step::Constructor { resource } => write!(f, "constructor of `{resource}`"),
            Step::Method { resource, name } => write!(f, "method `{resource}.{name}`"),
            Step::Static { resource, name } => write!(f, "static function `{resource}.{name}`"),
            Step::Type { what, name } => write!(f, "{what} `{name}`"),
            Step::Parameter(name) => write!(f, "parameter `{name}`"),
            Step::Result => f.write_str("result"),
            Step::Field(name) => write!(f, "field `{name}`"),
            Step::Case(name) => write!(f, "case `{name}`"),
            Step::Flag(name) => write!(f, "flag `{name}`"),
            Step::Item(index) => write!(f, "item {index} of the tuple"),
            Step::Element(of) => write!(f, "element of the {of}"),
            Step::Ok => f.write_str("ok"),
            Step::Err => f.write_str("error"),
            Step::Key => f.write_str("key"),
            Step::Value => f.write_str("value"),
        }
    }
}

impl Difference {
    /// The path in words: "function `check`, parameter `token`".
    pub fn place(&self) -> String {
        self.path.iter().map(Step::to_string).collect::<Vec<_>>().join(", ")
    }

    /// What is expected and what is found there, in words.
    pub fn told(&self) -> String {
        let quoted = |text: &Option<String>| text.as_deref().map_or("nothing".to_owned(), |text| format!("`{text}`"));
        match self.change {
            Change::Missing => format!("expected {}, which is missing", quoted(&self.expected)),
            Change::Unexpected => format!("found {}, which is not expected", quoted(&self.found)),
            Change::Renamed => format!("expected the name {}, found {}", quoted(&self.expected), quoted(&self.found)),
            Change::Reordered => {
                format!("expected the order {}, found {}", quoted(&self.expected), quoted(&self.found))
            }
            Change::Resource => {
                format!(
                    "expected the resource {}, found {}, which is another",
                    quoted(&self.expected),
                    quoted(&self.found)
                )
            }
            Change::Retyped | Change::Async => {
                format!("expected {}, found {}", quoted(&self.expected), quoted(&self.found))
            }
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place(), self.told())
    }
}

/// Compares an imported interface with an exported one.
pub fn interfaces(expected: Side<'_, InterfaceId>, found: Side<'_, InterfaceId>) -> Comparison {
    let home = (wit_parser::TypeOwner::Interface(expected.item), wit_parser::TypeOwner::Interface(found.item));
    let mut walk = walk::Walk::new(expected.resolve, found.resolve, home);
    walk.interface(expected.item, found.item);
    walk.finish()
}

/// The same of an interface of which a component uses some types alone: those of its functions.
pub fn interfaces_as_used(
    expected: Side<'_, InterfaceId>,
    found: Side<'_, InterfaceId>,
    used: &LiveTypes,
) -> Comparison {
    let home = (wit_parser::TypeOwner::Interface(expected.item), wit_parser::TypeOwner::Interface(found.item));
    let mut walk = walk::Walk::new(expected.resolve, found.resolve, home);
    walk.interface_as_used(expected.item, found.item, |ty| used.contains(ty));
    walk.finish()
}

/// Compares a function that a world imports by itself with one that another world exports by itself.
pub fn functions(expected: Side<'_, (WorldId, &Function)>, found: Side<'_, (WorldId, &Function)>) -> Comparison {
    let home = (wit_parser::TypeOwner::World(expected.item.0), wit_parser::TypeOwner::World(found.item.0));
    let mut walk = walk::Walk::new(expected.resolve, found.resolve, home);
    walk.function(expected.item.1, found.item.1);
    walk.finish()
}

/// Compares a type that a world imports by itself with one that another world exports by itself.
pub fn types(expected: Side<'_, (WorldId, TypeId)>, found: Side<'_, (WorldId, TypeId)>) -> Comparison {
    let home = (wit_parser::TypeOwner::World(expected.item.0), wit_parser::TypeOwner::World(found.item.0));
    let mut walk = walk::Walk::new(expected.resolve, found.resolve, home);
    walk.named_type(expected.item.1, found.item.1);
    walk.finish()
}

#[cfg(test)]
mod tests;
