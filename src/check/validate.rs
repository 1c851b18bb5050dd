//! Whether a component is valid, for the engine it will run on and for other tools.
//!
//! 1. Valid under the features that every current tool accepts? Then it is valid everywhere.
//! 2. Valid under the features of the engine? Then it runs here, and not everywhere.
//! 3. Else: is it only a feature that is off, or broken in itself?

use serde::{Deserialize, Serialize};
use wasmparser::{Parser, Payload};

use crate::{
    diagnostic::Level,
    resolve::{self, Error},
    validate::{self, ENGINE, Fit, PORTABLE},
};

use super::{Finding, Report};

const LESS_PORTABLE: &str = "check::less-portable";

/// Validates a component or core module, binary or text.
///
/// `name` is what to call it in findings. Fails where the bytes are no WebAssembly at all, so that there is nothing to
/// say about them; whatever else is wrong is a finding.
pub fn validate(name: &str, bytes: &[u8]) -> Result<Report, Error> {
    let binary = resolve::binary(name, bytes)?;
    let mut findings = Vec::new();
    match resolve::guarded(|| validate::fit(&binary, PORTABLE, ENGINE))? {
        Fit::Narrow => {}
        Fit::Wide(refused) => {
            let message = format!("uses a feature that not every tool accepts: {}", refused.message());
            findings.push(less_portable(subject(name, &binary, refused.offset()), message, refused.offset()));
        }
        Fit::None(error) => findings.push(invalid(name, &binary, &error)),
    }
    Ok(Report { subject: name.to_owned(), findings })
}

fn less_portable(subject: String, message: String, offset: u64) -> Finding {
    Finding {
        rule: LESS_PORTABLE,
        level: Level::Warning,
        subject,
        message,
        offset: Some(offset),
        help: vec!["fine under `cargo mosaic run` and `serve`; other hosts may need a switch".to_owned()],
    }
}

/// What is kept of bytes that are valid: why they are less portable, if they are.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Within the file.
    place: String,
    message: String,
    offset: u64,
}

impl Report {
    /// What [`Report::recalled`] gives it back from; `None` where the bytes are not valid, which is looked at each time.
    pub fn kept(&self) -> Option<Vec<u8>> {
        let kept = self.findings.iter().map(|finding| {
            let place = finding.subject.strip_prefix(&self.subject)?.to_owned();
            let portability = finding.rule == LESS_PORTABLE;
            portability.then_some(Kept { place, message: finding.message.clone(), offset: finding.offset? })
        });
        serde_json::to_vec(&kept.collect::<Option<Vec<Kept>>>()?).ok()
    }

    /// What [`validate`] said of the same bytes, under another name perhaps.
    pub fn recalled(name: &str, kept: &[u8]) -> Option<Report> {
        let kept: Vec<Kept> = serde_json::from_slice(kept).ok()?;
        let finding = |kept: Kept| less_portable(format!("{name}{}", kept.place), kept.message, kept.offset);
        Some(Report { subject: name.to_owned(), findings: kept.into_iter().map(finding).collect() })
    }
}

fn invalid(name: &str, binary: &[u8], error: &wasmparser::Error) -> Finding {
    let finding = |rule, message: String, help: &str| Finding {
        rule,
        level: Level::Error,
        subject: subject(name, binary, error.offset()),
        message,
        offset: Some(error.offset()),
        help: vec![help.to_owned()],
    };
    if resolve::truncated(binary) {
        let message = format!("is cut short: it ends within a section, after {} bytes", binary.len());
        let finding = finding("check::truncated", message, "build or download it again");
        return Finding { subject: name.to_owned(), ..finding };
    }
    if let Some(missing) = error.missing_wasm_feature() {
        let names: Vec<_> = missing.iter_names().map(|(name, _)| name.to_lowercase().replace('_', "-")).collect();
        let message =
            format!("needs the feature `{}`, which the engine has not: {}", names.join("`, `"), error.message());
        return finding("check::engine-feature", message, "build it without that feature of the language's toolchain");
    }
    finding(
        "check::invalid",
        format!("is not valid: {}", error.message()),
        "this is a fault of the tool that wrote it, not of the sources; build it with another version of that tool",
    )
}

/// Names the nested module or component that a byte lies in.
fn subject(name: &str, binary: &[u8], offset: u64) -> String {
    let mut subject = name.to_owned();
    let mut ends = Vec::new();
    let (mut modules, mut components) = (vec![0], vec![0]);
    for payload in Parser::new(0).parse_all(binary) {
        let (kind, range) = match payload {
            Ok(Payload::ModuleSection { unchecked_range, .. }) => ("module", unchecked_range),
            Ok(Payload::ComponentSection { unchecked_range, .. }) => ("component", unchecked_range),
            Ok(Payload::End(_)) => {
                ends.pop();
                modules.pop();
                components.pop();
                continue;
            }
            Ok(_) => continue,
            Err(_) => break,
        };
        let counter = if kind == "module" { modules.last_mut() } else { components.last_mut() };
        let index = counter.map_or(0, |counter| {
            *counter += 1;
            *counter - 1
        });
        if range.contains(&offset) {
            subject.push_str(&format!(": {kind} {index}"));
        }
        ends.push(range.end);
        modules.push(0);
        components.push(0);
    }
    subject
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One small program a feature, and whether every tool takes it.
    const SAMPLES: &[(&str, &str)] = &[
        ("plain", "(module (func (result i32) i32.const 1))"),
        ("bulk memory", "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))"),
        ("reference types", "(module (table 1 externref))"),
        ("simd", "(module (func (result v128) v128.const i64x2 0 0))"),
        ("relaxed simd", "(module (func (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0))))"),
        ("tail calls", "(module (func $f return_call $f))"),
        ("many memories", "(module (memory 1) (memory 1))"),
        ("64-bit memory", "(module (memory i64 1))"),
        ("threads", "(module (memory 1 1 shared))"),
        ("gc", "(module (type (struct (field i32))))"),
        ("exceptions", "(module (tag))"),
        ("typed references", "(module (type $t (func)) (func (param (ref null $t))))"),
        ("wide arithmetic", "(module (func (param i64 i64) (result i64 i64) local.get 0 local.get 1 i64.mul_wide_s))"),
        ("custom pages", "(module (memory 1 (pagesize 1)))"),
        ("component", "(component (type (func)))"),
        ("async", "(component (import \"f\" (func async)))"),
        ("maps", "(component (type (map string u8)))"),
        ("error contexts", "(component (type error-context))"),
    ];

    #[test]
    fn verdicts_are_those_of_the_engine() {
        let engine = wasmtime::Engine::default();
        for (what, text) in SAMPLES {
            let binary = wat::parse_str(text).unwrap();
            let engines = if Parser::is_component(&binary) {
                wasmtime::component::Component::new(&engine, &binary).is_ok()
            } else {
                wasmtime::Module::validate(&engine, &binary).is_ok()
            };
            let report = validate(what, &binary).unwrap();
            assert_eq!(report.passed(), engines, "{what}: {:?}", report.findings);
        }
    }

    fn rules(bytes: &[u8]) -> Vec<(&'static str, String)> {
        validate("app", bytes).unwrap().findings.into_iter().map(|f| (f.rule, f.subject)).collect()
    }

    #[test]
    fn says_what_kind_of_wrong_it_is_and_in_which_part() {
        let good = wat::parse_str("(component (core module (func)) (component))").unwrap();
        assert_eq!(rules(&good), []);
        assert_eq!(rules(&good[..good.len() - 3]), [("check::truncated", "app".to_owned())]);
        assert_eq!(rules(b"(component (core module (memory 1 1 shared)))")[0].0, "check::engine-feature");
        assert_eq!(rules(b"(module (func (result v128) v128.const i64x2 0 0))")[0].0, "check::less-portable");
        let broken = b"(component (core module) (component (core module) (core module (func (result i32)))))";
        assert_eq!(rules(broken), [("check::invalid", "app: component 0: module 1".to_owned())]);
    }

    #[test]
    fn what_is_kept_is_told_again_under_any_name() {
        let odd = "(component (core module) (core module (func $f return_call $f)))";
        let report = validate("app", odd.as_bytes()).unwrap();
        let again = Report::recalled("other", &report.kept().unwrap()).unwrap();
        assert_eq!(again.findings[0].subject, "other: module 1");
        let names = |report: Report| report.findings.into_iter().map(|f| (f.rule, f.message, f.offset, f.help));
        assert!(names(again).eq(names(validate("other", odd.as_bytes()).unwrap())));
        let plain = validate("app", b"(module)").unwrap();
        assert!(Report::recalled("app", &plain.kept().unwrap()).unwrap().findings.is_empty());
        assert_eq!(validate("app", b"(module (func (result i32)))").unwrap().kept(), None);
        assert!(Report::recalled("app", b"[{").is_none());
    }

    #[test]
    fn nothing_to_say_about_what_is_no_webassembly() {
        for bytes in [&b""[..], b"hello", b"\x7fELF", b"package a:b;", b"(component (nonsense))"] {
            assert!(validate("app", bytes).is_err());
        }
    }
}
