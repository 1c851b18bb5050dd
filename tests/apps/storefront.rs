//! Rust answers HTTP, Go knows who is there, Python weighs the risk, TypeScript makes the page.

use std::{collections::BTreeMap, time::Instant};

use crate::{
    golden,
    support::{Project, Ran, Server, unheard},
};

const ATTACK: &str = "/?id=1%27+UNION+SELECT+password+FROM+users--";

fn enter(server: &Server, name: &str) -> String {
    let (status, token) = server.ask("POST", "/sign-in", &[], name);
    assert_eq!(status, 200, "{token}");
    format!("Bearer {token}")
}

#[test]
fn pages_from_four_languages() {
    let project = Project::example("storefront");
    project.run(&["build"]).ok();
    parts_are_seen(&project);
    let server = project.serve(&[]);

    let (status, page) = server.ask("GET", "/", &[], "");
    assert_eq!(status, 401);
    assert!(page.contains("Please sign in"), "{page}");

    let token = enter(&server, "ada");
    let agent = ("user-agent", "tests");
    let (status, page) = server.ask("GET", "/", &[("authorization", &token), agent], "");
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("<strong>ada</strong> &lt;ada@example.com&gt; (member, admin), visit number 1."), "{page}");
    assert!(page.contains("Blue &amp; white tile") && page.contains("Gold &lt;smalto&gt;"), "{page}");
    assert!(page.contains("€ 12.50") && page.contains("cut by hand, 1/2&quot; and smaller"), "{page}");
    assert!(page.contains("<html lang=\"en\">"), "{page}");

    let (_, page) = server.ask("GET", "/?theme=dark", &[("authorization", &token), agent], "");
    assert!(page.contains("visit number 2.") && page.contains("class=\"dark\""), "{page}");

    let (status, page) = server.ask("GET", ATTACK, &[("authorization", &token), agent], "");
    assert_eq!(status, 403, "{page}");
    assert!(page.contains("looks like an attack") && page.contains("SQL"), "{page}");

    let forged = format!("{}A.{}", &token[..token.len() / 2], "AAAA");
    let (status, page) = server.ask("GET", "/", &[("authorization", &forged), agent], "");
    assert!(status == 400 || status == 401, "{status}: {page}");

    let (status, why) = server.ask("POST", "/sign-in", &[], "  ");
    assert_eq!(status, 422, "{why}");
    let (status, page) = server.ask("GET", "/it's&more", &[], "");
    assert_eq!(status, 404);
    assert!(page.contains("it&#39;s&amp;more") && !page.contains("it's&more"), "{page}");
    drop(server);

    // What was counted is still there after a restart.
    let server = project.serve(&[]);
    let (_, page) = server.ask("GET", "/", &[("authorization", &token), agent], "");
    assert!(page.contains("visit number 3."), "{page}");
}

/// What the app says of itself, read from its bytes alone.
fn inspected(project: &Project) -> serde_json::Value {
    let ran = project.run(&["inspect", "--graph", "--needs", "--format", "json"]).ok();
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran}"))
}

/// Whether there is evidence that a part uses TCP.
fn tcp(inspection: &serde_json::Value, part: &str) -> String {
    let parts = inspection["needs"]["parts"].as_array().expect("parts");
    let part = parts.iter().find(|it| it["name"] == part).expect("the part");
    let evidence = part["evidence"].as_array().expect("evidence");
    let tcp = evidence.iter().find(|it| it["capability"] == "tcp").expect("it imports sockets, which are closed to it");
    assert_eq!(tcp["method"], "recorded-imports", "{tcp}");
    tcp["found"].as_str().expect("a word").to_owned()
}

fn parts_are_seen(project: &Project) {
    let inspection = inspected(project);
    let parts = inspection["overview"]["parts"].as_array().expect("parts");
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let languages: BTreeMap<_, _> =
        parts.iter().map(|part| (word(&part["name"]), word(&part["origin"]["language"]))).collect();
    let expected = [("auth", "go"), ("gateway", "rust"), ("inference", "python"), ("render", "javascript")];
    assert_eq!(languages, expected.map(|(name, language)| (name.to_owned(), language.to_owned())).into());

    let nodes = inspection["graph"]["nodes"].as_array().expect("nodes");
    let name =
        |id: &serde_json::Value| word(&nodes[usize::try_from(id.as_u64().expect("an id")).expect("small")]["name"]);
    let edges = inspection["graph"]["edges"].as_array().expect("edges");
    let wires: std::collections::BTreeSet<_> = edges
        .iter()
        .filter(|edge| edge["kind"] == "wire" && word(&edge["import"]).starts_with("acme:shop/"))
        .map(|edge| (name(&edge["from"]), name(&edge["to"])))
        .collect();
    let expected = [("auth", "inference"), ("gateway", "auth"), ("gateway", "inference"), ("gateway", "render")];
    assert_eq!(wires, expected.map(|(from, to)| (from.to_owned(), to.to_owned())).into());
    assert_eq!(tcp(&inspection, "inference"), "no-use");
    let app = "target/mosaic/storefront.wasm";
    golden::hold("storefront.txt", &golden::text(project, app));
    golden::hold("storefront.json", &golden::json(project, app));
}

/// Component → whether it was built anew.
fn built(ran: &Ran) -> BTreeMap<String, bool> {
    let artifact = |message: &serde_json::Value| {
        let name = message["component"].as_str()?.to_string();
        (message["reason"] == "component-artifact").then(|| (name, message["fresh"] == false))
    };
    ran.messages().iter().filter_map(artifact).collect()
}

#[test]
fn only_what_changed_is_rebuilt() {
    let project = Project::example("storefront");
    project.run(&["build"]).ok();
    let json = ["build", "--message-format", "json"];

    let start = Instant::now();
    let ran = project.run(&json).ok();
    let took = start.elapsed();
    assert_eq!(built(&ran).values().filter(|anew| **anew).count(), 0, "{ran}");
    assert_eq!(built(&ran).len(), 4, "{ran}");
    assert!(took.as_millis() < 1000, "a build with nothing to do took {took:?}");

    project.edit("inference/app.py", "LONGEST = 4096", &format!("LONGEST = 4095  # {}", unheard()));
    let ran = project.run(&json).ok();
    let anew: Vec<_> = built(&ran).into_iter().filter(|(_, anew)| *anew).map(|(name, _)| name).collect();
    assert_eq!(anew, ["inference"], "{ran}");
}

/// A part without a grant asks for a file, a socket, a name and a variable, and is told no each time; it still works.
#[test]
fn what_is_not_granted_is_denied() {
    let project = Project::example("storefront");
    project.edit(
        "inference/app.py",
        "        found = features(text)\n",
        "        if attempts():\n            raise Err(ModelError_Empty())\n        found = features(text)\n",
    );
    project.edit("inference/app.py", "from features import features", "from features import attempts, features");
    project.write(
        "inference/features.py",
        &format!(
            "import os\nimport socket\n{}\n\n{}",
            project.read("inference/features.py"),
            r#"
def attempts() -> list[str]:
    done = []
    for name, attempt in {
        "file": lambda: open("/etc/passwd").read(),
        "beside": lambda: open("app.py").read(),
        "write": lambda: open("/tmp/x", "w"),
        "list": lambda: os.listdir("/"),
        "socket": lambda: socket.create_connection(("127.0.0.1", 80), timeout=1),
        "listen": lambda: socket.create_server(("127.0.0.1", 0)),
        "name": lambda: socket.getaddrinfo("localhost", 80),
        "variable": lambda: os.environ["HOME"],
    }.items():
        try:
            attempt()
            print("DONE", name, flush=True)
            done.append(name)
        except Exception as error:
            print("DENIED", name, type(error).__name__, flush=True)
    return done
"#
        ),
    );
    project.run(&["build"]).ok();
    assert_eq!(tcp(&inspected(&project), "inference"), "use");
    let log = project.file("log");
    let server = Server::start({
        let mut command = project.mosaic(&["serve", "--addr", "127.0.0.1:0"]);
        command.env("HOME", "/root").stderr(std::fs::File::create(&log).expect("a log"));
        command
    });
    let token = enter(&server, "ada");
    let (status, page) = server.ask("GET", "/", &[("authorization", &token), ("user-agent", "tests")], "");
    drop(server);
    let log = std::fs::read_to_string(log).expect("the log");
    assert_eq!(status, 200, "{page}\n{log}");
    assert_eq!(log.matches("DENIED").count(), 8, "{log}");
    assert!(!log.contains("DONE"), "{log}");
    assert!(log.lines().any(|line| line.contains("inference") && line.contains("DENIED file")), "{log}");
}
