//! A command-line program in Python over a Rust resource and a Go part.

use crate::support::{Project, Ran};

#[test]
fn a_report_of_a_text() {
    let project = Project::example("pipeline");
    let ran = Ran::of(project.mosaic(&["run"]), "the cat sat\non the mat\n\nThe end, it's über\n").ok();
    assert_eq!(
        ran.stdout,
        "4 lines, 10 words, 8 distinct, 3.10 letters each\n\
         longest line: 4 (18 characters): The end, it's über\n\
         \x20    3  the  (first at 1:1)\n\
         \x20    1  cat  (first at 1:5)\n\
         \x20    1  end  (first at 4:5)\n\
         \x20    1  it's  (first at 4:10)\n\
         \x20    1  mat  (first at 2:8)\n",
        "{ran}"
    );

    // The program's own words and exit code pass through.
    let ran = Ran::of(project.mosaic(&["run", "-q"]), "a\u{7}b");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran}");
    assert!(ran.stderr.contains("line 1 holds the control character U+0007"), "{ran}");
    let ran = Ran::of(project.mosaic(&["run", "-q"]), " \n");
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.stderr.contains("it holds no words"), "{ran}");
}
