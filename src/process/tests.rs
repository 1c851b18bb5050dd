use std::{ffi::OsString, fs, os::unix::ffi::OsStringExt, time::Instant};

use super::*;
use crate::diagnostic::Diagnose;

fn sh(script: &str) -> Command {
    Command::new("sh").args(["-c", script])
}

#[test]
fn gives_what_was_written_and_the_status() {
    let output = sh("echo out; echo err >&2; exit 3").output().unwrap();
    assert_eq!((&output.stdout[..], &output.stderr[..]), (&b"out\n"[..], &b"err\n"[..]));
    assert_eq!((output.status.code(), output.left_out), (Some(3), 0));
    assert_eq!(ending(output.status), "ended with status 3");
}

#[test]
fn has_no_input_and_the_environment_asked_for() {
    let output = sh("cat; echo \"$GIVEN-${HOME-none}\"; pwd").env("GIVEN", "x y").env_remove("HOME").cwd("/").output();
    assert_eq!(output.unwrap().text(), "x y-none\n/\n");
}

#[test]
fn a_bad_status_is_an_error_only_where_success_is_asked() {
    let error = sh("echo why >&2; exit 2").succeed().unwrap_err();
    assert_eq!(error.to_string(), "`sh` ended with status 2");
    let problem = &error.problems()[0];
    assert_eq!((problem.code, &problem.causes[..]), ("process::failed", &["why".to_owned()][..]));
    assert!(problem.help[0].contains("sh -c 'echo why >&2; exit 2'"), "{problem:?}");
}

#[test]
fn lines_are_told_as_they_come() {
    let mut told = Vec::new();
    let begun = Instant::now();
    let output = sh("echo one; sleep 0.5; printf two").stream(&mut |stream, line| {
        told.push((stream, line.to_owned(), begun.elapsed()));
    });
    assert_eq!(output.unwrap().text(), "one\ntwo");
    assert_eq!((told[0].0, &told[0].1[..], &told[1].1[..]), (Stream::Stdout, "one", "two"));
    assert!(told[1].2 - told[0].2 > Duration::from_millis(250), "{told:?}");
}

#[test]
fn a_flood_is_kept_within_bounds() {
    let output = sh("echo begin; head -c 30000000 /dev/zero | tr '\\0' x; echo end").output().unwrap();
    assert!(output.stdout.len() < capture::HEAD + capture::TAIL + 100);
    assert_eq!(output.left_out, (30_000_000 + 6 + 4 - capture::HEAD - capture::TAIL) as u64);
    assert!(output.stdout.starts_with(b"begin\n") && output.stdout.ends_with(b"xend\n"));
}

#[test]
fn what_cannot_be_started_says_which_and_why() {
    let temp = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str, mode| {
        let path = temp.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    };
    let code = |command: Command| command.output().unwrap_err().problems()[0].code;
    assert_eq!(code(Command::new("no-such-program-here")), "process::not-found");
    assert_eq!(code(Command::new(temp.path().join("absent"))), "process::not-found");
    assert_eq!(code(Command::new(file("plain", "text", 0o644))), "process::not-executable");
    assert_eq!(code(Command::new(file("garbage", "\x7fELF?", 0o755))), "process::not-a-program");
    assert_eq!(code(Command::new(file("script", "#!/no/such/interpreter\n", 0o755))), "process::not-a-program");
    assert_eq!(code(sh("true").cwd(temp.path().join("absent"))), "process::no-folder");
}

#[test]
fn a_signal_is_an_error_with_its_name_and_last_words() {
    let error = sh("echo working; kill -SEGV $$").output().unwrap_err();
    assert_eq!(error.to_string(), "`sh` was killed by signal 11 (SIGSEGV)");
    assert_eq!(error.output().unwrap().words(), "working");
}

#[test]
fn out_of_time_the_whole_group_is_killed() {
    let begun = Instant::now();
    let limit = Duration::from_secs(2);
    let error = sh("echo $$; sleep 60 & echo $!; wait").timeout(limit).output().unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(error.to_string(), "`sh` did not end within 2 s and was killed");
    let written = error.output().unwrap().text();
    assert_eq!(written.lines().count(), 2);
    for pid in written.lines() {
        assert!(gone(pid), "{pid} still runs");
    }
}

#[test]
fn out_of_time_while_flooding_or_with_closed_pipes() {
    for script in ["yes", "exec >&- 2>&-; sleep 60"] {
        let begun = Instant::now();
        let ended = sh(script).timeout(Duration::from_millis(300)).output();
        assert!(matches!(ended, Err(Error::Timeout { .. })), "{script}");
        assert!(begun.elapsed() < Duration::from_secs(30), "{script}");
    }
}

#[test]
fn a_process_left_behind_does_not_hold_us() {
    let begun = Instant::now();
    let output = sh("sleep 60 & echo $!").output().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(30));
    let left = rustix::process::Pid::from_raw(output.text().trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(left, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn the_group_dies_when_a_callback_panics() {
    let pid = std::cell::RefCell::new(String::new());
    let run = std::panic::AssertUnwindSafe(|| {
        sh("echo $$; sleep 60").stream(&mut |_, line| {
            line.clone_into(&mut pid.borrow_mut());
            std::panic::resume_unwind(Box::new(()));
        })
    });
    assert!(std::panic::catch_unwind(run).is_err());
    assert!(gone(&pid.borrow()), "{pid:?} still runs");
}

/// This test is also the process that dies: told by `MOSAIC_TEST_DIES`, it starts a child and is killed.
#[test]
fn the_group_dies_when_we_are_killed() {
    if std::env::var_os("MOSAIC_TEST_DIES").is_some() {
        let own = std::process::id();
        let _ = sh("sleep 60 & echo $!; echo $$; wait").stream(&mut |_, child| println!("pids {own} {child}"));
        return;
    }
    let name = "process::tests::the_group_dies_when_we_are_killed";
    let mut children = Vec::new();
    let ended = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env("MOSAIC_TEST_DIES", "1")
        .timeout(Duration::from_secs(60))
        .stream(&mut |_, line| {
            let Some((own, child)) = line.strip_prefix("pids ").and_then(|pids| pids.split_once(' ')) else { return };
            children.push(child.to_owned());
            if children.len() == 2 {
                let own = rustix::process::Pid::from_raw(own.parse().unwrap()).unwrap();
                rustix::process::kill_process(own, rustix::process::Signal::KILL).unwrap();
            }
        });
    assert!(matches!(ended, Err(Error::Killed { .. })), "{ended:?}");
    assert_eq!(children.len(), 2);
    for pid in children {
        assert!(gone(&pid), "{pid} still runs");
    }
}

#[test]
fn display_can_be_pasted() {
    let odd = OsString::from_vec(b"caf\xe9".to_vec());
    let words = ["plain-1.0", "", "a b", "it's", "$HOME `x` \"q\" \\", "tab\there", "né", "--x=y;z"];
    let command = Command::new("printf").arg("%s|").args(words).arg(&odd).env("A", "1 2").env_remove("B").cwd("/");
    let line = command.to_string();
    assert!(line.starts_with("cd / && env -u B A='1 2' printf '%s|' plain-1.0 '' 'a b' 'it'\\''s'"), "{line}");
    let Some(bash) = find("bash") else { return };
    let pasted = Command::new(bash).args(["-c", &line]).output().unwrap();
    assert_eq!(pasted.stdout, command.output().unwrap().stdout);
    assert!(pasted.stdout.ends_with(b"--x=y;z|caf\xe9|"));
}

#[test]
fn finds_programs_as_a_shell_does() {
    assert!(find("sh").is_some_and(|path| path.is_absolute()));
    assert_eq!(find("no-such-program-here"), None);
    assert_eq!(find("/bin/sh"), Some("/bin/sh".into()));
    assert_eq!(find("/etc/passwd"), None);
}

/// Whether a process is gone (or dead and not yet waited for), within a second.
fn gone(pid: &str) -> bool {
    (0..100).any(|_| {
        let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let dead = state.is_empty() || state.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'));
        if !dead {
            std::thread::sleep(Duration::from_millis(10));
        }
        dead
    })
}
