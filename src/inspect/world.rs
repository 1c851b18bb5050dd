//! A file's interface: what it imports and exports, and all of it as WIT.

use std::sync::Arc;

use wasmparser::Parser;
use wit_component::WitPrinter;
use wit_parser::{PackageId, Resolve, WorldId, WorldItem, WorldKey, decoding::DecodedWasm};

use super::model::{Kind, Port, PortKind};
use crate::resolve::{Error, decode_binary};

/// A component's world, or what an encoded WIT package holds.
pub(super) struct World {
    pub kind: Kind,
    pub resolve: Arc<Resolve>,
    main: Option<PackageId>,
    world: Option<WorldId>,
}

/// Reads the world of a binary; `None` for a core module, which has none.
pub(super) fn read(name: &str, binary: &[u8]) -> Result<Option<World>, Error> {
    if Parser::is_core_wasm(binary) {
        return Ok(None);
    }
    Ok(Some(match decode_binary(name, binary)? {
        DecodedWasm::Component(resolve, world) => {
            let main = resolve.worlds[world].package;
            World { kind: Kind::Component, resolve: Arc::new(resolve), main, world: Some(world) }
        }
        DecodedWasm::WitPackage(resolve, main) => World::package(Arc::new(resolve), main),
    }))
}

impl World {
    pub fn package(resolve: Arc<Resolve>, main: PackageId) -> World {
        World { kind: Kind::WitPackage, resolve, main: Some(main), world: None }
    }

    /// In the binary's order; none for a WIT package.
    pub fn imports(&self) -> Vec<Port> {
        self.ports(&self.import_items())
    }

    /// In the binary's order; none for a WIT package.
    pub fn exports(&self) -> Vec<Port> {
        self.ports(&self.export_items())
    }

    pub fn import_items(&self) -> Vec<(&WorldKey, &WorldItem)> {
        self.world.map(|world| self.resolve.worlds[world].imports.iter().collect()).unwrap_or_default()
    }

    pub fn export_items(&self) -> Vec<(&WorldKey, &WorldItem)> {
        self.world.map(|world| self.resolve.worlds[world].exports.iter().collect()).unwrap_or_default()
    }

    /// WIT that parses. Comments in it come from the binary.
    pub fn wit(&self) -> String {
        let Some(main) = self.main else { return String::new() };
        let nested: Vec<_> = self.resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != main).collect();
        let mut printer = WitPrinter::default();
        // The printer refuses only what cannot be written as WIT; what it printed until then is still worth showing.
        let _ = printer.print(&self.resolve, main, &nested);
        printer.output.to_string()
    }

    fn ports(&self, items: &[(&WorldKey, &WorldItem)]) -> Vec<Port> {
        let port = |&(key, item): &(&WorldKey, &WorldItem)| {
            let (kind, functions) = match item {
                WorldItem::Interface { id, .. } => {
                    (PortKind::Interface, u32::try_from(self.resolve.interfaces[*id].functions.len()).ok())
                }
                WorldItem::Function(_) => (PortKind::Function, None),
                WorldItem::Type { .. } => (PortKind::Type, None),
            };
            let implements = self.resolve.implements_interface(key, item).and_then(|id| self.resolve.id_of(id));
            Port { name: self.resolve.name_world_key(key), implements, kind, functions }
        };
        items.iter().map(port).collect()
    }
}
