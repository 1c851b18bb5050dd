//! What `new` and `add` make builds, runs and passes its own test.

use crate::support::{Project, Ran, Server, mosaic};

#[test]
fn a_new_app_serves_a_page() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let mut command = mosaic(&["new", "hello"]);
    command.current_dir(folder.path());
    Ran::of(command, "").ok();
    let project = Project::copy(&folder.path().join("hello"));
    let server = Server::start(project.mosaic(&["serve", "--addr", "127.0.0.1:0"]));
    let (status, page) = server.ask("GET", "/", &[], "");
    assert_eq!(status, 200, "{page}");
}
