//! Runs the generator of Go bindings, in this process, and mends what it writes.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use wit_bindgen_core::Files;

use super::{cure, error::Error, world::World};

/// The generator this was made for.
pub(super) const GENERATOR: &str = "wit-bindgen-go 0.63.0";

/// Texts by path below some folder, `/` between elements.
pub(super) type Texts = BTreeMap<String, String>;

/// The generator's files for a world, mended: `go.mod`, `wit_exports.go`, `<interface>/…`, `export_<interface>/…`.
pub(super) fn generate(world: &World) -> Result<Texts, Error> {
    let name = world.resolve.worlds[world.id].name.clone();
    let fail = |detail| Error::Generator { world: name.clone(), detail };
    let mut resolve = world.resolve.clone();
    let mut files = Files::default();
    // Formatting would start a process.
    let options = wit_bindgen_go::Opts { format: wit_bindgen_go::Format::False, quiet: true, ..Default::default() };
    // Shapes known not to be carried were refused before; this is the net below.
    catch_unwind(AssertUnwindSafe(|| options.build().generate(&mut resolve, world.id, &mut files)))
        .map_err(|panic| fail(words(&*panic)))?
        .map_err(|error| fail(format!("{error:#}")))?;
    files
        .iter()
        .map(|(path, bytes)| {
            let text = String::from_utf8_lossy(bytes);
            let text = if path.ends_with(".go") { cure::cure(&text)? } else { text.into_owned() };
            Ok((path.to_owned(), text))
        })
        .collect()
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    words.unwrap_or("the generator panicked").to_owned()
}
