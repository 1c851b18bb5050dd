//! Mends what the generator writes (0.63.0 exactly; every anchor is checked, so another version is noticed).
//!
//! 1. *Leak*: results of imports stayed reachable until the next export with arguments. Now each import takes what
//!    arrived for it directly after the call and gives it up when it returns.
//! 2. *Arguments*: likewise each export takes its arguments before anything else, and gives them up once lifted.
//! 3. *Borrows*: a lent handle of an imported resource must be given back before the export returns, else the call
//!    traps. Now each export does so at its end.
//! 4. *Stale handle*: a resource of this component that comes home keeps the index it once left under. Now it takes
//!    the index it came home with, so that dropping it drops the right one.

use super::error::Error;

/// Mends one Go file. Files without anchors are left as they are.
pub(super) fn cure(text: &str) -> Result<String, Error> {
    let text = segments(text).map(mend).collect::<Result<Vec<_>, _>>()?.concat();
    stale_handles(&lent_handles(&text)?)
}

/// Makes every export wake the instance first: for a part whose start is kept, where an instance has not begun otherwise.
pub(super) fn wake(text: &str) -> String {
    let mut woken = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        woken.push_str(line);
        if is_export(line) {
            woken.push_str("witRuntime.Wake()\n");
        }
    }
    woken
}

/// Every function that crosses stands in a segment of its own: from one `//go:wasm…` line to the next.
fn segments(text: &str) -> impl Iterator<Item = &str> {
    let mut starts: Vec<usize> = text.match_indices("\n//go:wasm").map(|(at, _)| at + 1).collect();
    starts.insert(0, 0);
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    starts.into_iter().zip(ends).map(|(start, end)| &text[start..end])
}

fn mend(segment: &str) -> Result<String, Error> {
    let mut mended = String::with_capacity(segment.len() + 128);
    let takes_results = segment.contains("returnArea := uintptr(");
    let takes_arguments = segment.contains("witRuntime.Unpin()");
    let mut took = 0;
    for line in segment.split_inclusive('\n') {
        if takes_arguments {
            mended.push_str(&line.replace("witRuntime.Unpin()", "witRuntime.Release(received)"));
        } else {
            mended.push_str(line);
        }
        let code = line.trim_start();
        if is_export(line) {
            if takes_arguments {
                mended.push_str("received := witRuntime.Receive()\n");
                took += 1;
            }
            mended.push_str("defer witRuntime.EndBorrows()\n");
        } else if takes_results
            && code.contains("wasm_import_")
            && !code.starts_with("func ")
            && !code.starts_with("//")
        {
            mended.push_str("defer witRuntime.Release(witRuntime.Receive())\n");
            took += 1;
        }
    }
    match took == usize::from(takes_results) + usize::from(takes_arguments) {
        true => Ok(mended),
        false => Err(uncured("the call that memory arrives by", segment)),
    }
}

/// Whether an export begins here that a user's function stands behind.
fn is_export(line: &str) -> bool {
    let code = line.trim_start();
    let is_service = ["func wasm_export_post_return_", "func wasm_export_callback_"];
    code.starts_with("func wasm_export_")
        && line.trim_end().ends_with('{')
        && !is_service.iter().any(|begin| code.starts_with(begin))
}

fn lent_handles(text: &str) -> Result<String, Error> {
    each(text, "FromBorrowHandle(handleValue int32) *", |name, rest| {
        let old = "witRuntime.MakeHandle(handleValue)";
        rest.contains(old)
            .then(|| rest.replacen(old, &format!("witRuntime.MakeBorrow(handleValue, resourceDrop{name})"), 1))
    })
}

fn stale_handles(text: &str) -> Result<String, Error> {
    each(text, "FromOwnHandle(handle int32) *", |name, rest| {
        let old = format!("return (*{name})(unsafe.Pointer(resourceRep{name}(handle)))");
        let new = format!(
            "self := (*{name})(unsafe.Pointer(resourceRep{name}(handle)))\n\tself.handle = handle\n\treturn self"
        );
        rest.contains(&old).then(|| rest.replacen(&old, &new, 1))
    })
}

/// Applies `change` to the body of every function whose signature holds `anchor`; `change` gets the resource's name and
/// the text up to the end of the function.
fn each(text: &str, anchor: &str, change: impl Fn(&str, &str) -> Option<String>) -> Result<String, Error> {
    let mut changed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(anchor) {
        let (before, after) = rest.split_at(at + anchor.len());
        let end = after.find("\n}").unwrap_or(after.len());
        let (body, next) = after.split_at(end);
        let name = body.split([' ', '{']).next().unwrap_or_default();
        changed.push_str(before);
        changed.push_str(&change(name, body).ok_or_else(|| uncured(anchor, body))?);
        rest = next;
    }
    changed.push_str(rest);
    Ok(changed)
}

fn uncured(what: &str, text: &str) -> Error {
    let line = text.lines().find(|line| line.contains("func ")).unwrap_or_default();
    Error::Uncured { missing: format!("{what}, near `{line}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_takes_what_arrives_directly_after_the_call() {
        let text = "package p\n\n//go:wasmimport a:b/c get\nfunc wasm_import_get(arg0 uintptr) \n\nfunc Get() string {\n\
            returnArea := uintptr(witRuntime.Allocate(pinner, 8, 4))\nwasm_import_get(returnArea)\nreturn value\n}\n";
        let cured = cure(text).unwrap();
        assert!(cured.contains("wasm_import_get(returnArea)\ndefer witRuntime.Release(witRuntime.Receive())\n"));
        assert_eq!(cured.matches("Receive").count(), 1);
    }

    #[test]
    fn an_export_takes_its_arguments_first_and_ends_its_borrows() {
        let text = "\n//go:wasmexport f\nfunc wasm_export_f(arg0 uintptr) int32 {\n\nvalue := lift\nwitRuntime.Unpin()\n\
            return 0\n}\n\n//go:wasmexport cabi_post_f\nfunc wasm_export_post_return_f(result uintptr) {\n}\n";
        let cured = cure(text).unwrap();
        assert!(cured.contains("{\nreceived := witRuntime.Receive()\ndefer witRuntime.EndBorrows()\n"));
        assert!(cured.contains("witRuntime.Release(received)") && !cured.contains("Unpin"));
        assert_eq!(cured.matches("EndBorrows").count(), 1);
    }

    #[test]
    fn an_export_wakes_the_instance_before_all_else() {
        let text = "\n//go:wasmexport f\nfunc wasm_export_f(arg0 uintptr) int32 {\n\nvalue := lift\nwitRuntime.Unpin()\n\
            return 0\n}\n\n//go:wasmexport cabi_post_f\nfunc wasm_export_post_return_f(result uintptr) {\n}\n";
        let woken = wake(&cure(text).unwrap());
        assert!(woken.contains("{\nwitRuntime.Wake()\nreceived := witRuntime.Receive()\n"), "{woken}");
        assert_eq!(woken.matches("Wake()").count(), 1);
    }

    #[test]
    fn a_text_of_another_form_is_not_taken_for_cured() {
        let text =
            "\n//go:wasmimport a get\nfunc wasm_import_get()\nfunc Get() {\nreturnArea := uintptr(0)\ncall()\n}\n";
        assert!(matches!(cure(text), Err(Error::Uncured { .. })));
    }
}
