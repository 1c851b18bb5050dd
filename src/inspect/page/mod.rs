//! The report as one HTML page that needs nothing but itself: no network, no other file.
//!
//! 1. The picture is made here ([`super::picture`]); the page moves, zooms and asks it.
//! 2. All else is made in the page from the data, which is in it as JSON.
//! 3. A content security policy lets nothing run but the page's own script, and nothing be loaded at all.
//!
//! Invariants: the page is text of this folder and the data, same data, same bytes. The data are other people's words. As
//! markup they are escaped here and nowhere else ([`data`], `escaped`); the script makes elements and gives them text, it
//! parses no markup. Should a word get out all the same, the policy knows the digests of the one script and the one
//! style that may be.

#[cfg(test)]
mod tests;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{
    model::{Graph, Inspection},
    picture::{Drawing, Link, STYLE, Style, escaped, is_hidden, svg},
};

const TEMPLATE: &str = include_str!("page.html");
const SCRIPT: &str = concat!(
    "\"use strict\";\n(() => {\n",
    include_str!("script/dom.js"),
    include_str!("script/wit.js"),
    include_str!("script/graph.js"),
    include_str!("script/detail.js"),
    include_str!("script/sections.js"),
    include_str!("script/sizes.js"),
    include_str!("script/search.js"),
    include_str!("script/start.js"),
    "})();\n",
);

/// The page. `name`: what to call the file.
pub fn page(name: &str, inspection: &Inspection) -> String {
    let graph = inspection.graph.as_ref();
    let links = graph.map(|graph| Drawing::of(graph).links).unwrap_or_default();
    let picture = svg(graph.unwrap_or(&Graph::default()), Style::InPage);
    let style = [STYLE, include_str!("page.css")].concat();
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        digest(SCRIPT),
        digest(&style)
    );
    let title = escaped(name);
    let data = data(inspection, &links);
    filled(TEMPLATE, |hole| match hole {
        "policy" => &policy,
        "title" => &title,
        "style" => &style,
        "picture" => &picture,
        "data" => &data,
        "script" => SCRIPT,
        _ => "",
    })
}

/// The data as JSON that nothing in it can end: it is the text of a `script` element.
fn data(inspection: &Inspection, links: &[Link]) -> String {
    let json = serde_json::json!({ "inspection": inspection, "links": links }).to_string();
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            // Only in strings do these stand, and there an escape means the same.
            c if matches!(c, '<' | '>' | '&') || is_hidden(c) => safe.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => safe.push(c),
        }
    }
    safe
}

/// A text as a policy names it.
fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// A template with its holes `{{name}}` filled. What fills one is not looked at again.
fn filled<'a>(template: &str, fill: impl Fn(&str) -> &'a str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((hole, after)) = after.split_once("}}") else { break };
        out.push_str(before);
        out.push_str(fill(hole));
        rest = after;
    }
    out.push_str(rest);
    out
}
