//! Names of other places: `use`, `include`, `import`, `export`.

use super::{super::lexer::Kind, Flat, Grammar, Read};

impl Grammar<'_> {
    pub(super) fn use_names(&mut self) -> Read {
        self.take();
        self.space();
        self.path()?;
        self.mark('.')?;
        self.expect('{')?;
        self.listed('}', Flat::Nothing, |grammar| {
            grammar.name()?;
            if grammar.word() == "as" {
                grammar.alias()?;
            }
            Ok(())
        })?;
        self.mark(';')
    }

    pub(super) fn include(&mut self) -> Read {
        self.take();
        self.space();
        self.path()?;
        if self.word() != "with" {
            return self.mark(';');
        }
        self.space();
        self.take();
        self.space();
        self.expect('{')?;
        self.listed('}', Flat::Space, |grammar| {
            grammar.name()?;
            grammar.alias()
        })
    }

    /// `as name`.
    pub(super) fn alias(&mut self) -> Read {
        self.space();
        self.keyword("as")?;
        self.space();
        self.name()
    }

    /// What `import` and `export` are followed by.
    pub(super) fn external(&mut self) -> Read {
        self.take();
        self.space();
        let is_path =
            matches!(self.kind_ahead(2), Kind::Word | Kind::Explicit) && self.kind_ahead(3) == Kind::Mark('/');
        if self.kind_ahead(1) != Kind::Mark(':') || is_path {
            self.path()?;
            return self.mark(';');
        }
        self.name()?;
        self.mark(':')?;
        self.space();
        match self.word() {
            "func" | "async" => self.func()?,
            "get" | "set" if self.is_accessor() => self.func()?,
            "interface" => {
                self.take();
                self.space();
                return self.items(Self::interface_item);
            }
            _ => self.path()?,
        }
        self.mark(';')
    }

    /// `name`, or `namespace:package/name@1.0.0`.
    pub(super) fn path(&mut self) -> Read {
        self.name()?;
        if self.is(':') {
            self.take();
            self.name()?;
            self.mark('/')?;
            self.name()?;
            self.version_after_at()?;
        }
        Ok(())
    }
}
