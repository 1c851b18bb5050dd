//! One process from its start to its end.
//!
//! 1. Start it, at the head of a process group of its own, and have the group watched.
//! 2. A thread for each pipe hands on what comes; here it is captured and told, so that a callback needs no `Send`.
//! 3. It has ended when both pipes are closed and it is gone. If it is gone but a process it left behind still holds a
//!    pipe (a compile server, say), what comes within [`GRACE`] is taken, and no more is waited for.
//! 4. When its time is up, or if a callback panics, its group is killed.

use std::{
    io::{self, ErrorKind, Read},
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Child, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

use super::{
    Command, Error, Output, Stream,
    capture::Capture,
    watch::{self, Watched},
};

/// How often a silent process is looked at.
const TICK: Duration = Duration::from_millis(50);
/// How long the output of processes left behind is taken.
const GRACE: Duration = Duration::from_millis(250);

/// A chunk of a stream; empty: its end.
type Chunk = (Stream, Vec<u8>);

/// Runs `command` to its end; `on_bytes` is given everything it writes as it comes.
pub(super) fn run(command: &Command, on_bytes: &mut dyn FnMut(Stream, &[u8])) -> Result<Output, Error> {
    let mut running = start(command)?;
    let chunks = running.pump();
    let mut captures = [Capture::default(), Capture::default()];
    let end = running.follow(command.timeout, &chunks, &mut |stream, bytes| {
        captures[stream as usize].feed(bytes);
        on_bytes(stream, bytes);
    });
    let output = |status| {
        let [(stdout, out), (stderr, err)] = captures.map(Capture::finish);
        Box::new(Output { status, stdout, stderr, left_out: out + err })
    };
    let (line, program) = (|| command.to_string(), || command.name());
    match end {
        Ok(End::Exit(status)) if status.signal().is_some() => {
            Err(Error::Killed { command: line(), program: program(), output: output(status) })
        }
        Ok(End::Exit(status)) => Ok(*output(status)),
        Ok(End::Timeout(status, limit)) => {
            Err(Error::Timeout { command: line(), program: program(), limit, output: output(status) })
        }
        Err(source) => Err(Error::Start { command: line(), program: program(), source }),
    }
}

/// A process that is killed, with its group, unless it was followed to its end.
struct Running {
    child: Child,
    ended: bool,
    _watched: Watched,
}

enum End {
    Exit(ExitStatus),
    Timeout(ExitStatus, Duration),
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn start(command: &Command) -> Result<Running, Error> {
    let mut process = std::process::Command::new(&command.program);
    process.args(&command.args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    if let Some(cwd) = &command.cwd {
        process.current_dir(cwd);
    }
    for (name, value) in &command.env {
        match value {
            Some(value) => process.env(name, value),
            None => process.env_remove(name),
        };
    }
    let child = process.spawn().map_err(|source| not_started(command, source))?;
    let watched = watch::watch(child.id());
    Ok(Running { child, ended: false, _watched: watched })
}

/// The system has one error for a missing folder, a missing program and a missing interpreter of a script: tell which.
fn not_started(command: &Command, source: io::Error) -> Error {
    let (line, program) = (command.to_string(), command.program.to_string_lossy().into_owned());
    if let Some(folder) = command.cwd.as_ref().filter(|folder| !folder.is_dir()) {
        return Error::NoFolder { command: line, program, folder: folder.clone() };
    }
    let exec_format = rustix::io::Errno::NOEXEC.raw_os_error();
    match source.kind() {
        ErrorKind::NotFound if super::find(&command.program).is_some() => Error::NotProgram { command: line, program },
        ErrorKind::NotFound => Error::NotFound { command: line, program },
        ErrorKind::PermissionDenied => Error::NotExecutable { command: line, program },
        _ if source.raw_os_error() == Some(exec_format) => Error::NotProgram { command: line, program },
        _ => Error::Start { command: line, program, source },
    }
}

impl Running {
    fn pump(&mut self) -> Receiver<Chunk> {
        // A short queue: a reader that cannot keep up slows the process down instead of filling memory.
        let (send, chunks) = sync_channel(16);
        if let Some(pipe) = self.child.stdout.take() {
            pump(pipe, Stream::Stdout, send.clone());
        }
        if let Some(pipe) = self.child.stderr.take() {
            pump(pipe, Stream::Stderr, send);
        }
        chunks
    }

    fn follow(
        &mut self,
        limit: Option<Duration>,
        chunks: &Receiver<Chunk>,
        on_bytes: &mut dyn FnMut(Stream, &[u8]),
    ) -> io::Result<End> {
        let begun = Instant::now();
        let left = || limit.map_or(TICK, |limit| limit.saturating_sub(begun.elapsed()).min(TICK));
        let mut open = 2;
        let mut gone: Option<Instant> = None;
        while open > 0 && gone.is_none_or(|gone| gone.elapsed() < GRACE) {
            if let Some(limit) = limit.filter(|limit| begun.elapsed() >= *limit) {
                return self.kill().map(|status| End::Timeout(status, limit));
            }
            match chunks.recv_timeout(left()) {
                Ok((_, chunk)) if chunk.is_empty() => open -= 1,
                Ok((stream, chunk)) => on_bytes(stream, &chunk),
                Err(RecvTimeoutError::Timeout) if gone.is_none() => {
                    gone = self.child.try_wait()?.map(|_| Instant::now())
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        // Both pipes are closed: as a rule it is gone in the same moment, but a process may close them and work on.
        while let Some(limit) = limit
            && self.child.try_wait()?.is_none()
        {
            if begun.elapsed() >= limit {
                return self.kill().map(|status| End::Timeout(status, limit));
            }
            thread::sleep(left().min(Duration::from_millis(1)));
        }
        let status = self.child.wait()?;
        self.ended = true;
        Ok(End::Exit(status))
    }

    /// Kills the whole group.
    fn kill(&mut self) -> io::Result<ExitStatus> {
        self.ended = true;
        // The group may be gone already, which is what we want.
        let _ = i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .map(|group| kill_process_group(group, Signal::KILL));
        self.child.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            let _ = self.kill();
        }
    }
}

fn pump(mut pipe: impl Read + Send + 'static, stream: Stream, send: SyncSender<Chunk>) {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let chunk = match pipe.read(&mut buffer) {
                Ok(read) => buffer[..read].to_vec(),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => Vec::new(),
            };
            let last = chunk.is_empty();
            // The other side is gone when it no longer waits for processes left behind.
            if send.send((stream, chunk)).is_err() || last {
                return;
            }
        }
    });
}
