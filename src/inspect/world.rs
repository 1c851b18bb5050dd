//! A file's interface: what it imports and exports, and all of it as WIT.

use serde::Serialize;
use wasmparser::Parser;
use wit_component::WitPrinter;
use wit_parser::{PackageId, Resolve, WorldItem, WorldKey, decoding::DecodedWasm};

use crate::resolve::{Error, decode_binary};

use super::Kind;

/// A component's world, or what an encoded WIT package holds.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct World {
    /// As WIT that parses. Comments in it come from the binary.
    pub wit: String,
    /// In the binary's order; empty for a WIT package.
    pub imports: Vec<Item>,
    /// In the binary's order; empty for a WIT package.
    pub exports: Vec<Item>,
}

/// One import or export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Item {
    /// `wasi:http/types@0.2.6`, or a plain name.
    pub name: String,
    pub kind: Side,
    /// The functions of an interface, methods as `[method]fields.get`.
    pub functions: Vec<String>,
}

/// What an import or export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    Interface,
    Function,
    Type,
}

/// Tells what kind of file a binary is, and reads its world.
pub(super) fn read(name: &str, binary: &[u8]) -> Result<(Kind, Option<World>), Error> {
    if Parser::is_core_wasm(binary) {
        return Ok((Kind::CoreModule, None));
    }
    Ok(match decode_binary(name, binary)? {
        DecodedWasm::Component(resolve, id) => {
            let world = &resolve.worlds[id];
            let items = |items: &wit_parser::IndexMap<WorldKey, WorldItem>| {
                items.iter().map(|(key, item)| self::item(&resolve, key, item)).collect()
            };
            let (imports, exports) = (items(&world.imports), items(&world.exports));
            let wit = world.package.map(|main| wit(&resolve, main)).unwrap_or_default();
            (Kind::Component, Some(World { wit, imports, exports }))
        }
        DecodedWasm::WitPackage(resolve, main) => {
            let world = World { wit: wit(&resolve, main), imports: Vec::new(), exports: Vec::new() };
            (Kind::WitPackage, Some(world))
        }
    })
}

fn item(resolve: &Resolve, key: &WorldKey, item: &WorldItem) -> Item {
    let (kind, functions) = match item {
        WorldItem::Interface { id, .. } => {
            (Side::Interface, resolve.interfaces[*id].functions.keys().cloned().collect())
        }
        WorldItem::Function(_) => (Side::Function, Vec::new()),
        WorldItem::Type { .. } => (Side::Type, Vec::new()),
    };
    Item { name: resolve.name_world_key(key), kind, functions }
}

fn wit(resolve: &Resolve, main: PackageId) -> String {
    let nested: Vec<_> = resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != main).collect();
    let mut printer = WitPrinter::default();
    // The printer refuses only what cannot be written as WIT; what it printed until then is still worth showing.
    let _ = printer.print(resolve, main, &nested);
    printer.output.to_string()
}
