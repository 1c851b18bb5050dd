//! Workflow commands, one a line: `::error file=wit/api.wit,line=3::message`.
//! (GitHub documentation, "Workflow commands for GitHub Actions".)

use super::{Reported, details, place, word};

pub(super) fn render(reported: Reported<'_>) -> String {
    let mut text = String::new();
    for problem in reported.problems {
        let mut properties = Vec::new();
        if let Some(label) = place(problem) {
            let (start, end) = (label.source.position(label.span.start), label.source.position(label.span.end));
            properties.push(format!("file={}", property(&reported.below_top(&label.source.name))));
            properties.push(format!("line={},endLine={},col={}", start.0, end.0, start.1));
        }
        properties.push(format!("title={}", property(problem.code)));
        let details = details(problem);
        let message =
            if details.is_empty() { problem.message.clone() } else { format!("{}\n{details}", problem.message) };
        text += &format!("::{} {}::{}\n", word(problem.level), properties.join(","), data(&message));
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
