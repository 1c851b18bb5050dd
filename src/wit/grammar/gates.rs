//! Versions, and what stands before an item: `@since(version = 1.0.0)` and its like.

use semver::Version;

use super::{super::lexer::Kind, Blank, Flaw, Grammar, Op, Read, is_keyword};

impl Grammar<'_> {
    pub(super) fn version_after_at(&mut self) -> Read {
        if self.is('@') {
            self.take();
            self.version()?;
        }
        Ok(())
    }

    /// A version is several tokens with nothing between them.
    fn version(&mut self) -> Read {
        let first = self.at;
        let part = |kind: Kind, text: &str| match kind {
            Kind::Integer => true,
            Kind::Mark(mark) => mark == '-',
            Kind::Word => !is_keyword(text),
            _ => false,
        };
        for mark in [None, Some('.'), Some('.')] {
            if let Some(mark) = mark {
                self.mark(mark)?;
            }
            match self.kind() {
                Kind::Integer => self.take(),
                _ => return Err(self.expected("a version like `1.2.3`")),
            }
        }
        for prefix in ['-', '+'] {
            if !self.is(prefix) {
                continue;
            }
            self.take();
            loop {
                let next = self.lexed.tokens.get(self.at + 1);
                if part(self.kind(), self.word()) {
                    self.take();
                } else if self.is('.') && next.is_some_and(|next| part(next.kind, &self.lexed.text[next.span.clone()]))
                {
                    self.take();
                    self.take();
                } else {
                    break;
                }
            }
        }
        let tokens = &self.lexed.tokens;
        let span = tokens[first].span.start..tokens[self.at - 1].span.end;
        match Version::parse(&self.lexed.text[span.clone()]) {
            Ok(_) => Ok(()),
            Err(error) => Err(Flaw::new(span, error.to_string())),
        }
    }

    /// `@since(…)` and its like, each on a line of its own.
    pub(super) fn attributes(&mut self) -> Read {
        while self.is('@') {
            self.take();
            let word = self.at;
            self.name()?;
            let argument = match self.lexed.text_of(word).trim_start_matches('%') {
                "since" | "deprecated" => Some("version"),
                "unstable" => Some("feature"),
                "external-id" => None,
                other => {
                    return Err(Flaw::new(
                        self.lexed.tokens[word].span.clone(),
                        format!("unknown attribute `{other}`"),
                    ));
                }
            };
            self.mark('(')?;
            match argument {
                None => match self.kind() {
                    Kind::Text => self.take(),
                    _ => return Err(self.expected("a string")),
                },
                Some(name) => {
                    if self.word().trim_start_matches('%') != name {
                        return Err(self.expected(&format!("`{name}`")));
                    }
                    self.take();
                    self.space();
                    self.mark('=')?;
                    self.space();
                    if name == "version" { self.version()? } else { self.name()? }
                }
            }
            self.mark(')')?;
            self.ops.push(Op::Line(Blank::Never));
        }
        Ok(())
    }
}
