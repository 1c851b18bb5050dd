//! Numbers of bytes as people write them, in the manifest and on the command line.

/// `65536`, `64KiB` or `64k`: powers of 1,024.
pub fn parse(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start().to_ascii_lowercase();
    let power = ["", "k", "m", "g"].iter().position(|known| {
        unit.strip_prefix(known)
            .is_some_and(|rest| matches!(rest, "" | "b" | "ib") && (!known.is_empty() || rest != "ib"))
    });
    number.parse::<u64>().ok().zip(power).and_then(|(number, power)| number.checked_mul(1 << (10 * power as u32)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("0", 0), ("65536", 65536), ("64KiB", 65536), ("64k", 65536), ("2 MB", 2 << 20), ("1g", 1 << 30)]
        {
            assert_eq!(parse(text), Some(bytes), "{text}");
        }
        for text in ["", "KiB", "-1", "1.5k", "1kk", "1ib", "99999999999g"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
