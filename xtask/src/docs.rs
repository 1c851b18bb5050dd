//! `cargo xtask docs`: writes the pages that are made from the code, by the tests that hold them against it.

use crate::{
    Outcome,
    setup::{cargo, succeed},
};

pub fn run() -> Outcome {
    let mut command = cargo(&["test", "--package", "cargo-mosaic", "--lib"])?;
    command.args(["--", "the_page_of_rules_is_that_of_the_table", "the_page_of_lint_rules_is_that_of_the_table"]);
    command.env("BLESS", "1");
    succeed(&mut command)
}
