//! The parts inside of a composed component, each as if it stood alone.
//!
//! A composition holds a core module that several parts have in common once, and its parts name it as their outer
//! component's. Such a part means nothing by itself: here each is given the module back in the place of its name.

use std::{collections::HashMap, ops::Range};

use wasm_encoder::{Encode, RawSection};
use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentName, ComponentOuterAliasKind, ComponentTypeRef, KnownCustom,
    Parser, Payload,
};

use crate::resolve::{self, Error, Part};

/// Section ids of the component model's binary format.
const CORE_MODULE: u8 = 1;
const COMPONENT: u8 = 4;
const ALIAS: u8 = 6;
/// Parts that lie deeper are left as they are.
const DEPTH: u32 = 10;

/// What the outermost component holds.
#[derive(Default)]
struct Outer {
    /// By their index; `None` for one that comes from elsewhere.
    modules: Vec<Option<Range<usize>>>,
    components: Vec<Range<usize>>,
    names: HashMap<u32, String>,
}

/// The parts, by their names in it.
pub fn parts(name: &str, bytes: &[u8]) -> Result<Vec<Part>, Error> {
    let binary = resolve::binary(name, bytes)?;
    let unreadable = |error: wasmparser::Error| resolve::unreadable(name, &binary, &error);
    let outer = outer(&binary).map_err(unreadable)?;
    let modules: Vec<Option<&[u8]>> = outer.modules.iter().map(|range| binary.get(range.clone()?)).collect();
    let mut parts = Vec::with_capacity(outer.components.len());
    for (index, range) in (0u32..).zip(outer.components) {
        let part = outer.names.get(&index).cloned().unwrap_or_else(|| format!("component-{index}"));
        let Some(inner) = binary.get(range) else { continue };
        let alone = alone(inner, &modules, 1).map_err(unreadable)?;
        parts.push(resolve::decode_part(&part, &alone, None)?);
    }
    Ok(parts)
}

fn outer(binary: &[u8]) -> wasmparser::Result<Outer> {
    let mut outer = Outer::default();
    let mut depth = 0usize;
    for payload in Parser::new(0).parse_all(binary) {
        match payload? {
            Payload::ModuleSection { unchecked_range, .. } => {
                if depth == 0 {
                    outer.modules.push(Some(within(unchecked_range)));
                }
                depth += 1;
            }
            Payload::ComponentSection { unchecked_range, .. } => {
                if depth == 0 {
                    outer.components.push(within(unchecked_range));
                }
                depth += 1;
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentAliasSection(section) if depth == 0 => {
                for alias in section {
                    let is_module = matches!(
                        alias?,
                        ComponentAlias::InstanceExport { kind: ComponentExternalKind::Module, .. }
                            | ComponentAlias::Outer { kind: ComponentOuterAliasKind::CoreModule, .. }
                    );
                    outer.modules.extend(is_module.then_some(None));
                }
            }
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let is_module = matches!(import?.ty, ComponentTypeRef::Module(_));
                    outer.modules.extend(is_module.then_some(None));
                }
            }
            Payload::CustomSection(section) if depth == 0 => {
                let KnownCustom::ComponentName(section) = section.as_known() else { continue };
                for name in section.into_iter().map_while(Result::ok) {
                    if let ComponentName::Components(map) = name {
                        let names = map.into_iter().map_while(Result::ok);
                        outer.names.extend(names.map(|name| (name.index, name.name.to_owned())));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(outer)
}

/// A component `level` below the one that holds the modules, with each that it names put in the name's place.
fn alone(bytes: &[u8], modules: &[Option<&[u8]>], level: u32) -> wasmparser::Result<Vec<u8>> {
    let mut component = wasm_encoder::Component::new();
    let mut put = |id: u8, data: &[u8]| {
        component.section(&RawSection { id, data });
    };
    let mut depth = 0usize;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::End(_) => {
                depth = depth.saturating_sub(1);
                continue;
            }
            Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                depth += 1;
                let Some(data) = bytes.get(within(unchecked_range.clone())).filter(|_| depth == 1) else { continue };
                match &payload {
                    Payload::ComponentSection { .. } if level < DEPTH => {
                        put(COMPONENT, &alone(data, modules, level + 1)?);
                    }
                    Payload::ComponentSection { .. } => put(COMPONENT, data),
                    _ => put(CORE_MODULE, data),
                }
                continue;
            }
            _ if depth > 0 => continue,
            _ => {}
        }
        if let Payload::ComponentAliasSection(section) = &payload {
            let end = section.range().end;
            let mut aliases = Vec::new();
            for alias in section.clone().into_iter_with_offsets() {
                aliases.push(alias?);
            }
            let ends = aliases.iter().skip(1).map(|(start, _)| *start).chain([end]).collect::<Vec<_>>();
            let mut kept = (0u32, Vec::new());
            for ((start, alias), end) in aliases.iter().zip(ends) {
                let module = match alias {
                    ComponentAlias::Outer { kind: ComponentOuterAliasKind::CoreModule, count, index }
                        if *count == level =>
                    {
                        modules.get(*index as usize).copied().flatten()
                    }
                    _ => None,
                };
                match module {
                    Some(module) => {
                        flush(&mut kept, &mut put);
                        put(CORE_MODULE, module);
                    }
                    None => {
                        kept.0 += 1;
                        kept.1.extend_from_slice(bytes.get(within(*start..end)).unwrap_or_default());
                    }
                }
            }
            flush(&mut kept, &mut put);
        } else if let Some((id, range)) = payload.as_section() {
            put(id, bytes.get(within(range)).unwrap_or_default());
        }
    }
    Ok(component.finish())
}

/// Writes the aliases that are kept as a section of their own.
fn flush(kept: &mut (u32, Vec<u8>), put: &mut dyn FnMut(u8, &[u8])) {
    let (count, aliases) = std::mem::take(kept);
    if count > 0 {
        let mut data = Vec::with_capacity(aliases.len() + 5);
        count.encode(&mut data);
        data.extend(aliases);
        put(ALIAS, &data);
    }
}

fn within(range: Range<u64>) -> Range<usize> {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    place(range.start)..place(range.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As composition stores what two parts share.
    const SHARING: &str = r#"(component $app
        (core module $own (func (export "other")))
        (core module $shared (func (export "close")))
        (component $auth
            (alias outer $app $shared (core module $m))
            (core instance $i (instantiate $m))
            (func $close (canon lift (core func $i "close")))
            (component $deeper
                (alias outer $app $shared (core module $m))
                (core instance $i (instantiate $m))
                (func $f (canon lift (core func $i "close")))
                (export "f" (func $f)))
            (export "close" (func $close)))
        (component $gateway
            (alias outer $app $own (core module $n))
            (alias outer $app $shared (core module $m))
            (core instance $i (instantiate $m))
            (core instance $j (instantiate $n))
            (func $other (canon lift (core func $j "other")))
            (export "other" (func $other))))"#;

    #[test]
    fn parts_that_share_a_module_are_read_by_themselves() {
        let parts = parts("app.wat", SHARING.as_bytes()).unwrap();
        let exports = |part: &Part| part.resolve.worlds[part.world].exports.keys().cloned().collect::<Vec<_>>();
        let told: Vec<_> = parts.iter().map(|part| (part.name.as_str(), exports(part))).collect();
        let key = |name: &str| vec![wit_parser::WorldKey::Name(name.to_owned())];
        assert_eq!(told, [("auth", key("close")), ("gateway", key("other"))]);
    }
}
