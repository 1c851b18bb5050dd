//! What a process writes, kept within bounds: the head and the tail of it, and how much lay between.

use std::collections::VecDeque;

use super::Stream;

/// Bytes kept from the beginning of each stream. Whole outputs of well-behaved tools fit (cargo's messages for a large
/// workspace are some megabytes).
pub const HEAD: usize = 16 << 20;
/// Bytes kept from the end of each stream, where a tool says why it failed.
pub const TAIL: usize = 1 << 20;
/// The longest line told in one piece.
pub const LINE: usize = 16 << 20;

/// The head and tail of one stream.
#[derive(Debug, Default)]
pub(super) struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
}

impl Capture {
    pub fn feed(&mut self, bytes: &[u8]) {
        let (head, rest) = bytes.split_at(bytes.len().min(HEAD - self.head.len()));
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        let excess = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..excess);
        self.left_out += excess as u64;
    }

    /// The bytes kept, with a line between head and tail if some were not, and the number of those.
    pub fn finish(self) -> (Vec<u8>, u64) {
        let mut bytes = self.head;
        if self.left_out > 0 {
            bytes.extend_from_slice(format!("\n[… {} bytes left out …]\n", self.left_out).as_bytes());
        }
        bytes.extend(self.tail);
        (bytes, self.left_out)
    }
}

/// Cuts both streams into lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    unfinished: [Vec<u8>; 2],
}

impl Lines {
    pub fn feed(&mut self, stream: Stream, bytes: &[u8], on_line: &mut dyn FnMut(Stream, &str)) {
        let unfinished = &mut self.unfinished[stream as usize];
        for piece in bytes.split_inclusive(|&b| b == b'\n') {
            unfinished.extend_from_slice(piece);
            if piece.ends_with(b"\n") || unfinished.len() >= LINE {
                tell(stream, unfinished, on_line);
                unfinished.clear();
            }
        }
    }

    /// Tells the last lines, if they have no end.
    pub fn flush(&mut self, on_line: &mut dyn FnMut(Stream, &str)) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let unfinished = std::mem::take(&mut self.unfinished[stream as usize]);
            if !unfinished.is_empty() {
                tell(stream, &unfinished, on_line);
            }
        }
    }
}

fn tell(stream: Stream, line: &[u8], on_line: &mut dyn FnMut(Stream, &str)) {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    on_line(stream, &String::from_utf8_lossy(line));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_all_of_a_little_and_both_ends_of_much() {
        let mut little = Capture::default();
        little.feed(b"one\n");
        little.feed(b"two\n");
        assert_eq!(little.finish(), (b"one\ntwo\n".to_vec(), 0));

        let mut much = Capture::default();
        much.feed(b"first");
        for _ in 0..(HEAD + 3 * TAIL) / 1024 {
            much.feed(&[b'.'; 1024]);
        }
        much.feed(b"last");
        let (bytes, left_out) = much.finish();
        assert_eq!(left_out, (5 + 3 * TAIL + 4 - TAIL) as u64);
        assert!(bytes.starts_with(b"first") && bytes.ends_with(b"last"));
        let said = format!("{left_out} bytes left out");
        assert!(bytes.windows(said.len()).any(|w| w == said.as_bytes()));
    }

    #[test]
    fn lines_are_cut_across_chunks_and_streams() {
        let mut told = Vec::new();
        let mut on_line = |stream, line: &str| told.push((stream, line.to_owned()));
        let mut lines = Lines::default();
        lines.feed(Stream::Stdout, b"a\r\nb", &mut on_line);
        lines.feed(Stream::Stderr, b"!\n\n?", &mut on_line);
        lines.feed(Stream::Stdout, b"c\xff\n", &mut on_line);
        lines.flush(&mut on_line);
        let expected = [
            (Stream::Stdout, "a"),
            (Stream::Stderr, "!"),
            (Stream::Stderr, ""),
            (Stream::Stdout, "bc\u{fffd}"),
            (Stream::Stderr, "?"),
        ];
        assert_eq!(told, expected.map(|(stream, line)| (stream, line.to_owned())));
    }
}
