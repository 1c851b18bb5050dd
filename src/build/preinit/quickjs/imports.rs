//! All imports of a component, answered by its start.

use std::sync::Arc;

use wasmtime::{
    Engine,
    component::{Component, Linker, LinkerInstance, ResourceType, types::ComponentItem},
};

use super::{Early, Said, Start, answers};

/// What stands behind every handle: nothing.
pub(super) struct Nothing;

/// Defines each import: those that a start may call with an answer, all others so that the call ends it.
pub(super) fn answer(
    linker: &mut Linker<Said>,
    engine: &Engine,
    component: &Component,
    start: &Arc<Start>,
) -> wasmtime::Result<()> {
    for (name, import) in component.component_type().imports(engine) {
        match import.ty {
            ComponentItem::ComponentInstance(_) if name == LOADER => loader(&mut linker.instance(name)?, start)?,
            ComponentItem::ComponentInstance(interface) => {
                let mut linker = linker.instance(name)?;
                for (item_name, item) in interface.exports(engine) {
                    item_of(&mut linker, name, item_name, &item.ty)?;
                }
            }
            item => item_of(&mut linker.root(), "", name, &item)?,
        }
    }
    Ok(())
}

fn item_of(
    linker: &mut LinkerInstance<'_, Said>,
    interface: &str,
    name: &str,
    item: &ComponentItem,
) -> wasmtime::Result<()> {
    let import = if interface.is_empty() { name.to_owned() } else { format!("{interface}#{name}") };
    match item {
        ComponentItem::Resource(_) => linker.resource(name, ResourceType::host::<Nothing>(), |_, _| Ok(())),
        ComponentItem::ComponentFunc(function) if function.async_() => {
            linker.func_new_concurrent(name, move |_, _, _, _| {
                let early = Early { import: import.clone() };
                Box::pin(async move { Err(early.into()) })
            })
        }
        ComponentItem::ComponentFunc(_) => {
            let (interface, function) = (interface.to_owned(), name.to_owned());
            linker.func_new(name, move |store, ty, params, results| {
                if answers::answer(store, &interface, &function, &ty, params, results)? {
                    return Ok(());
                }
                Err(Early { import: import.clone() }.into())
            })
        }
        _ => Ok(()),
    }
}

/// What the engine loads modules by.
const LOADER: &str = "local:init/module-loader";

fn loader(linker: &mut LinkerInstance<'_, Said>, start: &Arc<Start>) -> wasmtime::Result<()> {
    let there = start.clone();
    linker.func_wrap("resolve", move |_, (from, specifier): (String, String)| {
        let path = path(&from, &specifier);
        let not_found = || format!("module `{specifier}`, imported by `{from}`, is not there");
        Ok((path.filter(|path| there.modules.contains_key(path)).ok_or_else(not_found),))
    })?;
    let there = start.clone();
    linker.func_wrap("load", move |_, (path,): (String,)| {
        Ok((there.modules.get(&path).cloned().ok_or_else(|| format!("module `{path}` is not there")),))
    })
}

/// Where a relative specifier leads from a module.
fn path(from: &str, specifier: &str) -> Option<String> {
    if !specifier.starts_with("./") && !specifier.starts_with("../") {
        return None;
    }
    let (folder, _) = from.rsplit_once('/')?;
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in specifier.split('/') {
        match part {
            "." => {}
            ".." if parts.len() > 1 => drop(parts.pop()),
            ".." => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_specifiers_lead_to_absolute_paths() {
        assert_eq!(path("/src/a.js", "./lib/b.js").as_deref(), Some("/src/lib/b.js"));
        assert_eq!(path("/src/lib/a.js", "../../node_modules/x/i.js").as_deref(), Some("/node_modules/x/i.js"));
        assert_eq!(path("/a.js", "./b.js").as_deref(), Some("/b.js"));
        assert_eq!(path("/a.js", "../b.js"), None);
        assert_eq!(path("/a.js", "acme:shop/auth"), None);
    }
}
