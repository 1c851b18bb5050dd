//! What a guest was refused. A refusal is an answer to the guest; the user is told once per part and interface, with
//! the grant that would change it.

use std::{collections::BTreeSet, sync::Mutex};

use crate::diagnostic::Problem;

use super::{
    grants::Missing,
    tell::{Teller, Told},
};

/// A call that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Denial {
    /// The part that called, where that can be told.
    pub part: Option<String>,
    /// Without version, e.g. `wasi:keyvalue/store`.
    pub interface: &'static str,
    /// What it asked for, e.g. "the bucket `visits`".
    pub what: String,
    /// What would grant it.
    pub grant: Missing,
}

/// What has been told already.
#[derive(Debug, Default)]
pub(super) struct Denials {
    told: Mutex<BTreeSet<(Option<String>, &'static str)>>,
}

impl Denials {
    /// Tells the first denial of its part and interface.
    pub fn refuse(&self, denial: Denial, teller: &Teller) {
        let mut told = self.told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Where the channel is full the next denial of its kind is told instead.
        if told.insert((denial.part.clone(), denial.interface))
            && teller.try_send(Told::Warning(denial.problem())).is_err()
        {
            told.remove(&(denial.part, denial.interface));
        }
    }
}

impl Denial {
    fn problem(&self) -> Problem {
        let Denial { part, interface, what, grant } = self;
        let who = part.as_ref().map_or_else(|| "the guest".to_owned(), |part| format!("`{part}`"));
        let mut problem = Problem::warning(
            "runtime::denied",
            format!("{who} was refused {what} (`{interface}`): it is not granted"),
        )
        .help(format!(
            "to grant it, add `NAME = {{ {} }}` to `[grants]` and `NAME` to the `grants` of {} in `mosaic.toml`; where a \
             file is run or served: `{}`",
            grant.line(),
            part.as_ref().map_or_else(|| "the component".to_owned(), |part| format!("`[components.{part}]`")),
            grant.flag(),
        ));
        problem.component = part.clone();
        problem
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::tell;

    fn denial(part: &str, interface: &'static str) -> Denial {
        Denial {
            part: Some(part.to_owned()),
            interface,
            what: "the bucket `x`".to_owned(),
            grant: Missing::new("kv", "x"),
        }
    }

    #[test]
    fn each_part_and_interface_is_told_once() {
        let (teller, mut told) = tell::channel();
        let denials = Denials::default();
        for (part, interface) in [("a", "i"), ("a", "i"), ("b", "i"), ("a", "j"), ("b", "i")] {
            denials.refuse(denial(part, interface), &teller);
        }
        drop(teller);
        let mut messages = Vec::new();
        while let Some(Told::Warning(problem)) = told.blocking_recv() {
            messages.push(problem.message);
        }
        assert_eq!(messages.len(), 3, "{messages:#?}");
        assert_eq!(messages[0], "`a` was refused the bucket `x` (`i`): it is not granted");
    }
}
