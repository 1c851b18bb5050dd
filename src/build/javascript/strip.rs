//! TypeScript to JavaScript, one file at a time, each statement on the line where the user wrote it.
//!
//! Types are taken out, not checked. Printing drops types and comments, so what follows would move up: before each
//! statement or class member that would come too early, empty lines are put in. Lines can only come too late where the
//! printed form is longer than the source, and catch up at the next type or comment.

use std::{collections::HashSet, path::Path};

use oxc_allocator::Allocator;
use oxc_ast::ast::{ClassElement, Program, Statement};
use oxc_ast_visit::{Visit, walk};
use oxc_codegen::{Codegen, CodegenOptions, CommentOptions};
use oxc_diagnostics::OxcDiagnostic;
use oxc_parser::Parser;
use oxc_semantic::SemanticBuilder;
use oxc_span::{GetSpan, SourceType};
use oxc_transformer::{TransformOptions, Transformer};

/// Gives the module as plain JavaScript.
///
/// # Errors
/// Every syntax error found.
pub fn strip(path: &Path, text: &str, kind: SourceType) -> Result<String, Vec<OxcDiagnostic>> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, kind).parse();
    failed(parsed.diagnostics.errors())?;
    let mut program = parsed.program;
    let semantic = SemanticBuilder::new_compiler().with_enum_eval(true).build(&program);
    failed(semantic.diagnostics.errors())?;
    let starts = starts(&program, text);
    let scoping = semantic.semantic.into_scoping();
    let options = TransformOptions::default();
    let transformed = Transformer::new(&allocator, path, &options).build_with_scoping(scoping, &mut program);
    failed(transformed.diagnostics.errors())?;
    let options = CodegenOptions {
        comments: CommentOptions::disabled(),
        source_map_path: Some(path.to_path_buf()),
        ..CodegenOptions::default()
    };
    let printed = Codegen::new().with_options(options).build(&program);
    let mut line_of = vec![None; printed.code.lines().count()];
    for token in printed.map.iter().flat_map(|map| map.get_tokens()) {
        let slot = line_of.get_mut(token.get_dst_line() as usize);
        let source = (token.get_src_line(), token.get_src_col());
        if let Some(slot @ None) = slot
            && starts.contains(&source)
            && is_indentation(&printed.code, token.get_dst_line(), token.get_dst_col())
        {
            *slot = Some(source.0 as usize);
        }
    }
    Ok(aligned(&printed.code, &line_of))
}

fn failed<'d>(errors: impl Iterator<Item = &'d OxcDiagnostic>) -> Result<(), Vec<OxcDiagnostic>> {
    let errors: Vec<_> = errors.cloned().collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Puts empty lines in so that each line with a known place is not above it.
fn aligned(code: &str, line_of: &[Option<usize>]) -> String {
    let mut text = String::with_capacity(code.len());
    let mut here = 0;
    for (line, wanted) in code.lines().zip(line_of) {
        while here < wanted.unwrap_or(here) {
            text.push('\n');
            here += 1;
        }
        text.push_str(line);
        text.push('\n');
        here += 1;
    }
    text
}

fn is_indentation(code: &str, line: u32, column: u32) -> bool {
    let line = code.lines().nth(line as usize).unwrap_or_default();
    line.chars().take(column as usize).all(char::is_whitespace)
}

/// Where statements and class members begin: line and UTF-16 column, as source maps count.
fn starts(program: &Program<'_>, text: &str) -> HashSet<(u32, u32)> {
    struct Starts(Vec<u32>);
    impl<'a> Visit<'a> for Starts {
        fn visit_statement(&mut self, statement: &Statement<'a>) {
            self.0.push(statement.span().start);
            walk::walk_statement(self, statement);
        }
        fn visit_class_element(&mut self, element: &ClassElement<'a>) {
            self.0.push(element.span().start);
            walk::walk_class_element(self, element);
        }
    }
    let mut found = Starts(Vec::new());
    found.visit_program(program);
    found.0.sort_unstable();
    let (mut line, mut from, mut at) = (0, 0, 0);
    let mut places = HashSet::new();
    for start in found.0 {
        let start = start as usize;
        for (offset, _) in text[at..start].match_indices('\n') {
            line += 1;
            from = at + offset + 1;
        }
        at = start;
        places.insert((line, u32::try_from(text[from..start].encode_utf16().count()).unwrap_or(u32::MAX)));
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(text: &str) -> Result<String, Vec<OxcDiagnostic>> {
        strip(Path::new("x.ts"), text, SourceType::ts())
    }

    #[test]
    fn statements_stay_on_their_lines() {
        let text = "import type { A } from \"x\";\n\n/** Says. */\ninterface B {\n  b: string;\n}\n\nexport function f(b: B): string {\n  \
                    // why\n\n  const s: string = `a\n${b.b}\n  c`;\n  return s as string;\n}\n\n\
                    class C {\n  private n: number = 1;\n\n  m(): number {\n    return this.n + E.X;\n  }\n}\nenum E { X = 1 }\n";
        let code = stripped(text).unwrap();
        for needle in ["export function f", "return s", "return this.n", "m()"] {
            let line = |text: &str| text.lines().position(|line| line.contains(needle)).unwrap();
            assert_eq!(line(&code), line(text), "{needle} in\n{code}");
        }
        assert!(code.contains("`a\n${b.b}\n  c`"), "{code}");
        assert!(!code.contains("string"), "{code}");
    }

    #[test]
    fn syntax_errors_come_with_a_place() {
        let errors = stripped("export function f(: string {}").unwrap_err();
        assert!(!errors[0].labels.is_empty());
    }
}
