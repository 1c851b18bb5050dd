//! A problem as text: its message, the places on all sources concerned, why, and the next step.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level as Kind, Renderer, Snippet};
use mosaic::diagnostic::{Label, Level, Problem};

use super::{Paint, clean};

/// Causes of more lines than this are shown whole before the report, as they came: a compiler's own words.
const SHORT: usize = 6;

/// The problem as lines of at most `width` columns where that can be helped, the last one ended.
pub fn render(problem: &Problem, paint: Paint, width: usize) -> String {
    let mut text = String::new();
    let (short, long): (Vec<&String>, Vec<&String>) =
        problem.causes.iter().partition(|cause| cause.lines().count() <= SHORT);
    for cause in long {
        text.push_str(clean::lines(cause.trim_end()).as_ref());
        text.push_str("\n\n");
    }
    let kind = match problem.level {
        Level::Error => Kind::ERROR,
        Level::Warning => Kind::WARNING,
    };
    let title = kind.primary_title(clean::line(&problem.message)).id(problem.code);
    let group = Group::with_title(title).elements(snippets(&problem.labels)).elements(notes(problem, &short));
    let renderer = if paint.color { Renderer::styled() } else { Renderer::plain() };
    text.push_str(&renderer.term_width(width).render(&[group]));
    text.push('\n');
    text
}

/// The problems, those that differ by nothing but their component made one.
pub fn shared(problems: &[Problem]) -> Vec<Problem> {
    let mut shared: Vec<Problem> = Vec::new();
    for problem in problems {
        let same = |other: &&mut Problem| {
            let by = |it: &Problem| (it.level, it.code, it.message.clone(), it.causes.clone(), it.help.clone());
            problem.labels.is_empty() && other.labels.is_empty() && by(problem) == by(other)
        };
        // Those with places are never the same, and may be many.
        let known = if problem.labels.is_empty() { shared.iter_mut().find(same) } else { None };
        match (known, &problem.component) {
            (Some(Problem { component: Some(known), .. }), Some(another)) => *known = format!("{known}, {another}"),
            _ => shared.push(problem.clone()),
        }
    }
    shared
}

/// One snippet a source, the one with the primary label first.
fn snippets(labels: &[Label]) -> Vec<Element<'_>> {
    let mut sources: Vec<&Label> = Vec::new();
    for label in labels.iter().filter(|label| label.primary).chain(labels) {
        if !sources.iter().any(|known| known.source == label.source) {
            sources.push(label);
        }
    }
    sources
        .into_iter()
        .map(|first| {
            let here: Vec<&Label> = labels.iter().filter(|label| label.source == first.source).collect();
            let shown = lines(&first.source.text, &here);
            Snippet::source(&first.source.text[shown.clone()])
                .line_start(first.source.line(shown.start))
                .path(clean::line(&first.source.name))
                .annotations(here.into_iter().map(|label| annotation(label, shown.start)))
                .into()
        })
        .collect()
}

/// The lines that labels are on: nothing else of a text is shown, and it may be long.
fn lines(text: &str, labels: &[&Label]) -> Range<usize> {
    let spans = labels.iter().map(|label| within(text, &label.span));
    let (start, end) = spans.fold((text.len(), 0), |(start, end), span| (start.min(span.start), end.max(span.end)));
    let start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[end.max(start)..].find('\n').map_or(text.len(), |length| end.max(start) + length + 1);
    start..end
}

/// A label in a text whose first bytes are left out.
fn annotation(label: &Label, left_out: usize) -> Annotation<'_> {
    let kind = if label.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
    let span = within(&label.source.text, &label.span);
    let annotation = kind.span(span.start - left_out..span.end - left_out);
    match label.text.as_str() {
        "" => annotation,
        text => annotation.label(clean::line(text)),
    }
}

/// The span inside the text and on the borders of its characters, whatever was said.
pub fn within(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let end = text.ceil_char_boundary(span.end.clamp(start, text.len()));
    start..end
}

fn notes<'a>(problem: &'a Problem, causes: &[&'a String]) -> Vec<Element<'a>> {
    let named = |name: &'static str, text: &'a str| Kind::NOTE.with_name(name).message(clean::lines(text.trim_end()));
    let mut notes: Vec<Element<'a>> = Vec::new();
    if let Some(component) = &problem.component
        && !problem.message.contains(&format!("`{component}`"))
        && !problem.message.contains(&format!("components.{component}"))
    {
        notes.push(named("component", component).into());
    }
    notes.extend(causes.iter().map(|cause| Element::from(named("because", cause))));
    notes.extend(problem.help.iter().map(|help| Element::from(Kind::HELP.message(clean::lines(help.trim_end())))));
    notes
}
