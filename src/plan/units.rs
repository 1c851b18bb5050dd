//! Which parts are built from source, and with what: one [`Unit`] a component, in the manifest's order. Pure.

use crate::{
    build::backend::{Profile, Unit},
    manifest::Origin,
    project::Project,
    resolve::Resolution,
};

/// The units of a project: every component that has sources, or those of them that `only` names.
///
/// A component that is a finished `.wasm` is no unit; a name in `only` that no component has is the caller's to refuse.
pub fn units(project: &Project, resolution: &Resolution, profile: Profile, only: Option<&[String]>) -> Vec<Unit> {
    let wanted = |name: &String| only.is_none_or(|only| only.contains(name));
    project
        .manifest
        .components
        .iter()
        .filter(|(name, _)| wanted(name))
        .filter_map(|(name, component)| {
            let Origin::Source(source) = &component.origin else { return None };
            let resolved = resolution.components.get(name)?;
            Some(Unit {
                part: resolved.part.clone(),
                language: component.language?,
                root: project.root.clone(),
                source: project.root.join(&source.value),
                wit: resolved.wit.clone(),
                world: resolved.world.clone(),
                profile,
                command: component.command.clone(),
                engine: component.engine.as_ref().map(|engine| engine.value.clone()),
                work: project.layout.work(name),
                cargo_target: project.layout.cargo_target(),
            })
        })
        .collect()
}
