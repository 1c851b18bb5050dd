//! A service of plain values in Go, put on the web by a Rust part.

use crate::support::Project;

#[test]
fn notes_are_kept() {
    let project = Project::example("backend");
    let server = project.serve(&[]);
    assert_eq!(server.ask("GET", "/notes/monday", &[], "").0, 404);
    assert_eq!(server.ask("PUT", "/notes/monday", &[], "buy grout ✓").0, 204);
    assert_eq!(server.ask("GET", "/notes/monday", &[], ""), (200, "buy grout ✓".into()));
    assert_eq!(server.ask("POST", "/notes/monday", &[], "").0, 405);
    assert_eq!(server.ask("GET", "/", &[], "").0, 404);
    drop(server);

    let server = project.serve(&[]);
    assert_eq!(server.ask("GET", "/notes/monday", &[], ""), (200, "buy grout ✓".into()));
    assert_eq!(server.ask("DELETE", "/notes/monday", &[], "").0, 204);
    assert_eq!(server.ask("GET", "/notes/monday", &[], "").0, 404);
}
