//! WIT's grammar, as a list of what is to be printed.
//!
//! One pass over the tokens, with one function for each rule of the grammar. Each says what to print as it reads: its
//! tokens, where lines end, what may stand on one line. No tree is kept: the layout needs none.
//!
//! Depth is bounded as in wit-parser, so that no input can overflow the stack.

use super::lexer::{Flaw, Kind, Lexed};

mod functions;
mod gates;
mod paths;
mod types;

/// One thing to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    /// A token, after the comments before it.
    Token(usize),
    /// The comments before a token, by themselves: those of a body's end belong into the body.
    Comments(usize),
    /// A token without the comments before it.
    Bare(usize),
    Space,
    /// A comma that the source may not have.
    Comma,
    /// From here to the next [`Op::Line`], all on one line if it fits; else every [`Op::Break`] ends a line.
    Group,
    Break(Flat),
    Line(Blank),
    Indent,
    Dedent,
}

/// What a [`Op::Break`] is where all stands on one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flat {
    Nothing,
    Space,
}

/// Whether a blank line goes with the end of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blank {
    Never,
    /// Where the source has one or more.
    Kept,
    Always,
}

/// As wit-parser has them.
const MAX_PACKAGE_DEPTH: usize = 100;

/// Words that are no names unless written `%word`.
pub(super) fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "_" | "as"
            | "async"
            | "bool"
            | "borrow"
            | "char"
            | "constructor"
            | "enum"
            | "error-context"
            | "export"
            | "f32"
            | "f64"
            | "flags"
            | "from"
            | "func"
            | "future"
            | "import"
            | "include"
            | "interface"
            | "list"
            | "map"
            | "option"
            | "own"
            | "package"
            | "record"
            | "resource"
            | "result"
            | "s16"
            | "s32"
            | "s64"
            | "s8"
            | "static"
            | "stream"
            | "string"
            | "tuple"
            | "type"
            | "u16"
            | "u32"
            | "u64"
            | "u8"
            | "use"
            | "variant"
            | "with"
            | "world"
    )
}

type Read = Result<(), Flaw>;

/// Reads a file.
pub(super) fn read(lexed: &Lexed<'_>) -> Result<Vec<Op>, Flaw> {
    let mut grammar = Grammar { lexed, at: 0, ops: Vec::with_capacity(lexed.tokens.len() * 2) };
    grammar.file()?;
    Ok(grammar.ops)
}

struct Grammar<'a> {
    lexed: &'a Lexed<'a>,
    /// The next token.
    at: usize,
    ops: Vec<Op>,
}

/// Whether something at the top of a file stands by itself or may stand among its like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    Line,
    Body,
}

impl Grammar<'_> {
    fn file(&mut self) -> Read {
        let mut before = None;
        while self.kind() != Kind::End {
            before = Some(self.declaration(before, 0)?);
        }
        self.ops.extend([Op::Line(Blank::Kept), Op::Comments(self.at)]);
        Ok(())
    }

    /// `package …;`, or anything that may stand in a package.
    fn declaration(&mut self, before: Option<Weight>, depth: usize) -> Result<Weight, Flaw> {
        let start = self.ops.len();
        self.ops.push(Op::Line(Blank::Never));
        let attributes = self.at;
        self.attributes()?;
        let weight = match self.word() {
            "interface" => self.named_body(Self::interface_item)?,
            "world" => self.named_body(Self::world_item)?,
            "use" => self.top_use()?,
            "package" if self.at > attributes => return Err(self.flaw("a package has no attributes")),
            "package" => self.package(before, depth)?,
            _ => return Err(self.expected("`world`, `interface`, `use` or `package`")),
        };
        self.ops[start] = Op::Line(match before {
            None => Blank::Never,
            Some(Weight::Line) if weight == Weight::Line => Blank::Kept,
            Some(_) => Blank::Always,
        });
        Ok(weight)
    }

    /// `package a:b@1.0.0;` at the head of a file, or `package a:b@1.0.0 { … }`.
    fn package(&mut self, before: Option<Weight>, depth: usize) -> Result<Weight, Flaw> {
        let package = self.at;
        self.take();
        self.space();
        self.name()?;
        self.mark(':')?;
        self.name()?;
        self.version_after_at()?;
        if before.is_none() && depth == 0 && self.is(';') {
            self.take();
            return Ok(Weight::Body);
        }
        if depth >= MAX_PACKAGE_DEPTH {
            return Err(Flaw::new(self.lexed.tokens[package].span.clone(), "package nesting too deep"));
        }
        self.space();
        self.expect('{')?;
        let mut before = None;
        self.body(|grammar, _| {
            before = Some(grammar.declaration(before, depth + 1)?);
            Ok(())
        })?;
        Ok(Weight::Body)
    }

    fn named_body(&mut self, item: fn(&mut Self) -> Read) -> Result<Weight, Flaw> {
        self.take();
        self.space();
        self.name()?;
        self.space();
        self.items(item)?;
        Ok(Weight::Body)
    }

    fn top_use(&mut self) -> Result<Weight, Flaw> {
        self.take();
        self.space();
        self.path()?;
        if self.word() == "as" {
            self.alias()?;
        }
        self.mark(';')?;
        Ok(Weight::Line)
    }

    /// `{ … }`, each item on lines of its own.
    fn items(&mut self, item: fn(&mut Self) -> Read) -> Read {
        self.expect('{')?;
        self.body(|grammar, blank| {
            grammar.ops.push(Op::Line(blank));
            item(grammar)
        })
    }

    /// What stands between braces, and these. `item` begins its line itself.
    fn body(&mut self, mut item: impl FnMut(&mut Self, Blank) -> Read) -> Read {
        self.take();
        self.ops.push(Op::Indent);
        let mut blank = Blank::Never;
        while !self.is('}') {
            item(self, blank)?;
            blank = Blank::Kept;
        }
        self.close(blank);
        Ok(())
    }

    /// The closing brace of a body, after the comments at its end.
    fn close(&mut self, blank: Blank) {
        let empty = blank == Blank::Never;
        let commented = !self.lexed.tokens[self.at].comments.is_empty();
        if commented {
            self.ops.extend([Op::Line(blank), Op::Comments(self.at)]);
        }
        self.ops.push(Op::Dedent);
        if commented || !empty {
            self.ops.push(Op::Line(Blank::Never));
        }
        self.ops.push(Op::Bare(self.at));
        self.at += 1;
    }

    fn interface_item(&mut self) -> Read {
        self.attributes()?;
        match (self.kind(), self.word()) {
            (_, "use") => self.use_names(),
            (Kind::Explicit, _) => self.named_func(),
            (Kind::Word, word) if !is_keyword(word) => self.named_func(),
            _ => self.type_item("`type`, `resource` or `func`"),
        }
    }

    fn world_item(&mut self) -> Read {
        self.attributes()?;
        match self.word() {
            "import" | "export" => self.external(),
            "use" => self.use_names(),
            "include" => self.include(),
            _ => self.type_item("`import`, `export`, `include`, `use`, or type definition"),
        }
    }

    fn type_item(&mut self, expected: &str) -> Read {
        match self.word() {
            "type" => {
                self.take();
                self.space();
                self.name()?;
                self.space();
                self.mark('=')?;
                self.space();
                self.type_of(0)?;
                self.mark(';')
            }
            "flags" | "enum" => self.members(Self::name),
            "record" => self.members(|grammar| {
                grammar.name()?;
                grammar.mark(':')?;
                grammar.space();
                grammar.type_of(0)
            }),
            "variant" => self.members(|grammar| {
                grammar.name()?;
                if grammar.is('(') {
                    grammar.take();
                    grammar.type_of(0)?;
                    grammar.mark(')')?;
                }
                Ok(())
            }),
            "resource" => {
                self.take();
                self.space();
                self.name()?;
                if self.is(';') {
                    self.take();
                    return Ok(());
                }
                self.space();
                self.items(Self::resource_item)
            }
            _ => Err(self.expected(expected)),
        }
    }

    /// A type with members that commas part, each on a line of its own.
    fn members(&mut self, member: fn(&mut Self) -> Read) -> Read {
        self.take();
        self.space();
        self.name()?;
        self.space();
        self.expect('{')?;
        self.body(|grammar, blank| {
            grammar.ops.push(Op::Line(blank));
            member(grammar)?;
            grammar.comma('}', Op::Line(Blank::Kept))
        })
    }

    /// The comma after a member. After the last one it is printed whether it is there or not, and before any comment.
    fn comma(&mut self, close: char, end: Op) -> Read {
        let last = self.is(close) || self.is(',') && self.kind_ahead(1) == Kind::Mark(close);
        if !last {
            return match self.is(',') {
                true => {
                    self.take();
                    Ok(())
                }
                false => Err(self.expected(&format!("`,` or `{close}`"))),
            };
        }
        self.ops.push(Op::Comma);
        if self.is(',') {
            if !self.lexed.tokens[self.at].comments.is_empty() {
                self.ops.extend([end, Op::Comments(self.at)]);
            }
            self.at += 1;
        }
        Ok(())
    }

    /// Members that commas part, from the opening mark to the closing one: on one line if they fit.
    fn listed(&mut self, close: char, pad: Flat, mut member: impl FnMut(&mut Self) -> Read) -> Read {
        self.ops.push(Op::Group);
        self.take();
        if self.is(close) {
            self.take();
            return Ok(());
        }
        self.ops.push(Op::Indent);
        let mut flat = pad;
        while !self.is(close) {
            self.ops.push(Op::Break(flat));
            flat = Flat::Space;
            member(self)?;
            self.comma(close, Op::Break(Flat::Nothing))?;
        }
        if !self.lexed.tokens[self.at].comments.is_empty() {
            self.ops.extend([Op::Break(Flat::Nothing), Op::Comments(self.at)]);
        }
        self.ops.extend([Op::Dedent, Op::Break(pad), Op::Bare(self.at)]);
        self.at += 1;
        Ok(())
    }

    // What everything above is made of.

    fn kind(&self) -> Kind {
        self.lexed.tokens[self.at].kind
    }

    /// Of a token further on; nothing is beyond the end of the file.
    fn kind_ahead(&self, ahead: usize) -> Kind {
        self.lexed.tokens.get(self.at + ahead).map_or(Kind::End, |token| token.kind)
    }

    fn word(&self) -> &str {
        self.lexed.text_of(self.at)
    }

    fn is(&self, mark: char) -> bool {
        self.kind() == Kind::Mark(mark)
    }

    fn is_name(&self) -> bool {
        match self.kind() {
            Kind::Word => !is_keyword(self.word()),
            Kind::Explicit => true,
            _ => false,
        }
    }

    /// Prints the next token. The end of the file stays where it is.
    fn take(&mut self) {
        self.ops.push(Op::Token(self.at));
        if self.kind() != Kind::End {
            self.at += 1;
        }
    }

    fn space(&mut self) {
        self.ops.push(Op::Space);
    }

    fn expect(&self, mark: char) -> Read {
        if self.is(mark) { Ok(()) } else { Err(self.expected(&format!("`{mark}`"))) }
    }

    fn mark(&mut self, mark: char) -> Read {
        self.expect(mark)?;
        self.take();
        Ok(())
    }

    fn keyword(&mut self, word: &str) -> Read {
        if self.word() != word {
            return Err(self.expected(&format!("`{word}`")));
        }
        self.take();
        Ok(())
    }

    fn name(&mut self) -> Read {
        if !self.is_name() {
            return Err(self.expected("a name"));
        }
        if let Err(error) = wit_parser::validate_id(self.word().trim_start_matches('%')) {
            return Err(self.flaw(&error.to_string()));
        }
        self.take();
        Ok(())
    }

    fn flaw(&self, message: &str) -> Flaw {
        Flaw::new(self.lexed.tokens[self.at].span.clone(), message)
    }

    fn expected(&self, what: &str) -> Flaw {
        match self.kind() {
            Kind::End => self.flaw(&format!("expected {what}, found the end of the file")),
            _ => self.flaw(&format!("expected {what}, found `{}`", self.word())),
        }
    }
}
