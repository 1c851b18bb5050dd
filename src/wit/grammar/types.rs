//! Types, within one another.

use super::{super::lexer::Kind, Grammar, Op, Read};

/// As in wit-parser.
const MAX_TYPE_DEPTH: usize = 100;

impl Grammar<'_> {
    pub(super) fn type_of(&mut self, depth: usize) -> Read {
        if depth >= MAX_TYPE_DEPTH {
            return Err(self.flaw("type nesting too deep"));
        }
        if self.is_name() {
            return self.name();
        }
        match self.word() {
            "u8" | "u16" | "u32" | "u64" | "s8" | "s16" | "s32" | "s64" | "f32" | "f64" | "char" | "bool"
            | "string" | "error-context" => self.take(),
            "tuple" => {
                self.take();
                self.expect('<')?;
                self.take();
                while !self.is('>') {
                    self.type_of(depth + 1)?;
                    match (self.is(','), self.kind_ahead(1)) {
                        (true, Kind::Mark('>')) => {
                            self.ops.push(Op::Comments(self.at));
                            self.at += 1;
                        }
                        (true, _) => {
                            self.take();
                            self.space();
                        }
                        (false, _) if self.is('>') => {}
                        (false, _) => return Err(self.expected("`,` or `>`")),
                    }
                }
                self.take();
            }
            "list" => {
                self.take();
                self.mark('<')?;
                self.type_of(depth + 1)?;
                if self.is(',') {
                    self.take();
                    self.space();
                    self.length()?;
                }
                self.mark('>')?;
            }
            "map" => {
                self.take();
                self.mark('<')?;
                self.type_of(depth + 1)?;
                self.mark(',')?;
                self.space();
                self.type_of(depth + 1)?;
                self.mark('>')?;
            }
            "option" => {
                self.take();
                self.mark('<')?;
                self.type_of(depth + 1)?;
                self.mark('>')?;
            }
            "result" => {
                self.take();
                if self.is('<') {
                    self.take();
                    let nothing = self.word() == "_";
                    if nothing {
                        self.take()
                    } else {
                        self.type_of(depth + 1)?
                    }
                    if self.is(',') || nothing {
                        self.mark(',')?;
                        self.space();
                        self.type_of(depth + 1)?;
                    }
                    self.mark('>')?;
                }
            }
            "future" | "stream" => {
                self.take();
                if self.is('<') {
                    self.take();
                    self.type_of(depth + 1)?;
                    self.mark('>')?;
                }
            }
            "own" | "borrow" => {
                self.take();
                self.mark('<')?;
                self.name()?;
                self.mark('>')?;
            }
            _ => return Err(self.expected("a type")),
        }
        Ok(())
    }

    /// The length of a list.
    fn length(&mut self) -> Read {
        if self.kind() != Kind::Integer {
            return Err(self.expected("a length"));
        }
        if let Err(error) = self.word().parse::<u32>() {
            return Err(self.flaw(&format!("invalid list size: {error}")));
        }
        self.take();
        Ok(())
    }
}
