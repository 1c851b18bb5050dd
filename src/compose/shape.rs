//! What a component asks for and gives, as its own validation found it.

use std::fmt;

use indexmap::IndexMap;
use wasmparser::{
    BinaryReader, ComponentExportSectionReader, ComponentImportSectionReader,
    component_types::ComponentItem,
    types::{Types, TypesRef},
};

use super::{
    sections::{EXPORTS, IMPORTS, PREAMBLE, sections},
    source::Reader,
};

/// The outer types of a component, with the names under which they are known.
///
/// A name in the binary may be shorter than the full one, which WIT and the planner have, and the part once it is written
/// into an app: `a:b/c@0.2` with the suffix `.6` beside it.
pub(super) struct Shape {
    types: Types,
    /// In the component's order: full name → name in the binary.
    pub imports: IndexMap<String, String>,
    pub exports: IndexMap<String, String>,
}

impl Shape {
    /// Of a binary that is valid; `types` are those that the validator ended with.
    pub fn new(binary: &[u8], types: Types) -> Result<Shape, wasmparser::Error> {
        let mut shape = Shape { types, imports: IndexMap::new(), exports: IndexMap::new() };
        let bytes = &mut Reader::held(binary);
        let mut all = sections(PREAMBLE..binary.len());
        while let Ok(Some(section)) = all.next(bytes) {
            let reader = BinaryReader::new(&binary[section.contents.clone()], section.contents.start as u64);
            match section.id {
                IMPORTS => {
                    for import in ComponentImportSectionReader::new(reader)? {
                        let name = import?.name;
                        shape.imports.insert(name.full_name().into_owned(), name.name.to_owned());
                    }
                }
                EXPORTS => {
                    for export in ComponentExportSectionReader::new(reader)? {
                        let name = export?.name;
                        shape.exports.insert(name.full_name().into_owned(), name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(shape)
    }

    pub fn types(&self) -> TypesRef<'_> {
        self.types.as_ref()
    }

    /// Imports, then exports, by their full names.
    pub fn items(&self) -> impl Iterator<Item = (&String, &ComponentItem)> {
        let imports = self.imports.keys().filter_map(|name| Some((name, self.import(name)?)));
        imports.chain(self.exports.keys().filter_map(|name| Some((name, self.export(name)?))))
    }

    /// The import of this full name.
    pub fn import(&self, name: &str) -> Option<&ComponentItem> {
        self.types.component_item_for_import(self.imports.get(name)?)
    }

    /// The export of this full name.
    pub fn export(&self, name: &str) -> Option<&ComponentItem> {
        self.types.component_item_for_export(self.exports.get(name)?)
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shape").field("imports", &self.imports).field("exports", &self.exports).finish_non_exhaustive()
    }
}
