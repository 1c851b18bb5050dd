//! Where the bytes go.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the bytes go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Sizes {
    /// The file; the sizes of what is inside something add up to its own.
    pub tree: Size,
    /// Of the file, as gzip compresses it.
    pub compressed: u64,
    /// Modules and components that are there more than once, the most wasteful first.
    pub duplicates: Vec<Duplicate>,
    /// What could be saved, and by what; they overlap, so their sum means nothing.
    pub savings: Vec<Saving>,
}

/// Something that takes bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Size {
    pub name: String,
    pub kind: SizeKind,
    pub size: u64,
    /// As gzip compresses it by itself; of files, components and modules.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub compressed: Option<u64>,
    /// What is inside, the largest first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub inside: Vec<Size>,
}

/// What takes the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SizeKind {
    Component,
    CoreModule,
    /// `code`, `data`, or a custom section's name.
    Section,
    /// Functions of one crate, package or library.
    FunctionGroup,
    /// Everything else: headers, and what is too small to be listed.
    Rest,
}

/// Something that is there more than once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Duplicate {
    pub kind: SizeKind,
    /// Of one.
    pub size: u64,
    /// Where each is: names from the outermost inwards.
    pub places: Vec<String>,
    pub same: Sameness,
}

/// How alike duplicates are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sameness {
    /// Byte for byte.
    Whole,
    /// But for the names in it.
    WithoutNames,
}

/// What could be saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Saving {
    /// By what, in words.
    pub by: String,
    /// None where it is not known: nobody measured it.
    pub size: Option<u64>,
    /// Where figures are from that are not counted in the file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<String>,
}
