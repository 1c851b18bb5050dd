//! Every command as a user types it. A case is a file below `tests/cli/`: what is typed, what is printed, the exit code;
//! a folder of the same name ending in `.in` is the working folder. `BLESS=1` rewrites the expected parts.

#[test]
fn cases() {
    if std::env::var_os("BLESS").is_some() {
        // SAFETY: this is the only test of this binary, and no other thread runs yet.
        unsafe { std::env::set_var("TRYCMD", "overwrite") };
    }
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .register_bin("cargo-mosaic", std::path::Path::new(env!("CARGO_BIN_EXE_cargo-mosaic")))
        .case("tests/cli/*.md")
        .case("tests/cli/*.toml");
}
