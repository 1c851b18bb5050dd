//! A snapshot's data with fewer seams.
//!
//! Memory is kept as segments with the zeros between them left out. Each segment has a head of about eight bytes, so where
//! fewer zeros than that lie between two, one segment is shorter than two.

use wasm_encoder::{ConstExpr, DataSection, RawSection};
use wasmparser::{Data, DataKind, Operator, Parser, Payload};

/// Zeros that cost less than the head of one more segment.
const FEW: usize = 8;

/// Gives a core module with segments joined where that makes them shorter. `None`: its segments cannot be joined, because
/// its code names them or they are not all at fixed places of the one memory, in order.
///
/// # Errors
/// It is not well-formed.
pub fn joined(bytes: &[u8]) -> wasmparser::Result<Option<Vec<u8>>> {
    let mut out = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::DataCountSection { .. } => return Ok(None),
            Payload::DataSection(segments) => {
                let segments = segments.into_iter().collect::<Result<Vec<_>, _>>()?;
                match data(&segments)? {
                    Some(joined) => out.section(&joined),
                    None => return Ok(None),
                };
            }
            payload => {
                if let Some((id, data)) = section(&payload, bytes) {
                    out.section(&RawSection { id, data });
                }
            }
        }
    }
    Ok(Some(out.finish()))
}

fn data(segments: &[Data<'_>]) -> wasmparser::Result<Option<DataSection>> {
    let mut out = DataSection::new();
    let mut open: Option<(i32, Vec<u8>)> = None;
    for segment in segments {
        let DataKind::Active { memory_index: 0, offset_expr } = &segment.kind else { return Ok(None) };
        let Operator::I32Const { value: at } = offset_expr.get_operators_reader().read()? else { return Ok(None) };
        if let Some((start, bytes)) = &mut open {
            let end = usize::try_from(*start).unwrap_or_default() + bytes.len();
            let gap = usize::try_from(at).ok().and_then(|at| at.checked_sub(end));
            let Some(gap) = gap else { return Ok(None) };
            if gap < FEW {
                bytes.resize(bytes.len() + gap, 0);
                bytes.extend(segment.data);
                continue;
            }
            out.active(0, &ConstExpr::i32_const(*start), std::mem::take(bytes));
        }
        open = Some((at, segment.data.to_vec()));
    }
    if let Some((start, bytes)) = open {
        out.active(0, &ConstExpr::i32_const(start), bytes);
    }
    Ok(Some(out))
}

/// The section of a payload.
pub fn section<'a>(payload: &Payload<'_>, whole: &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (id, range) = payload.as_section()?;
    let (start, end) = (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
    Some((id, whole.get(start..end)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(module: &str) -> Option<String> {
        let after = joined(&wat::parse_str(module).unwrap()).unwrap()?;
        wasmparser::Validator::new().validate_all(&after).unwrap();
        Some(wasmprinter::print_bytes(after).unwrap())
    }

    #[test]
    fn near_segments_become_one() {
        let text = text(
            r#"(module (memory 1) (func)
                (data (i32.const 8) "ab") (data (i32.const 13) "c") (data (i32.const 22) "d"))"#,
        );
        let text = text.unwrap();
        assert!(text.contains(r#"(i32.const 8) "ab\00\00\00c")"#), "{text}");
        assert!(text.contains(r#"(i32.const 22) "d")"#), "{text}");
    }

    #[test]
    fn segments_that_code_names_stay() {
        let module = r#"(module (memory 1)
            (func (memory.init 1 (i32.const 0) (i32.const 0) (i32.const 1)))
            (data (i32.const 8) "ab") (data (i32.const 12) "c"))"#;
        assert_eq!(text(module), None);
        assert_eq!(text(r#"(module (memory 1) (data (i32.const 8) "ab") (data (i32.const 4) "c"))"#), None);
    }
}
