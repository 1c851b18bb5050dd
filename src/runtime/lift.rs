//! Large core modules lifted out of a component, so that each is compiled apart and once for its content.
//!
//! An engine compiles a component into one image: after an edit of one part all of them are compiled again. So
//! 1. each core module of [`LARGE`] bytes and more becomes an import of the root, named after its content;
//! 2. where it was defined, it is an alias of that import, which takes the same place among the core modules;
//! 3. all that refers to core modules of the root counts them from behind the imports.
//!
//! The linker gives the modules back ([`super::linker`]). The component that is shipped is not touched. What is lifted
//! gives up inlining across its border, and finds its imports by name with every instance: good for a loop of edits,
//! not for serving many requests.

use std::collections::BTreeSet;

use wasm_encoder::{
    Alias, Component, ComponentAliasSection, ComponentImportSection, ComponentOuterAliasKind, ComponentSectionId,
    ComponentTypeRef, CoreTypeSection, EntityType, ModuleType, RawSection,
    reencode::{Error, Reencode, ReencodeComponent, RoundtripReencoder},
};
use wasmparser::{CompositeInnerType, CustomSectionReader, ExternalKind, FuncType, Parser, Payload, TypeRef};

/// Modules of fewer bytes stay where they are.
const LARGE: usize = 256 << 10;

/// A component, and its large core modules apart from it.
pub(super) struct Split<'a> {
    pub component: Vec<u8>,
    pub modules: Vec<Large<'a>>,
}

/// A core module that was lifted out.
pub(super) struct Large<'a> {
    /// The import it became.
    pub name: String,
    pub digest: blake3::Hash,
    pub bytes: &'a [u8],
    /// Where it first stands in the component.
    pub start: usize,
    ty: ModuleType,
}

/// The import that stands for a module of this content.
pub(super) fn import_name(digest: &blake3::Hash) -> String {
    // A word of such a name begins with a letter.
    format!("mosaic-module-x{}", digest.to_hex())
}

/// Lifts them out; `None` where there are none, or the component is beyond what this module knows.
pub(super) fn lift(component: &[u8]) -> Option<Split<'_>> {
    let modules = large(component)?;
    if modules.is_empty() {
        return None;
    }
    let mut root = Component::new();
    let (mut types, mut imports) = (CoreTypeSection::new(), ComponentImportSection::new());
    for (index, module) in (0..).zip(&modules) {
        types.ty().module(&module.ty);
        imports.import(&module.name, ComponentTypeRef::Module(index));
    }
    root.section(&types).section(&imports);
    let mut lift = Lift { modules: &modules, depth: 0 };
    lift.parse_component(&mut root, Parser::new(0), component).ok()?;
    let component = root.finish();
    Some(Split { component, modules })
}

/// All large modules, each content once. `None` where core types of the root would have to be counted anew.
fn large(component: &[u8]) -> Option<Vec<Large<'_>>> {
    let (mut modules, mut seen, mut depth) = (Vec::new(), BTreeSet::new(), 0_usize);
    for payload in Parser::new(0).parse_all(component) {
        match payload.ok()? {
            Payload::CoreTypeSection(_) if depth == 0 => return None,
            Payload::ComponentSection { .. } => depth += 1,
            Payload::ModuleSection { unchecked_range, .. } => {
                depth += 1;
                let range = unchecked_range.start as usize..unchecked_range.end as usize;
                let bytes = component.get(range.clone())?;
                if bytes.len() < LARGE {
                    continue;
                }
                let digest = blake3::hash(bytes);
                if seen.insert(*digest.as_bytes())
                    && let Some(ty) = type_of(bytes)
                {
                    modules.push(Large { name: import_name(&digest), digest, bytes, start: range.start, ty });
                }
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Some(modules)
}

/// What a module imports and exports; `None` where its types cannot be told outside of it.
fn type_of(module: &[u8]) -> Option<ModuleType> {
    let mut outside = Outside::default();
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload.ok()? {
            Payload::TypeSection(section) => {
                for group in section {
                    for ty in group.ok()?.types() {
                        outside.types.push(match &ty.composite_type.inner {
                            CompositeInnerType::Func(func) => Some(func.clone()),
                            _ => None,
                        });
                    }
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.ok()?;
                    outside.add(import.ty)?;
                    imports.push(import);
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    outside.add(TypeRef::Func(ty.ok()?))?;
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    outside.add(TypeRef::Table(table.ok()?.ty))?;
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    outside.add(TypeRef::Memory(memory.ok()?))?;
                }
            }
            Payload::TagSection(section) => {
                for tag in section {
                    outside.add(TypeRef::Tag(tag.ok()?))?;
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    outside.add(TypeRef::Global(global.ok()?.ty))?;
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    exports.push(export.ok()?);
                }
            }
            Payload::CodeSectionStart { .. } => break,
            _ => {}
        }
    }
    let mut ty = ModuleType::new();
    for import in imports {
        let entity = outside.entity(&mut ty, import.ty)?;
        ty.import(import.module, import.name, entity);
    }
    for export in exports {
        let of = match export.kind {
            ExternalKind::Func => outside.functions.get(export.index as usize),
            ExternalKind::Table => outside.tables.get(export.index as usize),
            ExternalKind::Memory => outside.memories.get(export.index as usize),
            ExternalKind::Global => outside.globals.get(export.index as usize),
            ExternalKind::Tag => outside.tags.get(export.index as usize),
            ExternalKind::FuncExact => None,
        };
        let entity = outside.entity(&mut ty, *of?)?;
        ty.export(export.name, entity);
    }
    Some(ty)
}

/// The index spaces of a module, as far as they are seen from outside.
#[derive(Default)]
struct Outside {
    /// `None`: no function's.
    types: Vec<Option<FuncType>>,
    functions: Vec<TypeRef>,
    tables: Vec<TypeRef>,
    memories: Vec<TypeRef>,
    globals: Vec<TypeRef>,
    tags: Vec<TypeRef>,
}

impl Outside {
    fn add(&mut self, ty: TypeRef) -> Option<()> {
        match ty {
            TypeRef::Func(_) => self.functions.push(ty),
            TypeRef::Table(_) => self.tables.push(ty),
            TypeRef::Memory(_) => self.memories.push(ty),
            TypeRef::Global(_) => self.globals.push(ty),
            TypeRef::Tag(_) => self.tags.push(ty),
            TypeRef::FuncExact(_) => return None,
        }
        Some(())
    }

    /// The same type within `module`, where a function's is defined first.
    fn entity(&self, module: &mut ModuleType, ty: TypeRef) -> Option<EntityType> {
        let mut same = RoundtripReencoder;
        Some(match ty {
            TypeRef::Func(index) => EntityType::Function(self.function(module, index)?),
            TypeRef::Tag(tag) => {
                let mut entity = same.tag_type(tag).ok()?;
                entity.func_type_idx = self.function(module, tag.func_type_idx)?;
                EntityType::Tag(entity)
            }
            TypeRef::Table(table) => {
                plain(wasmparser::ValType::Ref(table.element_type))?;
                EntityType::Table(same.table_type(table).ok()?)
            }
            TypeRef::Global(global) => {
                plain(global.content_type)?;
                EntityType::Global(same.global_type(global).ok()?)
            }
            TypeRef::Memory(memory) => EntityType::Memory(same.memory_type(memory).ok()?),
            TypeRef::FuncExact(_) => return None,
        })
    }

    fn function(&self, module: &mut ModuleType, index: u32) -> Option<u32> {
        let mut same = RoundtripReencoder;
        let ty = self.types.get(index as usize)?.as_ref()?;
        let mut encoded = |types: &[wasmparser::ValType]| -> Option<Vec<wasm_encoder::ValType>> {
            types.iter().map(|ty| same.val_type(plain(*ty)?).ok()).collect()
        };
        let (params, results) = (encoded(ty.params())?, encoded(ty.results())?);
        let index = module.type_count();
        module.ty().function(params, results);
        Some(index)
    }
}

/// The type itself, unless it refers to another type of its module.
fn plain(ty: wasmparser::ValType) -> Option<wasmparser::ValType> {
    match ty {
        wasmparser::ValType::Ref(reference) if reference.is_concrete_type_ref() => None,
        ty => Some(ty),
    }
}

/// Writes the component anew.
struct Lift<'a> {
    modules: &'a [Large<'a>],
    /// Components and types around what is being written; 0 is the root.
    depth: u32,
}

impl Lift<'_> {
    fn behind_imports(&self, index: u32) -> u32 {
        index + u32::try_from(self.modules.len()).unwrap_or(u32::MAX)
    }
}

impl Reencode for Lift<'_> {
    type Error = std::convert::Infallible;
}

impl ReencodeComponent for Lift<'_> {
    fn push_depth(&mut self) {
        self.depth += 1;
    }

    fn pop_depth(&mut self) {
        self.depth -= 1;
    }

    fn module_index(&mut self, index: u32) -> u32 {
        if self.depth == 0 { self.behind_imports(index) } else { index }
    }

    fn outer_module_index(&mut self, count: u32, index: u32) -> u32 {
        if count == self.depth { self.behind_imports(index) } else { index }
    }

    fn parse_component_submodule(
        &mut self,
        component: &mut Component,
        _: Parser,
        module: &[u8],
    ) -> Result<(), Error<Self::Error>> {
        let lifted = (0..).zip(self.modules).find(|(_, large)| large.bytes == module);
        if let Some((index, _)) = lifted {
            let mut alias = ComponentAliasSection::new();
            alias.alias(Alias::Outer { kind: ComponentOuterAliasKind::CoreModule, count: self.depth, index });
            component.section(&alias);
        } else {
            // Byte for byte.
            component.section(&RawSection { id: ComponentSectionId::CoreModule.into(), data: module });
        }
        Ok(())
    }

    /// Names of what is inside are no use to an engine.
    fn parse_component_custom_section(
        &mut self,
        _: &mut Component,
        _: CustomSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A core module of this name, large by its data, which passes what it is given through an import.
    fn module(name: &str, large: bool) -> String {
        let size = if large { LARGE } else { 16 };
        format!(
            "(core module $\"{name}\" (import \"h\" \"f\" (func $f (param i32) (result i32)))
               (memory (export \"m\") 8) (data (i32.const 0) \"{}\")
               (func (export \"f\") (param i32) (result i32) (i32.add (i32.const 1) (call $f (local.get 0)))))",
            "x".repeat(size)
        )
    }

    fn app() -> Vec<u8> {
        let (one, two, small) = (module("one", true), module("two", true), module("small", false));
        let last = "(core module $last (func (export \"f\") (param i32) (result i32) (local.get 0)))";
        let text = format!(
            "(component
               {last} {one}
               (component $first
                 (alias outer 1 $last (core module $last))
                 (alias outer 1 $one (core module $one))
                 (core instance $l (instantiate $last))
                 (core instance $o (instantiate $one (with \"h\" (instance $l))))
                 (func (export \"f\") (param \"x\" u32) (result u32) (canon lift (core func $o \"f\"))))
               (component $part (import \"f\" (func $f (param \"x\" u32) (result u32)))
                 {two} {small}
                 (alias outer 1 $one (core module $again))
                 (core func $lowered (canon lower (func $f)))
                 (core instance $h (export \"f\" (func $lowered)))
                 (core instance $a (instantiate $two (with \"h\" (instance $h))))
                 (core instance $b (instantiate $small (with \"h\" (instance $a))))
                 (core instance $c (instantiate $again (with \"h\" (instance $b))))
                 (func (export \"f\") (param \"x\" u32) (result u32) (canon lift (core func $c \"f\"))))
               (core instance (instantiate $last))
               (instance $p (instantiate $first))
               (instance $q (instantiate $part (with \"f\" (func $p \"f\"))))
               (export \"go\" (func $q \"f\")))"
        );
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn what_is_lifted_and_given_back_is_the_same_app() {
        let app = app();
        let lifted = lift(&app).unwrap();
        assert_eq!(lifted.modules.len(), 2);
        assert!(lifted.component.len() < LARGE);
        for large in &lifted.modules {
            assert_eq!(&app[large.start..large.start + large.bytes.len()], large.bytes);
        }
        let engine = wasmtime::Engine::default();
        let component = wasmtime::component::Component::new(&engine, &lifted.component).unwrap();
        let mut linker = wasmtime::component::Linker::<()>::new(&engine);
        for large in &lifted.modules {
            let module = wasmtime::Module::new(&engine, large.bytes).unwrap();
            linker.root().module(&large.name, &module).unwrap();
        }
        let mut store = wasmtime::Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &component).unwrap();
        let go = instance.get_typed_func::<(u32,), (u32,)>(&mut store, "go").unwrap();
        assert_eq!(go.call(&mut store, (10,)).unwrap(), (14,));
    }

    #[test]
    fn small_modules_stay() {
        let app = wat::parse_str(format!("(component {})", module("small", false))).unwrap();
        assert!(lift(&app).is_none());
    }
}
