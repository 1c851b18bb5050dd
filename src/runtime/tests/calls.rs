//! Calls of exports: arguments in text and in JSON, handles kept by name, and what is said of those that do not fit.

use serde_json::json;

use super::{guests::tally, server::home};
use crate::{
    diagnostic::Diagnose,
    runtime::{Arguments, Artifact, CallError, Returned, RunOptions, Session, Statement},
};

fn with_session(test: impl FnOnce(&mut Session<'_>)) {
    let bytes = tally();
    let artifact = Artifact::bytes("app.wasm", &bytes);
    let options = RunOptions::new(home());
    let mut session = Session::open(&artifact, options, &|_| ()).unwrap_or_else(|e| panic!("{:?}", e.problems()));
    test(&mut session);
}

/// The last of several calls.
fn call(session: &mut Session<'_>, text: &str) -> Result<Returned, CallError> {
    let mut last = None;
    for statement in Statement::parse(text)? {
        last = Some(session.call(&statement, &|_| ())?);
    }
    Ok(last.expect("a call"))
}

fn text(session: &mut Session<'_>, call_text: &str) -> String {
    let returned = call(session, call_text).unwrap_or_else(|e| panic!("{call_text}: {:?}", e.problems()));
    returned.value.map(|value| value.text).unwrap_or_default()
}

#[test]
fn a_function_is_called_by_any_of_its_names() {
    with_session(|session| {
        assert_eq!(text(session, "add(2, 3)"), "5");
        for name in ["echo", "tally.echo", "acme:shop/tally.echo", "acme:shop/tally#echo"] {
            let told = text(session, &format!("{name}({{name: \"a\\\"b\", tags: [\"x\", \"y\"]}})"));
            assert_eq!(told, "{name: \"a\\\"b\", tags: [\"x\", \"y\"]}");
        }
        let returned = call(session, "echo({name: \"\u{1b}[31m\", tags: [], size: some(7)})").unwrap().value.unwrap();
        assert_eq!(returned.text, "{name: \"\\u{1b}[31m\", tags: [], size: some(7)}");
        assert_eq!(returned.ty, "record { name: string, tags: list<string>, size: option<u32> }");
        assert_eq!(returned.json, json!({ "name": "\u{1b}[31m", "tags": [], "size": 7 }));
        let told: Vec<_> = session.exports(&|_| ()).unwrap().into_iter().map(|export| export.signature).collect();
        assert!(told.contains(&"add(a: u32, b: u32) -> u32".to_owned()), "{told:?}");
        assert!(told.contains(&"tally.counter.bump(self: borrow<counter>, by: u32) -> u32".to_owned()), "{told:?}");
    });
}

#[test]
fn handles_are_kept_by_name_until_they_are_given_away() {
    with_session(|session| {
        assert_eq!(text(session, "c = counter(5); c.bump(2)"), "7");
        assert_eq!(text(session, "counter.bump(c, 10)"), "17");
        // One that is not named gets a name.
        let returned = call(session, "counter(1)").unwrap();
        assert_eq!((returned.value.unwrap().text.as_str(), returned.kept), ("h1", vec!["h1".to_owned()]));
        assert_eq!(text(session, "tally.close(c)"), "17");
        let error = call(session, "c.bump(1)").unwrap_err();
        assert!(matches!(error, CallError::Unknown { .. }), "{error:?}");
        assert_eq!(session.kept().collect::<Vec<_>>(), ["h1"]);
    });
}

#[test]
fn arguments_come_in_json_too() {
    with_session(|session| {
        let mut echo = Statement::parse("echo").unwrap().remove(0);
        let mut ask = |json: serde_json::Value| {
            echo.arguments = Arguments::Json(vec![json]);
            session
                .call(&echo, &|_| ())
                .map(|returned| returned.value.unwrap().json)
                .map_err(|e| e.problems()[0].causes.clone())
        };
        let item = json!({ "name": "a", "tags": ["x"], "size": null });
        assert_eq!(ask(item.clone()), Ok(item));
        for (json, why) in [
            (json!({ "name": "a", "tags": ["x", 1] }), "`item.tags[1]`: expected string"),
            (json!({ "name": "a", "tags": [], "size": -1 }), "`item.size`: expected u32"),
            (json!({ "name": "a", "tags": [], "sise": 1 }), "`item`: there is no field `sise`"),
        ] {
            assert_eq!(ask(json), Err(vec![why.to_owned()]));
        }
    });
}

#[test]
fn what_does_not_fit_is_told_with_its_place() {
    with_session(|session| {
        for (text, code, what) in [
            ("ad(1, 2)", "call::unknown", "did you mean `add`?"),
            ("add(1)", "call::arguments", "the argument `b: u32` is missing"),
            ("add(1, 2, 3)", "call::arguments", "it takes 2 arguments"),
            ("add(1, \"x\")", "call::arguments", "expected u32"),
            ("add(1, -2)", "call::arguments", "expected u32"),
            ("echo({name: \"a\", tgs: []})", "call::arguments", "there is no field `tgs`"),
            ("echo({name: \"a\"})", "call::arguments", "the field `tags` is missing"),
            ("close(nothing)", "call::arguments", "nothing is called `nothing`"),
        ] {
            let problem = call(session, text).unwrap_err().problems().remove(0);
            let told = problem.labels.iter().map(|label| label.text.clone()).chain(problem.help.clone());
            assert_eq!((problem.code, told.collect::<Vec<_>>()), (code, vec![what.to_owned()]), "{text}");
        }
    });
}

#[test]
fn after_a_trap_there_is_a_new_instance() {
    with_session(|session| {
        assert_eq!(text(session, "c = counter(5); c.bump(1)"), "6");
        let problem = call(session, "fail()").unwrap_err().problems().remove(0);
        assert!(problem.message.starts_with("`fail` trapped in `tally`: "), "{}", problem.message);
        assert_eq!(problem.causes[0], "tally!fall");
        assert_eq!(session.kept().count(), 0);
        assert_eq!(text(session, "add(1, 1)"), "2");
    });
}
