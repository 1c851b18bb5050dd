//! How command lines are understood.

use super::*;

fn parsed(line: &str) -> Result<Cli, clap::Error> {
    let args = without_help(without_cargo(line.split_whitespace().map(OsString::from)));
    parse(&args, Early::of(&args))
}

#[test]
fn the_command_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn three_ways_to_call_are_one() {
    for line in ["cargo-mosaic mosaic clean", "cargo-mosaic clean"] {
        assert!(matches!(parsed(line).unwrap().command, Command::Clean(_)), "{line}");
    }
    // Only the first word is cargo's.
    assert!(parsed("cargo-mosaic mosaic mosaic clean").is_err());
}

#[test]
fn help_is_told_of_a_command_either_way() {
    let told = |line: &str| parsed(line).expect_err("help").to_string();
    for command in ["", " serve", " wit fmt"] {
        assert_eq!(told(&format!("cargo-mosaic mosaic help{command}")), told(&format!("cargo-mosaic{command} --help")));
    }
    assert!(told("cargo-mosaic help nothing").contains("nothing"));
}

#[test]
fn output_options_stand_before_and_after_the_word() {
    for line in ["cargo-mosaic -q --color never clean", "cargo-mosaic clean -q --color=never"] {
        let output = parsed(line).unwrap().output;
        assert!(output.quiet && output.color == Color::Never, "{line}");
    }
    assert!(parsed("cargo-mosaic clean -q -v").is_err());
}

#[test]
fn colour_and_form_are_known_early() {
    let early = |line: &str| Early::of(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>());
    assert_eq!(early("x --color=always buidl").color, Color::Always);
    assert_eq!(early("x --message-format json buidl").message_format, MessageFormat::Json);
    assert_eq!(early("x run -- --message-format json").message_format, MessageFormat::Human);
    assert_eq!(early("x --message-format").message_format, MessageFormat::Human);
}

#[test]
fn a_mistyped_word_is_answered_with_a_suggestion() {
    let error = parsed("cargo-mosaic cleen").unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("clean"), "{error}");
}

#[test]
fn every_command_has_an_example() {
    let mut whole = Cli::command();
    whole.build();
    for command in whole.get_subcommands().filter(|one| !one.is_hide_set()) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.contains("Example"), "{}", command.get_name());
        assert!(help.contains(&format!("cargo mosaic {}", command.get_name())), "{}", command.get_name());
    }
}
