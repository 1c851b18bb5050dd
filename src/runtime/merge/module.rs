//! A core module, read as far as linking asks.

use std::collections::HashMap;

use wasmparser::{
    DataSectionReader, Element, ExternalKind, FunctionBody, Global, Import, KnownCustom, MemoryType, Name, Parser,
    Payload, RecGroup, Table, TagType, TypeRef,
};

use super::items::Space;

/// A core module.
#[derive(Default)]
pub struct Module<'a> {
    pub name: Option<&'a str>,
    pub types: Vec<RecGroup>,
    pub imports: Vec<Import<'a>>,
    /// Which of them are functions, tables, memories, globals and tags.
    imported: [Vec<usize>; 5],
    pub exports: HashMap<&'a str, (Space, u32)>,
    /// Of each function that it defines: its type, and its body.
    pub functions: Vec<u32>,
    pub code: Vec<FunctionBody<'a>>,
    pub tables: Vec<Table<'a>>,
    pub memories: Vec<MemoryType>,
    pub tags: Vec<TagType>,
    pub globals: Vec<Global<'a>>,
    pub elements: Vec<Element<'a>>,
    pub data: Option<DataSectionReader<'a>>,
    /// It says before its code how many segments of data there are.
    pub counts_data: bool,
    pub start: Option<u32>,
    pub function_names: Vec<(u32, &'a str)>,
}

impl<'a> Module<'a> {
    /// `None`: it cannot be read, or has what is not known here.
    pub fn read(bytes: &'a [u8]) -> Option<Module<'a>> {
        let mut module = Module::default();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.ok()? {
                Payload::Version { .. } | Payload::CodeSectionStart { .. } | Payload::End(_) => {}
                Payload::TypeSection(section) => module.types = all(section)?,
                Payload::ImportSection(section) => {
                    module.imports = section.into_imports().collect::<Result<_, _>>().ok()?;
                }
                Payload::FunctionSection(section) => module.functions = all(section)?,
                Payload::TableSection(section) => module.tables = all(section)?,
                Payload::MemorySection(section) => module.memories = all(section)?,
                Payload::TagSection(section) => module.tags = all(section)?,
                Payload::GlobalSection(section) => module.globals = all(section)?,
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export.ok()?;
                        module.exports.insert(export.name, (Space::of(export.kind)?, export.index));
                    }
                }
                Payload::StartSection { func, .. } => module.start = Some(func),
                Payload::ElementSection(section) => module.elements = all(section)?,
                Payload::DataCountSection { .. } => module.counts_data = true,
                Payload::DataSection(section) => module.data = Some(section),
                Payload::CodeSectionEntry(body) => module.code.push(body),
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(names) = section.as_known() {
                        module.read_names(names);
                    }
                }
                _ => return None,
            }
        }
        for (number, import) in module.imports.iter().enumerate() {
            module.imported.get_mut(space(import.ty)? as usize)?.push(number);
        }
        (module.functions.len() == module.code.len()).then_some(module)
    }

    /// Nobody checks names: what cannot be read has none.
    fn read_names(&mut self, names: wasmparser::NameSectionReader<'a>) {
        for name in names.into_iter().map_while(Result::ok) {
            match name {
                Name::Module { name, .. } => self.name = Some(name),
                Name::Function(map) => {
                    self.function_names = map.into_iter().map_while(Result::ok).map(|n| (n.index, n.name)).collect();
                }
                _ => {}
            }
        }
    }

    /// The import that is this index; `None`: the module defines it itself.
    pub fn import(&self, space: Space, index: u32) -> Option<&Import<'a>> {
        self.imports.get(*self.imported.get(space as usize)?.get(index as usize)?)
    }

    /// The tables and memories that are written into as soon as there is an instance.
    pub fn writes(&self) -> Option<Vec<(Space, u32)>> {
        let mut writes = Vec::new();
        for element in &self.elements {
            if let wasmparser::ElementKind::Active { table_index, .. } = element.kind {
                writes.push((Space::Table, table_index.unwrap_or(0)));
            }
        }
        for data in self.data.iter().flat_map(|data| data.clone()) {
            if let wasmparser::DataKind::Active { memory_index, .. } = data.ok()?.kind {
                writes.push((Space::Memory, memory_index));
            }
        }
        writes.sort_unstable();
        writes.dedup();
        Some(writes)
    }
}

fn all<'a, T: wasmparser::FromReader<'a>>(section: wasmparser::SectionLimited<'a, T>) -> Option<Vec<T>> {
    section.into_iter().collect::<Result<_, _>>().ok()
}

/// The space of what is imported; `None`: of a kind that is not known here.
pub fn space(ty: TypeRef) -> Option<Space> {
    Space::of(match ty {
        TypeRef::Func(_) => ExternalKind::Func,
        TypeRef::Table(_) => ExternalKind::Table,
        TypeRef::Memory(_) => ExternalKind::Memory,
        TypeRef::Global(_) => ExternalKind::Global,
        TypeRef::Tag(_) => ExternalKind::Tag,
        TypeRef::FuncExact(_) => return None,
    })
}
