//! A finished component's own world.

use std::{borrow::Cow, sync::Arc};

use wasmparser::{component_types::ComponentItem, types::TypesRef};
use wit_parser::decoding::DecodedWasm;

use crate::language::Language;

use super::{
    Part,
    error::{Error, Failure, Kind, Looks},
    limits, packages,
};

/// Reads the world of a component, binary or text.
///
/// `name` is what the component is called in messages and in the graph. The bytes of core modules inside are not
/// looked at. Fails for core modules, WIT packages, truncated or invalid files, and whatever else it is.
pub fn decode_part(name: &str, bytes: &[u8], language: Option<Language>) -> Result<Part, Error> {
    part(name, decode_binary(name, bytes)?, language)
}

/// Reads the world of a binary component whose types are known from its validation: those of its imports and exports, by
/// their full names and in their order.
pub(crate) fn decode_types<'a>(
    name: &str,
    binary: &[u8],
    language: Option<Language>,
    types: TypesRef<'a>,
    items: impl IntoIterator<Item = (&'a str, &'a ComponentItem)> + Send,
) -> Result<Part, Error> {
    let decoded = limits::guarded(|| match packages::cycle_of(types, items) {
        Some(package) => Err(needs_itself(&package)),
        None => wit_parser::decoding::decode(binary).map_err(|e| invalid(&e, binary)).and_then(bounded),
    });
    let decoded = decoded.and_then(|decoded| decoded).map_err(|kind| Error::from(Failure::new(kind).of(name)))?;
    part(name, decoded, language)
}

fn part(name: &str, decoded: DecodedWasm, language: Option<Language>) -> Result<Part, Error> {
    match decoded {
        DecodedWasm::Component(resolve, world) => {
            Ok(Part { name: name.to_owned(), language, resolve: Arc::new(resolve), world })
        }
        DecodedWasm::WitPackage(resolve, id) => {
            let package = resolve.packages[id].name.clone();
            Err(Failure::new(Kind::WitPackage { package }).of(name).into())
        }
    }
}

/// Reads a component or an encoded WIT package, binary or text.
pub(crate) fn decode_binary(name: &str, bytes: &[u8]) -> Result<DecodedWasm, Error> {
    let decoded = limits::guarded(|| decode(bytes).and_then(bounded));
    decoded.and_then(|decoded| decoded).map_err(|kind| Failure::new(kind).of(name).into())
}

fn bounded(decoded: DecodedWasm) -> Result<DecodedWasm, Kind> {
    match limits::types(decoded.resolve()) {
        Ok(()) => Ok(decoded),
        Err((_, failure)) => Err(failure.kind),
    }
}

/// A binary whose structure does not hold together.
pub(crate) fn unreadable(name: &str, binary: &[u8], error: &wasmparser::Error) -> Error {
    let kind = match truncated(binary) {
        true => Kind::Truncated { length: binary.len() },
        false => Kind::Invalid { message: error.message().to_owned(), offset: Some(error.offset()) },
    };
    Failure::new(kind).of(name).into()
}

/// Decodes a component or an encoded WIT package. Recurses with its types: call it [`limits::guarded`].
pub(super) fn decode(bytes: &[u8]) -> Result<DecodedWasm, Kind> {
    let binary = to_binary(bytes)?;
    if wasmparser::Parser::is_core_wasm(&binary) {
        return Err(Kind::CoreModule);
    }
    if let Some(package) = packages::cycle(&binary) {
        return Err(needs_itself(&package));
    }
    wit_parser::decoding::decode(&binary).map_err(|e| invalid(&e, &binary))
}

fn needs_itself(package: &str) -> Kind {
    let message = format!("no WIT can say what it imports and exports: the package `{package}` needs itself");
    Kind::Invalid { message, offset: None }
}

/// The binary form of a component or module, whichever form it is in. `name` is what to call it in messages.
pub(crate) fn binary<'a>(name: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, Error> {
    let binary = limits::guarded(|| to_binary(bytes)).and_then(|binary| binary);
    binary.map_err(|kind| Failure::new(kind).of(name).into())
}

/// Runs something that recurses over a binary where that is safe.
pub(crate) fn guarded<T: Send>(run: impl FnOnce() -> T + Send) -> Result<T, Error> {
    limits::guarded(run).map_err(|kind| Failure::new(kind).into())
}

fn to_binary(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Kind> {
    match wat::Detect::from_bytes(bytes) {
        wat::Detect::WasmText => wat::parse_bytes(bytes).map_err(|e| Kind::BadText { message: e.to_string() }),
        wat::Detect::WasmBinary => Ok(Cow::Borrowed(bytes)),
        wat::Detect::Unknown => Err(Kind::NotWasm { looks: looks(bytes) }),
    }
}

/// What is wrong with a binary that did not decode.
fn invalid(error: &anyhow::Error, binary: &[u8]) -> Kind {
    let offset =
        error.chain().find_map(|cause| cause.downcast_ref::<wasmparser::Error>()).map(wasmparser::Error::offset);
    if truncated(binary) {
        return Kind::Truncated { length: binary.len() };
    }
    Kind::Invalid { message: format!("{error:#}"), offset }
}

/// Whether a binary ends within a section, going by the lengths that its outermost sections claim.
pub(crate) fn truncated(binary: &[u8]) -> bool {
    const HEADER: usize = 8;
    let Some(mut rest) = binary.get(HEADER..) else { return true };
    while let Some((_id, length)) = rest.split_first() {
        let mut reader = wasmparser::BinaryReader::new(length, 0);
        let Ok(size) = reader.read_var_u32() else { return length.len() < 5 };
        match length.get(reader.current_position() + size as usize..) {
            Some(next) => rest = next,
            None => return true,
        }
    }
    false
}

fn looks(bytes: &[u8]) -> Looks {
    match std::str::from_utf8(bytes) {
        Ok("") => Looks::Empty,
        Ok(text) if text.lines().any(|l| ["package ", "interface ", "world "].iter().any(|w| l.starts_with(w))) => {
            Looks::Wit
        }
        Ok(_) => Looks::Text,
        Err(_) => Looks::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnose;

    fn code(bytes: &[u8]) -> &'static str {
        decode_part("app", bytes, None).map_or_else(|error| error.problems()[0].code, |_| "ok")
    }

    #[test]
    fn reads_both_forms() {
        let text = b"(component (import \"a:b/c@1.0.0\" (instance (export \"f\" (func)))))";
        let binary = wat::parse_bytes(text).unwrap();
        for bytes in [&text[..], &binary] {
            let part = decode_part("app", bytes, Some(Language::Rust)).unwrap();
            let world = &part.resolve.worlds[part.world];
            let imports: Vec<_> = world.imports.keys().map(|key| part.resolve.name_world_key(key)).collect();
            assert_eq!(imports, ["a:b/c@1.0.0"]);
        }
    }

    #[test]
    fn says_what_it_is_if_not_a_component() {
        assert_eq!(code(b""), "resolve::not-wasm");
        assert_eq!(code(b"package a:b;\nworld w {}"), "resolve::not-wasm");
        assert_eq!(code(b"\x7fELF\xff"), "resolve::not-wasm");
        assert_eq!(code(b"(module)"), "resolve::core-module");
        assert_eq!(code(&wat::parse_str("(module)").unwrap()), "resolve::core-module");
        assert_eq!(code(b"(component"), "resolve::wat-syntax");
        assert_eq!(code(b"(component (export \"f\" (func 7)))"), "resolve::invalid-component");

        let mut resolve = wit_parser::Resolve::default();
        let id = resolve.push_str("x.wit", "package a:b; interface i {}").unwrap();
        assert_eq!(code(&wit_component::encode(&resolve, id, false).unwrap()), "resolve::wit-package");

        let whole = wat::parse_str("(component (core module (func)))").unwrap();
        assert_eq!(code(&whole), "ok");
        assert_eq!(code(&whole[..whole.len() - 1]), "resolve::truncated");
        assert_eq!(code(&whole[..6]), "resolve::truncated");
        let mut broken = whole.clone();
        broken[8] = 99;
        assert_eq!(code(&broken), "resolve::invalid-component");
    }

    /// Valid, and nothing that WIT can say; the parser would not come to an end.
    #[test]
    fn packages_that_need_each_other_are_refused() {
        let text = |back: &str| {
            format!(
                r#"(component
                    (import "a:x/one" (instance $one (export "r" (type (sub resource)))))
                    (alias export $one "r" (type $r))
                    (import "b:y/two" (instance $two (alias outer 1 $r (type $r)) (export "r" (type (eq $r)))))
                    (alias export $two "r" (type $s))
                    (import "{back}/three" (instance (alias outer 1 $s (type $r)) (export "r" (type (eq $r))))))"#
            )
        };
        assert_eq!(code(text("c:z").as_bytes()), "ok");
        assert_eq!(code(text("a:x").as_bytes()), "resolve::invalid-component");
    }

    #[test]
    fn hostile_types_do_not_overflow_the_stack() {
        let mut types = wasm_encoder::ComponentTypeSection::new();
        types.defined_type().list(wasm_encoder::PrimitiveValType::U8);
        for n in 0..200_000 {
            types.defined_type().list(wasm_encoder::ComponentValType::Type(n));
        }
        types.function().params([("x", wasm_encoder::ComponentValType::Type(200_000))]).result(None);
        let mut imports = wasm_encoder::ComponentImportSection::new();
        imports.import("f", wasm_encoder::ComponentTypeRef::Func(200_001));
        let mut component = wasm_encoder::Component::new();
        component.section(&types).section(&imports);
        assert_eq!(code(&component.finish()), "resolve::invalid-component");
    }
}
