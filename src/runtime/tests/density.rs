//! The `density` configuration: memories of one mapping each, in which guests see what they always saw.

use super::{
    guests::http_guest,
    server::{Running, options},
};
use crate::runtime::Tuning;

#[test]
fn a_memory_grows_within_its_room_and_is_fresh_for_every_request() {
    // 17 pages grow by 14 and no more, and what the last request wrote beyond them is gone.
    let body = "
      (if (i32.ne (memory.size) (i32.const 17)) (then (unreachable)))
      (if (i32.ne (memory.grow (i32.const 15)) (i32.const -1)) (then (unreachable)))
      (if (i32.ne (memory.grow (i32.const 14)) (i32.const 17)) (then (unreachable)))
      (if (i32.ne (memory.size) (i32.const 31)) (then (unreachable)))
      (if (i32.load (i32.const 2000000)) (then (unreachable)))
      (i32.store (i32.const 2000000) (i32.const 7))";
    let server = Running::start_for(Tuning::Density { room: None }, http_guest("", body), options());
    for _ in 0..3 {
        assert_eq!(server.get("/"), (200, "hello".to_owned()));
    }
    assert_eq!(server.stop(), Vec::<String>::new());

    // There is room, but the memory ends before it; and after it has grown, later.
    for (grow, at, status) in [(0, 17 << 16, 500), (0, (17 << 16) - 4, 200), (2, 18 << 16, 200), (2, 19 << 16, 500)] {
        let body = format!("(drop (memory.grow (i32.const {grow}))) (i32.store (i32.const {at}) (i32.const 7))");
        let server = Running::start_for(Tuning::Density { room: Some(4 << 20) }, http_guest("", &body), options());
        assert_eq!(server.get("/").0, status, "{grow} {at}");
        let told = server.stop();
        assert_eq!(
            told.iter().any(|line| line.contains("outside of its memory") || line.contains("out of bounds")),
            status == 500,
            "{told:?}"
        );
    }

    let beyond = http_guest("", "(drop (i32.load (i32.const 0x7fffffff)))");
    let server = Running::start_for(Tuning::Density { room: Some(4 << 20) }, beyond, options());
    assert_eq!(server.get("/").0, 500);
    let told = server.stop();
    assert!(told[0].contains("outside of its memory") || told[0].contains("out of bounds"), "{told:?}");
}
