//! The project's own tasks: `cargo xtask TASK`. One file a task; nothing here is shipped.

mod bench;
mod components;
mod crates;
mod demo;
mod docs;
mod http;
mod peers;
mod setup;
mod test;
mod tidy;
mod wit;

use std::process::ExitCode;

/// What a task gives: done, or the words to print.
type Outcome = Result<(), String>;

const USAGE: &str = "\
Usage: cargo xtask TASK

Tasks:
  demo   set up, build the storefront, serve it, send real requests, show what came back
  test   set up, then every test that CI runs, with a printed time budget [GROUP…]
  soak   the long forms of the tests
  bench  figures of the release build beside those of other tools [compose, wit, inspect,
         serve, start, instances, calls, dense, code]
  tidy   check the invariants that a program can see
  docs   write the pages of documentation that are made from the code
  wit    take the bundled WASI packages anew from the crates that carry them
  setup  build `cargo-mosaic` and install the toolchains that demo and test need
         --tests: and the other tools that tests run, from one pinned table
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rest = args.get(1..).unwrap_or_default();
    let asks = |arg: &String| matches!(arg.as_str(), "--help" | "-h" | "help");
    if args.iter().any(asks) {
        print!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let outcome = match args.first().map(String::as_str) {
        Some("demo") => demo::run(),
        Some("test") => test::run(rest),
        Some("soak") => test::soak(),
        Some("bench") => bench::run(rest),
        Some(bench::MEASURE) => bench::measure(rest),
        Some("tidy") => tidy::run(),
        Some("docs") => docs::run(),
        Some("wit") => wit::run(rest),
        Some("setup") => setup::run().and_then(|_| match rest {
            [] => Ok(()),
            [flag] if flag == "--tests" => peers::ensure(peers::TESTS).map(drop),
            _ => Err(format!("unknown arguments: {}", rest.join(" "))),
        }),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}
