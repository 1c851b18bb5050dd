//! Process groups die with us, however we die.
//!
//! A child that leads its own group does not get the terminal's Ctrl-C, and no handler of ours runs at `kill -9`. So one
//! shell, started with the first process and in a group of its own, is told each group that begins (`+ PGID`) and ends
//! (`- PGID`) over a pipe that nobody else holds. When we die the kernel closes the pipe, and it kills what is left.
//! (The kernel's own parent-death signal reaches the child, but not the compilers that a child such as cargo started.)

use std::{
    io::Write,
    os::unix::process::CommandExt,
    process::{ChildStdin, Command, Stdio},
    sync::{Mutex, OnceLock, PoisonError},
};

const SCRIPT: &str = r#"
trap '' HUP INT QUIT TERM
groups=
while read -r sign group; do
    case $sign in
        +) groups="$groups $group " ;;
        -) groups="${groups%% $group *}${groups#* $group }" ;;
    esac
done
for group in $groups; do kill -s KILL -- "-$group"; done
"#;

/// A group that is killed if we die before this is dropped.
#[derive(Debug)]
pub(super) struct Watched(u32);

/// Has the group that process `leader` leads watched.
pub(super) fn watch(leader: u32) -> Watched {
    tell('+', leader);
    Watched(leader)
}

impl Drop for Watched {
    fn drop(&mut self) {
        tell('-', self.0);
    }
}

fn tell(sign: char, group: u32) {
    static WATCHER: OnceLock<Option<Mutex<ChildStdin>>> = OnceLock::new();
    if let Some(pipe) = WATCHER.get_or_init(|| start().map(Mutex::new)) {
        let mut pipe = pipe.lock().unwrap_or_else(PoisonError::into_inner);
        // A watcher that is gone (someone killed it) costs what it was there for, and nothing else.
        let _ = pipe.write_all(format!("{sign} {group}\n").as_bytes());
    }
}

/// `None` where there is no `sh`: then only the groups we kill ourselves die.
#[expect(clippy::disallowed_methods, reason = "it watches over what goes through the door")]
fn start() -> Option<ChildStdin> {
    let mut shell = Command::new("sh");
    shell.args(["-c", SCRIPT]).current_dir("/").process_group(0);
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.spawn().ok()?.stdin
}
