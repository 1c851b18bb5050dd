//! Parts for tests: worlds from WIT text or over the WASI that Mosaic brings, and components of such worlds whose functions
//! trap.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::{
    FunctionKind, InterfaceId, LiftLowerAbi, ManglingAndAbi, Resolve, ResourceIntrinsic, SourceMap, Stability,
    TypeDefKind, WasmExport, WasmExportKind, WasmImport, WorldItem, WorldKey, abi::WasmType,
};

use super::{PartBytes, component};
use crate::{
    language::Language,
    plan::{
        self, Outline, Subject,
        graph::{Graph, Wiring},
    },
    resolve::Part,
};

const ABI: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);

/// A part that has not been built: the world `name` of a WIT text, or its only one.
pub(crate) fn part(name: &str, wit: &str) -> Part {
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    let package = resolve.push_source(&format!("{name}.wit"), wit).unwrap_or_else(|error| panic!("{error:#}\n{wit}"));
    let world = resolve
        .select_world(&[package], Some(name))
        .or_else(|_| resolve.select_world(&[package], None))
        .expect("the world is there");
    Part { name: name.to_owned(), language: None, resolve: Arc::new(resolve), world }
}

/// The same part built: its functions trap, its imports are all there.
pub(crate) fn built(name: &str, wit: &str) -> PartBytes {
    let part = part(name, wit);
    component(name, encoded(&part), Some(Language::Rust)).expect("a component of the fixture's world")
}

/// The bytes of the same.
pub(crate) fn encoded(part: &Part) -> Vec<u8> {
    let mut module = wat::parse_str(text(&part.resolve, part)).expect("well-formed");
    wit_component::embed_component_metadata(&mut module, &part.resolve, part.world, StringEncoding::UTF8, false)
        .expect("the world can be encoded");
    ComponentEncoder::default().module(&module).and_then(|encoder| encoder.encode()).expect("a component")
}

/// A part, built, whose world imports interfaces of WASI, without what is unstable, and exports a function of its own
/// name.
pub(crate) fn asking(name: &str, mut wasi: Resolve, imports: &[&str]) -> PartBytes {
    for (_, interface) in wasi.interfaces.iter_mut() {
        interface.functions.retain(|_, function| !matches!(function.stability, Stability::Unstable { .. }));
    }
    let imports: String = imports.iter().map(|import| format!("import {import}; ")).collect();
    let wit = format!("package acme:{name}; world {name} {{ {imports} export {name}: func(); }}");
    let package = wasi.push_source(&format!("{name}.wit"), &wit).unwrap_or_else(|error| panic!("{error:#}\n{wit}"));
    let world = wasi.select_world(&[package], Some(name)).expect("the world is there");
    let part = Part { name: name.to_owned(), language: None, resolve: Arc::new(wasi), world };
    component(name, encoded(&part), Some(Language::Rust)).expect("a component of the world")
}

/// What the planner makes of parts of which only the outlines are known, of those that have one.
pub(crate) fn outlined(parts: &[&PartBytes], wiring: &Wiring, options: &plan::Options) -> Option<Graph> {
    let outlines: Vec<_> = parts.iter().map(|part| outline(part)).collect();
    let subjects = parts.iter().zip(&outlines).map(|(part, outline)| match outline {
        Some(outline) => Subject::Outline(outline),
        None => Subject::World(&part.part),
    });
    plan::outlined(&subjects.collect::<Vec<_>>(), wiring, options)
}

pub(crate) fn outline(part: &PartBytes) -> Option<Outline<'_>> {
    part.signature.outline(&part.part.name, part.part.language)
}

/// Every interface the world reaches, by name; the last of a name.
pub(crate) fn interface(resolve: &Resolve, name: &str) -> InterfaceId {
    let (id, _) = resolve
        .interfaces
        .iter()
        .rfind(|(_, interface)| interface.name.as_deref() == Some(name))
        .expect("the interface is there");
    id
}

fn text(resolve: &Resolve, part: &Part) -> String {
    let world = &resolve.worlds[part.world];
    let mut imports = String::new();
    let mut exports = String::new();
    for (key, item) in &world.imports {
        match item {
            WorldItem::Function(function) => import(resolve, None, function, &mut imports),
            WorldItem::Interface { id, .. } => {
                for function in resolve.interfaces[*id].functions.values() {
                    import(resolve, Some(key), function, &mut imports);
                }
                for &ty in resolve.interfaces[*id].types.values() {
                    intrinsics(resolve, key, ty, vec![(ResourceIntrinsic::ImportedDrop, "(param i32)")], &mut imports);
                }
            }
            WorldItem::Type { .. } => {}
        }
    }
    for (key, item) in &world.exports {
        match item {
            WorldItem::Function(function) => export(resolve, None, function, &mut exports),
            WorldItem::Interface { id, .. } => {
                for function in resolve.interfaces[*id].functions.values() {
                    export(resolve, Some(key), function, &mut exports);
                }
                for &ty in resolve.interfaces[*id].types.values() {
                    let needed = vec![
                        (ResourceIntrinsic::ExportedDrop, "(param i32)"),
                        (ResourceIntrinsic::ExportedNew, "(param i32) (result i32)"),
                        (ResourceIntrinsic::ExportedRep, "(param i32) (result i32)"),
                    ];
                    intrinsics(resolve, key, ty, needed, &mut imports);
                }
            }
            WorldItem::Type { .. } => {}
        }
    }
    format!(
        r#"(module {imports} {exports}
            (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable))"#
    )
}

fn import(resolve: &Resolve, interface: Option<&WorldKey>, function: &wit_parser::Function, out: &mut String) {
    let signature = resolve.wasm_signature(ABI.import_variant(), function);
    let (module, name) = resolve.wasm_import_name(ABI, WasmImport::Func { interface, func: function });
    let (params, results) = (types("param", &signature.params), types("result", &signature.results));
    out.push_str(&format!("(import {module:?} {name:?} (func {params} {results}))\n"));
}

fn export(resolve: &Resolve, interface: Option<&WorldKey>, function: &wit_parser::Function, out: &mut String) {
    assert!(!matches!(function.kind, FunctionKind::Getter | FunctionKind::Setter), "not needed by any fixture");
    let signature = resolve.wasm_signature(ABI.export_variant(), function);
    let kind = WasmExportKind::Normal;
    let name = resolve.wasm_export_name(ABI, WasmExport::Func { interface, func: function, kind });
    let (params, results) = (types("param", &signature.params), types("result", &signature.results));
    out.push_str(&format!("(func (export {name:?}) {params} {results} unreachable)\n"));
}

fn intrinsics(
    resolve: &Resolve,
    key: &WorldKey,
    ty: wit_parser::TypeId,
    needed: Vec<(ResourceIntrinsic, &str)>,
    out: &mut String,
) {
    if !matches!(resolve.types[ty].kind, TypeDefKind::Resource) {
        return;
    }
    for (intrinsic, signature) in needed {
        let interface = Some(key);
        let wanted = WasmImport::ResourceIntrinsic { interface, resource: ty, intrinsic };
        let (module, name) = resolve.wasm_import_name(ABI, wanted);
        out.push_str(&format!("(import {module:?} {name:?} (func {signature}))\n"));
    }
}

fn types(word: &str, types: &[WasmType]) -> String {
    let mut out = String::new();
    for ty in types {
        let ty = match ty {
            WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
            WasmType::I64 | WasmType::PointerOrI64 => "i64",
            WasmType::F32 => "f32",
            WasmType::F64 => "f64",
        };
        out.push_str(&format!("({word} {ty}) "));
    }
    out
}

/// The packages of WASI that are published together, each after those it uses.
pub(crate) const TOGETHER: &[&str] = &["io", "clocks", "random", "filesystem", "sockets", "cli", "http"];

pub(crate) fn bundled() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("wit/bundled")
}

/// One version of WASI, with everything that is unstable.
pub(crate) fn wasi(version: &str, packages: &[&str]) -> Resolve {
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    add(&mut resolve, version, packages);
    resolve
}

fn add(resolve: &mut Resolve, version: &str, packages: &[&str]) {
    for package in packages {
        let folder = bundled().join(package).join(version);
        let Ok(files) = std::fs::read_dir(&folder) else { continue };
        let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
        files.sort();
        let mut sources = SourceMap::default();
        for file in files {
            sources.push_file(&file).expect("a readable file");
        }
        let group = sources.parse().unwrap_or_else(|(sources, error)| panic!("{}", error.render(&sources)));
        resolve.push_group(group).unwrap_or_else(|error| panic!("{package} {version}: {error:#}"));
    }
}

/// A draft, over the version of streams that drafts were written against: it has what 0.2.0 has.
pub(crate) fn draft(package: &str, version: &str) -> Resolve {
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    let mut sources = SourceMap::default();
    for file in ["error", "poll", "streams"] {
        let path = bundled().join("io/0.2.0").join(format!("{file}.wit"));
        let text = std::fs::read_to_string(&path).expect("a readable file");
        sources.push(&path, text.replace("wasi:io@0.2.0;", "wasi:io@0.2.1;"));
    }
    let group = sources.parse().unwrap_or_else(|(sources, error)| panic!("{}", error.render(&sources)));
    resolve.push_group(group).expect("streams");
    add(&mut resolve, version, &[package]);
    resolve
}
