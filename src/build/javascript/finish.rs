//! A component that has run its modules, made what an app takes in.
//!
//! 1. The import of the module loader is **met within**, by a component whose functions trap: modules are loaded, and
//!    nobody asks any more. It takes the import's place, so no index but those of later components changes.
//! 2. The snapshot's data gets **fewer seams** ([`segments`]).
//! 3. The export `init` is **dropped** ([`leftovers`], which validates the result).

use wasm_encoder::{
    ComponentImportSection, ComponentInstanceSection, ComponentSectionId, RawSection,
    reencode::{self, Reencode, ReencodeComponent, component_utils},
};
use wasmparser::{KnownCustom, Parser, Payload};

use super::segments;
use crate::build::leftovers;

/// What the engine imports to load modules by.
const LOADER: &str = "local:init/module-loader";

/// The loader of a component that loads no more.
const CLOSED: &str = include_str!("closed.wat");

/// Finishes a component.
pub fn finish(component: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut finishing = Finishing { closed: wat::parse_str(CLOSED)?, components: 0, at: None };
    let mut out = wasm_encoder::Component::new();
    finishing.parse_component(&mut out, Parser::new(0), component)?;
    Ok(leftovers::drop_exports(&out.finish(), &["init"])?)
}

struct Finishing {
    closed: Vec<u8>,
    /// Components before the import.
    components: u32,
    /// The index of the component that meets it.
    at: Option<u32>,
}

impl Reencode for Finishing {
    type Error = std::convert::Infallible;
}

impl ReencodeComponent for Finishing {
    fn component_index(&mut self, index: u32) -> u32 {
        index + u32::from(self.at.is_some_and(|at| index >= at))
    }

    fn parse_component_payload(
        &mut self,
        component: &mut wasm_encoder::Component,
        payload: Payload<'_>,
        whole: &[u8],
    ) -> Result<(), reencode::Error<Self::Error>> {
        match payload {
            Payload::ComponentImportSection(section) => {
                let mut imports = ComponentImportSection::new();
                for import in section {
                    let import = import?;
                    if import.name.name != LOADER {
                        imports.import(import.name, self.component_type_ref(import.ty)?);
                        continue;
                    }
                    if !imports.is_empty() {
                        component.section(&std::mem::take(&mut imports));
                    }
                    component.section(&RawSection { id: ComponentSectionId::Component as u8, data: &self.closed });
                    let mut instances = ComponentInstanceSection::new();
                    instances.instantiate(self.components, std::iter::empty::<(&str, _, _)>());
                    component.section(&instances);
                    self.at = Some(self.components);
                }
                if !imports.is_empty() {
                    component.section(&imports);
                }
            }
            Payload::ComponentInstanceSection(section) => {
                let mut instances = ComponentInstanceSection::new();
                component_utils::parse_component_instance_section(self, &mut instances, section)?;
                component.section(&instances);
            }
            Payload::CustomSection(section) if matches!(section.as_known(), KnownCustom::ComponentName(_)) => {
                component_utils::parse_component_custom_section(self, component, section)?;
            }
            Payload::Version { .. } | Payload::End(_) => {}
            payload => {
                self.components += u32::from(matches!(payload, Payload::ComponentSection { .. }));
                if let Some((id, bytes)) = segments::section(&payload, whole) {
                    let module =
                        if id == ComponentSectionId::CoreModule as u8 { segments::joined(bytes)? } else { None };
                    component.section(&RawSection { id, data: module.as_deref().unwrap_or(bytes) });
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_is_met_within() {
        let before = wat::parse_str(
            r#"(component $it
                (import "a" (func $a))
                (import "local:init/module-loader" (instance $loader
                    (export "resolve" (func (param "referrer" string) (param "specifier" string)
                        (result (result string (error string)))))
                    (export "load" (func (param "path" string) (result (result string (error string)))))))
                (import "b" (func $b))
                (alias export $loader "load" (func $load))
                (component $shim (import "f" (func $f)) (export "f" (func $f)))
                (instance $last (instantiate $shim (with "f" (func $b))))
                (core module $m (func (export "g")))
                (core instance $i (instantiate $m))
                (func $init (canon lift (core func $i "g")))
                (export "init" (func $init))
                (export "b:c/last" (instance $last)))"#,
        )
        .unwrap();
        let after = finish(&before).unwrap();
        wasmparser::Validator::new().validate_all(&after).unwrap();
        let text = wasmprinter::print_bytes(&after).unwrap();
        assert!(!text.contains("module-loader") && !text.contains("(export \"init\""), "{text}");
        assert!(text.contains("(instantiate $shim"), "{text}");
        assert!(text.contains("(alias export $loader \"load\""), "{text}");
    }
}
