//! What WASI promises, used as programs use it: the guests of `fixtures/conformance`, one of WASI 0.2 and one of 0.3, run
//! and served by our host. Whatever does not hold is a trap in the guest, which names the line.

use crate::support::{Project, Ran, Server, root};

/// The guest of a version, built, with its two folders.
struct Guest {
    project: Project,
}

impl Guest {
    fn new(version: &str) -> Guest {
        let project = Project::copy(&root().join("fixtures/conformance").join(version));
        project.write("fixed/note", "fixed");
        std::fs::create_dir(project.file("scratch")).expect("a folder");
        project.run(&["build"]).ok();
        Guest { project }
    }

    fn run(&self, args: &[&str], input: &str) -> Ran {
        Ran::of(self.project.mosaic(&[&["-q", "run", "--"], args].concat()), input)
    }

    /// Standard streams, arguments, variables, and how a program ends.
    fn command_line(&self) {
        let ran = self.run(&["cli", "an argument", "ünïcödé"], "one\ntwo\n").ok();
        let lines: Vec<&str> = ran.stdout.lines().collect();
        assert_eq!(lines, ["one", "two", &".".repeat(200_000), "cli holds"]);
        assert_eq!(ran.stderr, "to the other stream\n");
        assert_eq!(self.run(&["exit", "0"], "").code, Some(0));
        assert_eq!(self.run(&["exit", "1"], "").code, Some(1));
        assert_eq!(self.run(&["fail"], "").code, Some(1));
    }

    fn holds(&self, area: &str) {
        assert_eq!(self.run(&[area], "").ok().stdout, format!("{area} holds\n"));
    }

    /// A client of its own server, and one that is none of ours.
    fn over_http(&self) {
        let server = self.project.serve(&[]);
        assert_eq!(self.run(&["http", server.address()], "").ok().stdout, "http holds\n");
        assert_eq!(server.ask("PUT", "/teapot", &[("x-given", "1")], "tea"), (418, "tea".into()));
        bodies_come_back(&server);
        bodies_come_back(&self.project.serve(&["--reuse", "10"]));
    }
}

/// Large bodies of many clients at once, each streamed back as it comes, and none of another.
fn bodies_come_back(server: &Server) {
    std::thread::scope(|scope| {
        for client in 0..8 {
            scope.spawn(move || {
                for number in 0..10 {
                    let body = format!("{client}-{number};").repeat(20_000 + 7 * number);
                    let (status, answer) = server.ask("POST", "/", &[], &body);
                    assert_eq!(status, 200);
                    assert!(answer == body, "{client}-{number}: {} bytes of {}", answer.len(), body.len());
                }
            });
        }
    });
}

#[test]
fn wasi_0_2_holds() {
    let guest = Guest::new("p2");
    guest.command_line();
    ["filesystem", "clocks", "random", "sockets"].iter().for_each(|area| guest.holds(area));
    guest.over_http();
}

#[test]
fn wasi_0_3_holds() {
    let guest = Guest::new("p3");
    guest.command_line();
    assert_eq!(guest.run(&["exit", "7"], "").code, Some(7));
    ["filesystem", "clocks", "random", "sockets"].iter().for_each(|area| guest.holds(area));
    guest.over_http();
}
