//! What [`super::grammar`] wants printed, as text.
//!
//! Comments stay between the tokens they stand between; only a comma may pass one, where it means nothing (at the end of
//! a list). That is more than neatness: wit-parser takes every comment before an item for its documentation, also one
//! behind the item before.
//!
//! 1. A comment behind something, at the end of a line, stays there.
//! 2. A comment on a line of its own stays on one, indented as what follows it.
//! 3. A block comment with its token on one line stays with it. Its text is never touched, but for line ends:
//!    wit-parser counts the white space in it.
//! 4. A line comment where no line ought to end ends it all the same, and what follows is indented once more.

use super::{
    grammar::{Blank, Flat, Op},
    lexer::{Comment, Form, Kind, Lexed},
};

/// Columns of a line, where that can be had.
const WIDTH: usize = 100;
const INDENT: &str = "    ";

/// Prints a text whose tokens are `lexed` the way `ops` say.
pub(super) fn print(lexed: &Lexed<'_>, ops: &[Op]) -> String {
    let mut printer = Printer {
        lexed,
        out: String::with_capacity(lexed.text.len() + lexed.text.len() / 8),
        line_start: 0,
        indent: 0,
        pending: Pending::Line(Blank::Never),
        last: Last::Other,
        mode: Mode::Broken,
    };
    let mut at = 0;
    while at < ops.len() {
        if ops[at] == Op::Group {
            let rest = &ops[at + 1..];
            let length = rest.iter().position(|op| matches!(op, Op::Line(_))).unwrap_or(rest.len());
            if printer.fits(&rest[..length]) {
                at += 1 + length;
                continue;
            }
        }
        printer.op(ops[at]);
        at += 1;
    }
    if !printer.out.is_empty() {
        printer.out.push('\n');
    }
    printer.out
}

/// What stands before whatever is printed next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pending {
    Nothing,
    /// A space, unless a mark follows that wants none.
    Glue,
    Space,
    /// The end of a line that goes on below.
    Continue,
    Line(Blank),
}

/// What was printed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    /// Nothing may follow it on its line.
    LineComment,
    Other,
}

/// Where comments belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// To the token after them, unless they stand behind the one before.
    Before,
    /// To what is before them: what comes after is the end of a body.
    Behind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Broken,
    /// A trial: all on one line.
    Flat,
    /// A trial that has failed.
    Failed,
}

struct Printer<'a> {
    lexed: &'a Lexed<'a>,
    out: String,
    /// Where the current line begins in `out`.
    line_start: usize,
    indent: usize,
    pending: Pending,
    last: Last,
    mode: Mode,
}

impl Printer<'_> {
    /// Prints all on the current line, if it fits; else nothing.
    fn fits(&mut self, ops: &[Op]) -> bool {
        let length = self.out.len();
        let before = (self.line_start, self.indent, self.pending, self.last);
        self.mode = Mode::Flat;
        for op in ops {
            self.op(*op);
            if self.mode == Mode::Failed || self.out.len() - self.line_start > WIDTH && self.columns() > WIDTH {
                self.out.truncate(length);
                (self.line_start, self.indent, self.pending, self.last) = before;
                self.mode = Mode::Broken;
                return false;
            }
        }
        self.mode = Mode::Broken;
        true
    }

    fn columns(&self) -> usize {
        self.out[self.line_start..].chars().count()
    }

    fn op(&mut self, op: Op) {
        match op {
            Op::Token(token) => {
                self.comments(token, Place::Before);
                self.token(token);
            }
            Op::Bare(token) => self.token(token),
            Op::Comments(token) => self.comments(token, Place::Behind),
            Op::Space => {
                if matches!(self.pending, Pending::Nothing | Pending::Glue) {
                    self.pending = Pending::Space;
                }
            }
            Op::Comma if self.mode == Mode::Broken => self.out.push(','),
            Op::Break(flat) if self.mode != Mode::Broken => {
                if self.pending == Pending::Continue {
                    self.fail();
                }
                self.pending = match flat {
                    Flat::Nothing => Pending::Nothing,
                    Flat::Space => Pending::Space,
                };
            }
            Op::Break(_) => self.pending = Pending::Line(Blank::Never),
            Op::Line(blank) => self.pending = Pending::Line(blank),
            Op::Indent => self.indent += 1,
            Op::Dedent => self.indent -= 1,
            Op::Comma | Op::Group => {}
        }
    }

    fn token(&mut self, index: usize) {
        let token = &self.lexed.tokens[index];
        let glued = matches!(token.kind, Kind::Mark(')' | '>' | '}' | ',' | ';' | ':' | '.' | '/' | '@'));
        if self.pending == Pending::Glue && glued {
            self.pending = Pending::Nothing;
        }
        self.flush(index, token.newlines);
        self.out.push_str(&self.lexed.text[token.span.clone()]);
        self.last = Last::Other;
    }

    /// The comments before a token.
    fn comments(&mut self, index: usize, place: Place) {
        let token = &self.lexed.tokens[index];
        let comments = &self.lexed.comments[token.comments.clone()];
        if comments.is_empty() {
            return;
        }
        let leading = match place {
            Place::Before if token.newlines == 0 => leading(comments),
            Place::Before | Place::Behind => comments.len(),
        };
        let resumed = match self.pending {
            Pending::Line(_) => Pending::Line(Blank::Kept),
            _ => Pending::Continue,
        };
        for (at, comment) in comments.iter().enumerate() {
            let line_ends = matches!(self.pending, Pending::Line(_) | Pending::Continue);
            if line_ends && comment.newlines == 0 && at < leading && self.last != Last::LineComment {
                // Behind what was printed last, and the line ends after it as it was about to.
                self.out.push(' ');
                self.comment(comment);
                continue;
            }
            if comment.newlines > 0 && !line_ends {
                self.pending = resumed;
            } else if self.pending == Pending::Nothing
                && (comment.form == Form::Line || !self.out.ends_with(['(', '<', '{']))
            {
                self.pending = Pending::Space;
            }
            self.flush(index, comment.newlines);
            self.comment(comment);
            let next = comments.get(at + 1).map_or(token.newlines, |next| next.newlines);
            self.pending = if comment.form == Form::Block && next == 0 { Pending::Glue } else { resumed };
        }
    }

    fn comment(&mut self, comment: &Comment) {
        let text = &self.lexed.text[comment.span.clone()];
        match comment.form {
            Form::Line => {
                self.out.push_str(text.trim_end());
                self.last = Last::LineComment;
            }
            Form::Block => {
                let start = self.out.len();
                for (at, line) in text.split('\n').enumerate() {
                    self.out.push_str(if at == 0 { "" } else { "\n" });
                    self.out.push_str(line.trim_end_matches('\r'));
                }
                if let Some(end) = self.out[start..].rfind('\n') {
                    self.line_start = start + end + 1;
                    self.fail();
                }
                self.last = Last::Other;
            }
        }
    }

    /// Prints what is pending before something of the token `index` that has so many line ends before it.
    fn flush(&mut self, index: usize, newlines: usize) {
        let (blank, indent) = match std::mem::replace(&mut self.pending, Pending::Nothing) {
            Pending::Nothing => return,
            Pending::Glue | Pending::Space => return self.out.push(' '),
            Pending::Continue => (false, self.indent + 1),
            Pending::Line(Blank::Never) => (false, self.indent),
            Pending::Line(Blank::Kept) => (newlines > 1, self.indent),
            Pending::Line(Blank::Always) => (newlines > 1 || !self.has_blank(index), self.indent),
        };
        self.fail();
        if !self.out.is_empty() {
            self.out.push_str(if blank { "\n\n" } else { "\n" });
        }
        self.line_start = self.out.len();
        (0..indent).for_each(|_| self.out.push_str(INDENT));
    }

    /// Whether there is a blank line anywhere between a token and the one before.
    fn has_blank(&self, index: usize) -> bool {
        let token = &self.lexed.tokens[index];
        token.newlines > 1 || self.lexed.comments[token.comments.clone()].iter().any(|comment| comment.newlines > 1)
    }

    /// A line has ended in what was to stand on one.
    fn fail(&mut self) {
        if self.mode == Mode::Flat {
            self.mode = Mode::Failed;
        }
    }
}

/// The comments from here on stand on one line with the token they precede.
fn leading(comments: &[Comment]) -> usize {
    let ended = comments.iter().enumerate().rev().find(|(_, it)| it.form == Form::Line || it.newlines > 0);
    match ended {
        Some((at, comment)) if comment.form == Form::Line => at + 1,
        Some((at, _)) => at,
        None => 0,
    }
}
