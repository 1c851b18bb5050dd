//! The rules: each a row of data with its id, its group, what it says, what to do, and why.
//!
//! A rule named `empty-item` has its fixture in `fixtures/lint/empty-item.wit`, its part of `docs/lint.md`, and its code,
//! `lint::empty-item`, in every report. Ids are an API: they stand in manifests and in comments of WIT.

use std::fmt::{self, Write as _};

use serde::Serialize;

use crate::check::levels::{Level, Ruled};

/// One rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rule {
    pub id: &'static str,
    /// The id as problems carry it.
    #[serde(skip)]
    pub code: &'static str,
    pub group: Group,
    /// Unless the manifest or the command line says another.
    pub level: Level,
    /// What is wrong, as a heading.
    pub sentence: &'static str,
    /// What is wrong with an item, to be put behind its name: `{it}` is what was found.
    #[serde(skip)]
    pub told: &'static str,
    /// What to do, imperative.
    pub cure: &'static str,
    /// Why it matters.
    pub explanation: &'static str,
}

/// What rules are about; a name for several at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    Names,
    Docs,
    Versions,
    Unused,
    Shapes,
}

macro_rules! table {
    ($($name:ident $id:literal $group:ident $level:ident $sentence:literal $told:literal $cure:literal $explanation:literal)*) => {
        $(pub(super) static $name: Rule = Rule {
            id: $id,
            code: concat!("lint::", $id),
            group: Group::$group,
            level: Level::$level,
            sentence: $sentence,
            told: $told,
            cure: $cure,
            explanation: $explanation,
        };)*
        static ALL: &[&Rule] = &[$(&$name),*];
    };
}

table! {
    NAMES_ALIKE "names-alike" Names Warn
        "two interfaces or worlds have names that differ in case or dashes alone"
        "has nearly the name of `{it}`"
        "give one of them a name that is told apart when it is spoken"
        "Within an interface WIT refuses such names, as bindings would make one of them; between interfaces it does not. \
         Bindings make a module or a class of each, in folders that may not tell case apart."
    CASE_REPEATS_TYPE "case-repeats-type" Names Warn
        "a case begins with the name of its type"
        "begins with the name of its type"
        "call it `{it}`"
        "Bindings put the type before the case: `Color::ColorRed`, `ColorColorRed`."
    PLACEHOLDER_PACKAGE "placeholder-package" Names Warn
        "a package is named after a template"
        "has a name that comes from a template: `{it}`"
        "name it after whoever publishes it"
        "`root:component` is what tools write where a component has lost its package, `component:` and `example:` are \
         what they write before somebody has chosen. Two such packages meet sooner or later, and are taken for one."
    ASYNC_IN_NAME "async-in-name" Names Warn
        "the name of a function says that it is async, or that it is not"
        "says `{it}` in its name"
        "leave the word out, and write `async func` where it is"
        "Being async is part of a function's type, and every binding shows it. The word in the name is said twice, or not \
         true."
    NEEDLESS_ALIAS "needless-alias" Names Warn
        "a name is used under itself"
        "uses a name under itself: `{it}`"
        "leave out `as`"
        "It reads as if a conflict of names had been solved where there is none."

    UNDOCUMENTED_PACKAGE "undocumented-package" Docs Allow
        "a package has no documentation"
        "has no documentation"
        "say before `package` what it is for"
        "It is the first page of what tools write about the package."
    UNDOCUMENTED_INTERFACE "undocumented-interface" Docs Warn
        "an interface has no documentation"
        "has no documentation"
        "say in a `///` comment before it what it is for"
        "Nobody who implements or imports it sees your sources: the comment travels into every language's bindings, and \
         is all they have."
    UNDOCUMENTED_WORLD "undocumented-world" Docs Allow
        "a world has no documentation"
        "has no documentation"
        "say in a `///` comment before it what its components are for, and who runs them"
        "Its imports and exports say what a component needs and offers, not what it is."
    UNDOCUMENTED_FUNCTION "undocumented-function" Docs Warn
        "a function has no documentation"
        "has no documentation"
        "say in a `///` comment before it what it does, and when it fails"
        "A signature does not say what an error means, who owns what, or what may be called twice. The comment travels \
         into every language's bindings."
    UNDOCUMENTED_TYPE "undocumented-type" Docs Warn
        "a type has no documentation"
        "has no documentation"
        "say in a `///` comment before it what it stands for"
        "The comment travels into every language's bindings."
    UNDOCUMENTED_MEMBER "undocumented-member" Docs Allow
        "a field, a case or a flag has no documentation"
        "has no documentation"
        "say in a `///` comment before it what it stands for"
        "Units, ranges and what is there when nothing is there are not in the type."
    DEPRECATED_WITHOUT_DOCS "deprecated-without-docs" Docs Warn
        "a deprecated item has no documentation"
        "is deprecated and does not say why"
        "say in a `///` comment before it what to use instead"
        "Whoever is told by a compiler that something is deprecated asks what to do instead."

    PACKAGE_UNVERSIONED "package-unversioned" Versions Warn
        "a package has no version"
        "has no version"
        "write `package {it}@0.1.0;`"
        "The version is part of the name of every import and export. Without one nothing tells an old component from a \
         new host, and to give it one later breaks everybody once."
    VERSION_WITHOUT_TRACK "version-without-track" Versions Warn
        "no two versions of a package match"
        "has version {it}, which matches no other"
        "begin with 0.1.0"
        "Versions of one semver track match: 0.1.0 with 0.1.9. Each 0.0.x is a track of its own, so that a component built \
         against 0.0.1 does not run on 0.0.2 whatever the change was."
    SINCE_MISSING "since-missing" Versions Warn
        "an item does not say since when it is there, and others beside it do"
        "does not say since when it is there, as {it} does"
        "write `@since(version = …)` before it"
        "Tools derive earlier versions of a package from `@since`: what does not have it is taken for something that was \
         always there."
    DEPRECATED_BEFORE_SINCE "deprecated-before-since" Versions Deny
        "an item was deprecated before it was there"
        "is deprecated since {it}, when it was not there yet"
        "write the version that deprecates it"
        "One of the two versions is a slip, and tools that derive earlier versions go by both."
    FEATURES_ENTANGLED "features-entangled" Versions Deny
        "an item needs another feature than the one it is behind"
        "needs `{it}`, which is behind another feature"
        "put both behind one feature"
        "Whoever asks for the first feature alone gets a package that does not resolve."
    MIXED_VERSIONS "mixed-versions" Versions Warn
        "a package is used in two versions"
        "is used in another version elsewhere: {it}"
        "use one version throughout"
        "Of one semver track the two are one package to a host and two to a compiler, whose types do not fit each other; \
         of two tracks a component needs a host that has both."

    UNUSED_TYPE "unused-type" Unused Warn
        "no function and no other type has to do with a type"
        "is used by nothing"
        "take it out, or use it"
        "Everyone who generates bindings gets it, and to take it out later breaks them."
    UNUSED_USE "unused-use" Unused Warn
        "a name is brought in by `use` and has to do with nothing"
        "is brought in by `use` and used by nothing"
        "take it out of the `use`"
        "It is exported along with the interface: everyone who provides it needs the other one too, and to take it out \
         later breaks them."
    UNUSED_INTERFACE "unused-interface" Unused Warn
        "no world of the package has to do with an interface"
        "is in no world, and nothing uses its types"
        "import or export it in a world, or take it out"
        "Nobody who writes against one of the package's worlds can call it or is asked to provide it."
    EMPTY_ITEM "empty-item" Unused Warn
        "an interface or a world has nothing in it"
        "has nothing in it"
        "take it out until there is something to say"
        "It is left out of every component, so nobody can tell whether it was there."
    INCLUDE_TWICE "include-twice" Unused Warn
        "a world includes another twice"
        "includes `{it}` twice"
        "take one out"
        "The second says nothing."
    NEEDLESS_ALLOW "needless-allow" Unused Warn
        "a comment allows what nobody minds"
        "allows nothing: `{it}`"
        "take it out, or correct the name of the rule"
        "What was allowed once and is no longer found hides the next one."

    RESULT_WITHOUT_ERROR "result-without-error" Shapes Warn
        "a function may fail and cannot say why"
        "may fail and cannot say why: `{it}`"
        "give the result an error type, if only an enum of one case"
        "To add the type later is a breaking change: a result is compared whole."
    ERROR_AS_STRING "error-as-string" Shapes Warn
        "an error is a string"
        "tells an error as a string"
        "give an enum or a variant of what may happen, with a case that carries text for the rest"
        "A caller that wants to do something else where a thing is missing than where it is forbidden has to read prose, \
         which nobody promised to keep."
    CLOSED_ERROR "closed-error" Shapes Allow
        "errors of a function can never become more"
        "is told as an error, and has no case for what is yet to come"
        "add a case like `other` that carries a string"
        "There is no unknown case in WIT, so a new case is a breaking change for callers and implementers. One that \
         carries text leaves room until the next one."
    BOOL_PARAMETERS "bool-parameters" Shapes Warn
        "two parameters next to each other are booleans"
        "takes two booleans in a row: `{it}`"
        "take flags, or an enum each"
        "A call reads `open(true, false)`, and no type says when the two are swapped."
    MANY_PARAMETERS "many-parameters" Shapes Warn
        "a function takes more parameters than anyone can tell apart"
        "takes {it} parameters"
        "take a record"
        "Calls read as a row of values. To add the next one is a breaking change either way, but a record names them."
    LONG_TUPLE "long-tuple" Shapes Warn
        "a tuple has more than four items"
        "has a tuple of {it} items"
        "make it a record, whose fields have names"
        "Items of a tuple are told apart by their place alone."
    OPTION_OF_OPTION "option-of-option" Shapes Warn
        "an option holds an option"
        "has an option of an option"
        "make it a variant with a case for each of the three"
        "Python and JavaScript show both `none` and `some(none)` as nothing, or need a wrapper for this one type."
    PLAIN_NAME "plain-name" Shapes Allow
        "a world imports or exports something under a name without a package"
        "has neither a package nor a version in its name"
        "put it into an interface of the package"
        "Imports and exports meet by name. A function or an interface that is written in a world meets everything of that \
         name, whoever made it and whatever its version, and no other package can use it."
}

/// Every rule, in the order of the documentation.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    ALL.iter().copied()
}

impl Ruled for Rule {
    const TABLE: &'static str = "lint";
    const GROUPS: &'static [&'static str] = &["names", "docs", "versions", "unused", "shapes"];

    fn all() -> impl Iterator<Item = &'static Rule> {
        rules()
    }

    fn id(&self) -> &'static str {
        self.id
    }

    fn group(&self) -> &'static str {
        self.group.word()
    }

    fn level(&self) -> Level {
        self.level
    }
}

impl Group {
    pub fn word(self) -> &'static str {
        match self {
            Group::Names => "names",
            Group::Docs => "docs",
            Group::Versions => "versions",
            Group::Unused => "unused",
            Group::Shapes => "shapes",
        }
    }
}

/// The text of one rule for a terminal.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "lint::{}: {}\n", self.id, self.sentence)?;
        writeln!(f, "{}\n", self.explanation)?;
        writeln!(f, "level {} unless set", self.level.word())?;
        writeln!(f, "group {}", self.group.word())?;
        writeln!(f, "do    {}", self.cure.replace("{it}", "…"))
    }
}

/// All rules as Markdown. `example` gives the text of a rule's fixture.
pub fn page(example: impl Fn(&Rule) -> Option<String>) -> String {
    let mut page = "\
# Rules of `cargo mosaic wit lint`

Written by `cargo xtask docs` from the table in `src/check/lint/rules.rs`; do not edit.

Each rule has a level: `deny` ends with exit code 100, `warn` is told, `allow` is not told unless asked for. `-D`, `-W`, `-A`
and `[check.lint]` of the manifest set another for a rule, for a group (`names`, `docs`, `versions`, `unused`, `shapes`),
or for `all`:

```toml
[check.lint]
docs = \"deny\"
undocumented-member = \"allow\"
```

One finding alone is allowed by a comment: before an item for all of it, behind something for its line, before `package`
for the whole file.

```wit
// lint: allow(error-as-string) the texts are shown to people as they are
parse: func(text: string) -> result<u32, string>;
```

Tools that read WIT take every comment for documentation of what follows it, this one too: it shows in bindings.

| rule | level | group | |
|---|---|---|---|
"
    .to_owned();
    for rule in rules() {
        let (level, group) = (rule.level.word(), rule.group.word());
        let _ = writeln!(page, "| [`{0}`](#{0}) | {level} | {group} | {1} |", rule.id, rule.sentence);
    }
    for rule in rules() {
        let cure = rule.cure.replace("{it}", "…");
        let _ = write!(page, "\n## {}\n\n{} To mend it: {cure}.\n", rule.id, rule.explanation);
        if let Some(text) = example(rule) {
            let _ = write!(page, "\n```wit\n{}\n```\n", text.trim_end());
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_kebab_case() {
        let ids: Vec<_> = rules().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len());
        assert!(ids.iter().all(|id| id.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
    }
}
