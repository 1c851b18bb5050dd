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
                snapshot: component.snapshot,
                work: project.layout.work(name),
                cargo_target: project.layout.cargo_target(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finished_components_are_no_units_and_only_narrows() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "mosaic.toml",
            "[app]\nname = \"a:app\"\nversion = \"0.1.0\"\n[components.b]\nsource = \"b\"\n\
             [components.done]\nwasm = \"done.wat\"\n[components.a]\nsource = \"a\"\n",
        );
        write("wit/app.wit", "package a:app@0.1.0;\nworld a {}\nworld b {}\n");
        write("done.wat", "(component)");
        ["a/Cargo.toml", "b/go.mod"].into_iter().for_each(|name| write(name, ""));
        let project = Project::load(&folder.path().join("mosaic.toml"), None).unwrap();
        let resolution = crate::resolve::resolve(&project, &|_| ()).unwrap();
        let names = |only: Option<&[String]>| -> Vec<String> {
            units(&project, &resolution, Profile::Dev, only).into_iter().map(|unit| unit.part.name).collect()
        };
        assert_eq!(names(None), ["b", "a"]);
        assert_eq!(names(Some(&["a".into(), "done".into()])), ["a"]);
        let unit = units(&project, &resolution, Profile::Release, None).remove(0);
        assert_eq!((unit.world.as_str(), unit.source), ("a:app/b@0.1.0", project.root.join("b")));
    }
}
