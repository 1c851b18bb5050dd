//! Cuts texts into words.

use bindings::exports::acme::pipeline::texts::{self, Guest, GuestDocument, ParseError, Word};

struct Parse;

impl Guest for Parse {
    type Document = Document;
}

bindings::export!(Parse with_types_in bindings);

struct Document {
    lines: Vec<String>,
}

impl GuestDocument for Document {
    fn open(text: String) -> Result<texts::Document, ParseError> {
        let lines: Vec<String> = text.lines().map(str::to_string).collect();
        if lines.iter().all(|line| line.trim().is_empty()) {
            return Err(ParseError::Empty);
        }
        for (number, line) in (1..).zip(&lines) {
            if let Some(odd) = line.chars().find(|c| c.is_control() && *c != '\t') {
                return Err(ParseError::ControlCharacter((odd, number)));
            }
        }
        Ok(texts::Document::new(Document { lines }))
    }

    fn words(&self) -> Vec<Word> {
        (1..).zip(&self.lines).flat_map(|(number, line)| words(number, line)).collect()
    }

    fn line(&self, number: u32) -> Option<String> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        self.lines.get(at).cloned()
    }

    fn lines(&self) -> u32 {
        u32::try_from(self.lines.len()).unwrap_or(u32::MAX)
    }
}

/// The words of one line, in lower case: runs of letters, digits and apostrophes.
fn words(line: u32, text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut inside = false;
    for (column, character) in (1..).zip(text.chars()) {
        let part = character.is_alphanumeric() || (inside && character == '\'');
        match (part, inside) {
            (true, true) => {
                if let Some(word) = words.last_mut() {
                    word.text.extend(character.to_lowercase());
                }
            }
            (true, false) => words.push(Word { text: character.to_lowercase().collect(), line, column }),
            (false, _) => {}
        }
        inside = part;
    }
    words
}
