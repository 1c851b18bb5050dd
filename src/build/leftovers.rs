//! Exports that a language's tool leaves behind for itself: componentize-py an instance `exports`, componentize-qjs a
//! function `init`. Both run before the component is a component, at build time; what is left of them is an export that
//! nobody means, in every app.
//!
//! An export also gives what it exports a second index, which later sections may use. So, at the root of the component:
//! 1. sections that define or use functions and instances are read item by item, and indices renumbered: the dropped
//!    export's index becomes that of what it exported, those behind it move down;
//! 2. all other sections, nested components and modules among them, are copied as they are: nothing within them can
//!    speak of the root's functions and instances (component-model `Binary.md`: outer aliases reach only types, modules
//!    and components).

use wasm_encoder::{
    RawSection,
    reencode::{self, Reencode, ReencodeComponent, component_utils},
};
use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentExternalKind, ComponentTypeRef, Parser, Payload, Validator,
};

/// Why exports cannot be dropped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the component cannot be read")]
    Malformed(#[from] wasmparser::Error),
    #[error("the component cannot be written anew: {0}")]
    Rewrite(String),
    /// Only functions and instances can be dropped: other indices reach into nested components.
    #[error("export `{0}` is neither a function nor an interface")]
    Kind(String),
    /// What is left would not be valid, because it needs what was dropped.
    #[error("other exports need what is dropped")]
    Needed(#[source] wasmparser::Error),
}

/// Removes exports from the root of a valid component; names it does not export are no error. The result is valid;
/// function bodies, which stay as they are, are not looked at again.
pub fn drop_exports(component: &[u8], names: &[&str]) -> Result<Vec<u8>, Error> {
    if !Parser::is_component(component) {
        return Err(Error::Rewrite("it is not a component".to_owned()));
    }
    let mut dropping = Dropping { names, functions: Space::default(), instances: Space::default(), refused: None };
    let mut out = wasm_encoder::Component::new();
    let parsed = dropping.parse_component(&mut out, Parser::new(0), component);
    if let Some(name) = dropping.refused {
        return Err(Error::Kind(name));
    }
    parsed.map_err(|error| match error {
        reencode::Error::ParseError(error) => Error::Malformed(error),
        error => Error::Rewrite(error.to_string()),
    })?;
    let out = out.finish();
    let mut validator = Validator::new_with_features(wasmparser::WasmFeatures::all());
    for payload in Parser::new(0).parse_all(&out) {
        validator.payload(&payload?).map_err(Error::Needed)?;
    }
    Ok(out)
}

struct Dropping<'a> {
    names: &'a [&'a str],
    functions: Space,
    instances: Space,
    /// The name of an export that cannot be dropped.
    refused: Option<String>,
}

/// An index space, from what indices are to what they become.
#[derive(Default)]
struct Space {
    indices: Vec<u32>,
    next: u32,
    dropped: Vec<u32>,
}

impl Space {
    fn define(&mut self) {
        self.indices.push(self.next);
        self.next += 1;
    }

    /// The next index stands for an older one from now on.
    fn drop_export(&mut self, of: u32) {
        self.dropped.extend(u32::try_from(self.indices.len()));
        let stands_for = self.get(of);
        self.indices.push(stands_for);
    }

    fn get(&self, index: u32) -> u32 {
        // An index that was never defined is left for the validator to refuse.
        usize::try_from(index).ok().and_then(|index| self.indices.get(index).copied()).unwrap_or(index)
    }

    fn names(&self, map: wasmparser::NameMap<'_>) -> Result<wasm_encoder::NameMap, wasmparser::Error> {
        let mut names = wasm_encoder::NameMap::new();
        for naming in map {
            let naming = naming?;
            if !self.dropped.contains(&naming.index) {
                names.append(self.get(naming.index), naming.name);
            }
        }
        Ok(names)
    }
}

impl Dropping<'_> {
    fn define(&mut self, kind: ComponentExternalKind) {
        match kind {
            ComponentExternalKind::Func => self.functions.define(),
            ComponentExternalKind::Instance => self.instances.define(),
            _ => {}
        }
    }
}

impl Reencode for Dropping<'_> {
    type Error = std::convert::Infallible;
}

impl ReencodeComponent for Dropping<'_> {
    fn component_func_index(&mut self, index: u32) -> u32 {
        self.functions.get(index)
    }

    fn component_instance_index(&mut self, index: u32) -> u32 {
        self.instances.get(index)
    }

    fn parse_component_payload(
        &mut self,
        component: &mut wasm_encoder::Component,
        payload: Payload<'_>,
        whole: &[u8],
    ) -> Result<(), reencode::Error<Self::Error>> {
        match payload {
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    match import?.ty {
                        ComponentTypeRef::Func(_) => self.functions.define(),
                        ComponentTypeRef::Instance(_) => self.instances.define(),
                        _ => {}
                    }
                }
                copy(component, &Payload::ComponentImportSection(section), whole);
            }
            Payload::ComponentAliasSection(section) => {
                let mut aliases = wasm_encoder::ComponentAliasSection::new();
                for alias in section {
                    let alias = alias?;
                    let kind = match alias {
                        ComponentAlias::InstanceExport { kind, .. } => Some(kind),
                        _ => None,
                    };
                    aliases.alias(self.component_alias(alias)?);
                    kind.into_iter().for_each(|kind| self.define(kind));
                }
                component.section(&aliases);
            }
            Payload::ComponentInstanceSection(section) => {
                let mut instances = wasm_encoder::ComponentInstanceSection::new();
                for instance in section {
                    self.parse_component_instance(&mut instances, instance?)?;
                    self.instances.define();
                }
                component.section(&instances);
            }
            Payload::ComponentCanonicalSection(section) => {
                let mut functions = wasm_encoder::CanonicalFunctionSection::new();
                for function in section {
                    let function = function?;
                    let lifted = matches!(function, CanonicalFunction::Lift { .. });
                    self.parse_component_canonical(&mut functions, function)?;
                    if lifted {
                        self.functions.define();
                    }
                }
                component.section(&functions);
            }
            Payload::ComponentExportSection(section) => {
                let mut exports = wasm_encoder::ComponentExportSection::new();
                for export in section {
                    let export = export?;
                    if !self.names.contains(&export.name.name) {
                        let kind = export.kind;
                        self.parse_component_export(&mut exports, export)?;
                        self.define(kind);
                        continue;
                    }
                    match export.kind {
                        ComponentExternalKind::Func => self.functions.drop_export(export.index),
                        ComponentExternalKind::Instance => self.instances.drop_export(export.index),
                        _ => self.refused = Some(export.name.name.to_owned()),
                    }
                }
                if !exports.is_empty() {
                    component.section(&exports);
                }
            }
            Payload::ComponentStartSection { start, .. } => self.parse_component_start_section(component, start)?,
            Payload::CustomSection(section)
                if matches!(section.as_known(), wasmparser::KnownCustom::ComponentName(_)) =>
            {
                component_utils::parse_component_custom_section(self, component, section)?;
            }
            Payload::Version { .. } | Payload::End(_) => {}
            other => copy(component, &other, whole),
        }
        Ok(())
    }

    fn parse_custom_component_name_subsection(
        &mut self,
        names: &mut wasm_encoder::ComponentNameSection,
        section: wasmparser::ComponentName<'_>,
    ) -> Result<(), reencode::Error<Self::Error>> {
        match section {
            wasmparser::ComponentName::Funcs(map) => names.funcs(&self.functions.names(map)?),
            wasmparser::ComponentName::Instances(map) => names.instances(&self.instances.names(map)?),
            other => component_utils::parse_custom_component_name_subsection(self, names, other)?,
        }
        Ok(())
    }
}

fn copy(component: &mut wasm_encoder::Component, payload: &Payload<'_>, whole: &[u8]) {
    let place = |at: u64| usize::try_from(at).ok();
    if let Some((id, range)) = payload.as_section()
        && let (Some(start), Some(end)) = (place(range.start), place(range.end))
        && let Some(data) = whole.get(start..end)
    {
        component.section(&RawSection { id, data });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(text: &str) -> Vec<u8> {
        wat::parse_str(text).expect("the fixture is well-formed")
    }

    fn exports(bytes: &[u8]) -> Vec<String> {
        Validator::new().validate_all(bytes).expect("valid");
        let mut depth = 0;
        let mut names = Vec::new();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.expect("well-formed") {
                Payload::Version { .. } => depth += 1,
                Payload::End(_) => depth -= 1,
                Payload::ComponentExportSection(section) if depth == 1 => {
                    names.extend(section.into_iter().map(|export| export.expect("well-formed").name.name.to_owned()));
                }
                _ => {}
            }
        }
        names
    }

    /// As the tools leave it: the export to drop comes first, and what follows uses the indices behind it.
    const LEFT_BEHIND: &str = r#"(component $it
        (import "host" (instance $host (export "h" (func))))
        (core module $m (func $f (export "f")) (func $g (export "g")))
        (core instance $i (instantiate $m))
        (func $init (canon lift (core func $i "g")))
        (func $run (canon lift (core func $i "f")))
        (export $init2 "init" (func $init))
        (component $shim (import "run" (func $f)) (export "run" (func $f)))
        (instance $raw (export "init" (func $init2)))
        (export $exported "exports" (instance $raw))
        (alias export $exported "init" (func $again))
        (instance $api (instantiate $shim (with "run" (func $run))))
        (export $exported-api "a:b/api" (instance $api))
        (alias export $exported-api "run" (func $last))
        (export "again" (func $again))
        (export "last" (func $last)))"#;

    #[test]
    fn exports_are_dropped_and_what_follows_still_means_the_same() {
        let before = component(LEFT_BEHIND);
        assert_eq!(exports(&before), ["init", "exports", "a:b/api", "again", "last"]);
        let after = drop_exports(&before, &["init", "exports"]).expect("dropped");
        assert_eq!(exports(&after), ["a:b/api", "again", "last"]);
        let text = wasmprinter::print_bytes(&after).expect("printable");
        assert!(text.contains(r#"(alias export $exported-api "run""#), "{text}");
        assert!(text.contains("(func $f"), "names of core functions stay\n{text}");

        let one = drop_exports(&before, &["exports"]).expect("dropped");
        assert_eq!(exports(&one), ["init", "a:b/api", "again", "last"]);
    }

    #[test]
    fn nothing_to_drop_changes_nothing() {
        let before = component(LEFT_BEHIND);
        assert_eq!(drop_exports(&before, &["other"]).expect("well-formed"), before);
    }

    #[test]
    fn what_others_need_is_not_dropped_in_silence() {
        let needed = component(
            r#"(component
                (type $r (record (field "a" u8)))
                (component $c (import "f" (func $f)) (export "f" (func $f)))
                (import "f" (func $f))
                (instance $types (export "r" (type $r)))
                (export $t "a:b/types" (instance $types))
                (alias export $t "r" (type $named))
                (core module $m (func (export "g") (param i32)))
                (core instance $i (instantiate $m))
                (func $g (param "x" $named) (canon lift (core func $i "g")))
                (export "g" (func $g)))"#,
        );
        assert!(matches!(drop_exports(&needed, &["a:b/types"]), Err(Error::Needed(_))));
        let ty = component(r#"(component (type $t u8) (export "t" (type $t)))"#);
        assert!(matches!(drop_exports(&ty, &["t"]), Err(Error::Kind(name)) if name == "t"));
        assert!(matches!(drop_exports(b"hello", &["t"]), Err(Error::Rewrite(_))));
    }
}
