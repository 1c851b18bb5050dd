//! From a plan to a `.wac` text.

use std::fmt::Write as _;

use wac_parser::lexer::{Lexer, Token};

use crate::{
    diagnostic::{Diagnose, Problem},
    plan::graph::{Graph, Why},
};

/// A part whose name no `.wac` text can say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{part}` is no name for a `.wac` text")]
pub struct Unwritable {
    pub part: String,
}

impl Diagnose for Unwritable {
    fn problems(&self) -> Vec<Problem> {
        vec![
            Problem::error("wac::unwritable", self.to_string())
                .in_component(&self.part)
                .because("names there are words of lower case with `-` between them")
                .help("Give the component another name: NAME=FILE"),
        ]
    }
}

/// Writes a plan as text: each part is the package `mosaic:PART`.
///
/// What is made for the app — definitions of plain types, refusals of what is not granted — is no part and is left out,
/// with a comment: whoever composes the text with other tools leaves those imports to the host.
pub fn write(graph: &Graph) -> Result<String, Unwritable> {
    let mut text = "// The plan of `cargo mosaic compose`. For wac: wac compose THIS.wac".to_owned();
    let made = |name: &str| graph.types.contains_key(name) || graph.denials.contains_key(name);
    let parts = || graph.instances.iter().filter(|name| !made(name));
    for part in parts() {
        let _ = write!(text, " -d mosaic:{part}=FILE");
    }
    // Of three words, so that no part's package is called so.
    text.push_str("\npackage mosaic:composed:app;\n");
    for part in parts() {
        let id = id(part)?;
        let _ = write!(text, "\nlet {id} = new mosaic:{part} {{");
        let mut rest = graph.host.iter().any(|host| host.wanted_by.iter().any(|wanted| wanted.by == *part));
        for edge in graph.edges.iter().filter(|edge| edge.from == *part) {
            let import = &edge.import;
            match edge.why {
                Why::PlainTypes => {
                    rest = true;
                    let _ = write!(text, "\n    // {import}: plain types, which Mosaic defines in the app itself");
                }
                Why::Closed(_) => {
                    rest = true;
                    let _ = write!(text, "\n    // {import}: not granted, which Mosaic refuses in the app itself");
                }
                _ if made(&edge.to) => rest = true,
                _ => {
                    let from = self::id(&edge.to)?;
                    let _ = write!(text, "\n    {import:?}: {from}[{:?}]", edge.export);
                    if let Some(member) = &edge.member {
                        let _ = write!(text, "[{member:?}]");
                    }
                    text.push(',');
                }
            }
        }
        if rest {
            text.push_str("\n    ...");
        }
        text.push_str(if text.ends_with('{') { "};\n" } else { "\n};\n" });
    }
    text.push('\n');
    for export in &graph.exports {
        match made(&export.from) {
            true => {
                let _ = writeln!(text, "// {}: plain types, which Mosaic exports with what uses them", export.name);
            }
            false => {
                let _ = writeln!(text, "export {}[{:?}];", id(&export.from)?, export.name);
            }
        }
    }
    Ok(text)
}

/// A part's name as an identifier, behind a `%` where it is a word of the language.
fn id(part: &str) -> Result<String, Unwritable> {
    let escaped = format!("%{part}");
    let is_name = |text: &str| {
        let token = Lexer::new(text).ok().and_then(|mut lexer| lexer.next());
        token.is_some_and(|(token, span)| token == Ok(Token::Ident) && span.len() == text.len())
    };
    if is_name(part) && !part.starts_with('%') {
        Ok(part.to_owned())
    } else if is_name(&escaped) {
        Ok(escaped)
    } else {
        Err(Unwritable { part: part.to_owned() })
    }
}
