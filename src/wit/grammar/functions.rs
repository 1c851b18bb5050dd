//! Functions, free and of resources.

use super::{super::lexer::Kind, Flat, Grammar, Read};

impl Grammar<'_> {
    pub(super) fn resource_item(&mut self) -> Read {
        self.attributes()?;
        if self.word() == "constructor" {
            self.take();
            self.params()?;
            self.result()?;
            return self.mark(';');
        }
        if !self.is_name() {
            return Err(self.expected("`constructor` or identifier"));
        }
        self.name()?;
        self.mark(':')?;
        self.space();
        if self.word() == "static" {
            self.take();
            self.space();
        }
        self.func()?;
        self.mark(';')
    }

    pub(super) fn named_func(&mut self) -> Read {
        self.name()?;
        self.mark(':')?;
        self.space();
        self.func()?;
        self.mark(';')
    }

    /// `async func(…) -> …`, or `get(…)` and `set(…)`.
    pub(super) fn func(&mut self) -> Read {
        if self.word() == "async" {
            self.take();
            self.space();
            self.keyword("func")?;
        } else if self.is_accessor() {
            self.take();
        } else {
            self.keyword("func")?;
        }
        self.params()?;
        self.result()
    }

    pub(super) fn is_accessor(&self) -> bool {
        matches!(self.word(), "get" | "set") && self.kind_ahead(1) == Kind::Mark('(')
    }

    fn params(&mut self) -> Read {
        self.expect('(')?;
        self.listed(')', Flat::Nothing, |grammar| {
            grammar.name()?;
            grammar.mark(':')?;
            grammar.space();
            grammar.type_of(0)
        })
    }

    fn result(&mut self) -> Read {
        if self.kind() == Kind::Arrow {
            self.space();
            self.take();
            self.space();
            self.type_of(0)?;
        }
        Ok(())
    }
}
