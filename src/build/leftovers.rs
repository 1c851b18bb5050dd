//! Exports that a builder left behind for itself (`exports` of componentize-py, `init` of componentize-qjs).
//!
//! An export makes a new index for what it exports, so dropping one moves every later index of its sort down by one. Only
//! the outermost level is rewritten; modules and nested components, which have index spaces of their own, are copied as
//! they are. The definition behind the export stays: nothing outside can reach it.

use anyhow::{Context, Result, bail};
use wasm_encoder::{
    Component, ComponentExportSection, ComponentSectionId, RawSection,
    reencode::{self, Reencode, ReencodeComponent},
};
use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentExport, ComponentExternalKind, ComponentTypeRef, Parser, Payload,
};

/// Gives the component without the root exports of these names. A name that is not exported is no error.
///
/// # Errors
/// Bytes that are no component, or something in the component that refers to a dropped export.
pub fn drop_exports(component: &[u8], names: &[&str]) -> Result<Vec<u8>> {
    let dropped = find(component, names)?;
    if dropped.is_empty() {
        return Ok(component.to_vec());
    }
    let mut without = Without { names, dropped };
    let mut encoded = Component::new();
    without
        .parse_component(&mut encoded, Parser::new(0), component)
        .map_err(|error| anyhow::anyhow!("{error}"))
        .context("cannot drop exports of the component")?;
    Ok(encoded.finish())
}

/// Indices that the dropped exports made.
#[derive(Debug, Default)]
struct Dropped {
    functions: Vec<u32>,
    instances: Vec<u32>,
}

impl Dropped {
    fn is_empty(&self) -> bool {
        self.functions.is_empty() && self.instances.is_empty()
    }
}

fn find(component: &[u8], names: &[&str]) -> Result<Dropped> {
    let mut dropped = Dropped::default();
    let (mut functions, mut instances) = (0u32, 0u32);
    let mut count = |kind| match kind {
        ComponentExternalKind::Func => {
            functions += 1;
            functions - 1
        }
        ComponentExternalKind::Instance => {
            instances += 1;
            instances - 1
        }
        _ => 0,
    };
    let mut remaining = component;
    let mut parser = Parser::new(0);
    while !remaining.is_empty() {
        let wasmparser::Chunk::Parsed { consumed, payload } = parser.parse(remaining, true)? else {
            bail!("the component ends early");
        };
        remaining = &remaining[consumed..];
        match payload {
            Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                let length = usize::try_from(unchecked_range.end - unchecked_range.start)?;
                remaining = remaining.get(length..).context("the component ends early")?;
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    match import?.ty {
                        ComponentTypeRef::Func(_) => count(ComponentExternalKind::Func),
                        ComponentTypeRef::Instance(_) => count(ComponentExternalKind::Instance),
                        _ => 0,
                    };
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section {
                    if let CanonicalFunction::Lift { .. } = function? {
                        count(ComponentExternalKind::Func);
                    }
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    if let ComponentAlias::InstanceExport { kind, .. } = alias? {
                        count(kind);
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    instance?;
                    count(ComponentExternalKind::Instance);
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export?;
                    let index = count(export.kind);
                    match export.kind {
                        _ if !names.contains(&export.name.name) => {}
                        ComponentExternalKind::Func => dropped.functions.push(index),
                        ComponentExternalKind::Instance => dropped.instances.push(index),
                        other => bail!("export `{}` is a {}", export.name.name, other.desc()),
                    }
                }
            }
            _ => {}
        }
    }
    Ok(dropped)
}

struct Without<'a> {
    names: &'a [&'a str],
    dropped: Dropped,
}

fn moved(dropped: &[u32], index: u32) -> u32 {
    let below = dropped.iter().filter(|gone| **gone < index).count();
    index - u32::try_from(below).unwrap_or(0)
}

impl Reencode for Without<'_> {
    type Error = std::convert::Infallible;
}

impl ReencodeComponent for Without<'_> {
    fn component_func_index(&mut self, index: u32) -> u32 {
        moved(&self.dropped.functions, index)
    }

    fn component_instance_index(&mut self, index: u32) -> u32 {
        moved(&self.dropped.instances, index)
    }

    fn parse_component_export(
        &mut self,
        exports: &mut ComponentExportSection,
        export: ComponentExport<'_>,
    ) -> Result<(), reencode::Error> {
        if self.names.contains(&export.name.name) {
            return Ok(());
        }
        reencode::component_utils::parse_component_export(self, exports, export)
    }

    fn parse_component_submodule(
        &mut self,
        component: &mut Component,
        _parser: Parser,
        module: &[u8],
    ) -> Result<(), reencode::Error> {
        component.section(&RawSection { id: ComponentSectionId::CoreModule.into(), data: module });
        Ok(())
    }

    fn parse_component_subcomponent(
        &mut self,
        component: &mut Component,
        _parser: Parser,
        subcomponent: &[u8],
        _whole: &[u8],
    ) -> Result<(), reencode::Error> {
        component.section(&RawSection { id: ComponentSectionId::Component.into(), data: subcomponent });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exports(component: &[u8]) -> Vec<String> {
        let decoded = wit_component::decode(component).unwrap();
        let resolve = decoded.resolve();
        let wit_component::DecodedWasm::Component(_, world) = &decoded else { panic!("not a component") };
        resolve.worlds[*world].exports.keys().map(|key| resolve.name_world_key(key)).collect()
    }

    #[test]
    fn later_indices_move_down() {
        let component = wat::parse_str(
            r#"(component
                (core module $m (func (export "f")))
                (core instance $i (instantiate $m))
                (func $f (canon lift (core func $i "f")))
                (instance $a (export "f" (func $f)))
                (export $init "init" (func $f))
                (export $leftover "exports" (instance $a))
                (export $run "run" (func $f))
                (instance $b (export "g" (func $run)))
                (export "acme:shop/b" (instance $b)))"#,
        )
        .unwrap();
        assert_eq!(exports(&component), ["init", "exports", "run", "acme:shop/b"]);
        let without = drop_exports(&component, &["init", "exports"]).unwrap();
        wasmparser::Validator::new().validate_all(&without).unwrap();
        assert_eq!(exports(&without), ["run", "acme:shop/b"]);
        assert_eq!(drop_exports(&without, &["init"]).unwrap(), without);
    }

    #[test]
    fn garbage_is_an_error() {
        assert!(drop_exports(b"nonsense", &["init"]).is_err());
        assert!(drop_exports(b"\0asm\x0d\0\x01\0\x01\xff\xff\xff", &["init"]).is_err());
    }
}
