//! The sections of a core module.

use wasmparser::{KnownCustom, Name, NameSectionReader, Payload};

use super::{Custom, Module, read::fields};

impl<'a> Module<'a> {
    pub(super) fn section(&mut self, payload: &Payload<'a>) {
        match payload {
            Payload::CodeSectionStart { count, unchecked_range, .. } => {
                self.functions = *count;
                self.sections.push(("code", unchecked_range.clone()));
            }
            Payload::CustomSection(section) => {
                let custom = Custom { name: section.name(), data: section.data(), range: section.range() };
                self.customs.push(custom);
                match section.as_known() {
                    KnownCustom::Producers(producers) => self.producers = fields(producers),
                    KnownCustom::Name(names) => self.name = module_name(names),
                    _ => {}
                }
            }
            _ => {
                let name = match payload {
                    Payload::TypeSection(_) => "types",
                    Payload::ImportSection(_) => "imports",
                    Payload::FunctionSection(_) => "functions",
                    Payload::TableSection(_) => "tables",
                    Payload::MemorySection(_) => "memories",
                    Payload::TagSection(_) => "tags",
                    Payload::GlobalSection(_) => "globals",
                    Payload::ExportSection(_) => "exports",
                    Payload::ElementSection(_) => "elements",
                    Payload::DataSection(_) => "data",
                    _ => return,
                };
                if let Some((_, range)) = payload.as_section() {
                    self.sections.push((name, range));
                }
            }
        }
    }
}

fn module_name(section: NameSectionReader<'_>) -> Option<&str> {
    section.into_iter().find_map(|name| match name.ok()? {
        Name::Module { name, .. } => Some(name),
        _ => None,
    })
}
