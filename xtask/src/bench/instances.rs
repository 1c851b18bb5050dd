//! Instances by themselves, without a server: to make, call and drop one, beside the engine's own configuration.
//!
//! Both sides are the same program and the same host functions, so what differs is the configuration. Times are those
//! of the machine's wall.

use std::{collections::HashMap, path::Path, process::Command};

use super::{
    guests::Maker,
    serve::{SETTLED, Servers},
};
use crate::{Outcome, peers};

/// What `cargo mosaic measure` told: nanoseconds, bytes, counts.
pub(super) struct Told(HashMap<String, f64>);

impl Told {
    /// Measures a component. `configuration`: `run`, `density` or `default`.
    pub fn of(mosaic: &Path, app: &Path, configuration: &str, args: &[&str]) -> Result<Told, String> {
        let mut command = Command::new(mosaic);
        command.args(["mosaic", "-q", "measure", "--configuration", configuration]).args(args).arg(app);
        let output = command.output().map_err(|e| format!("could not start {command:?}: {e}"))?;
        if !output.status.success() {
            return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim()));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        Ok(Told(lines.filter_map(|(key, value)| Some((key.to_owned(), value.parse().ok()?))).collect()))
    }

    pub fn get(&self, key: &str) -> Result<f64, String> {
        self.0.get(key).copied().ok_or_else(|| format!("nothing was told of `{key}`"))
    }

    fn micros(&self, key: &str) -> Result<f64, String> {
        Ok(self.get(key)? / 1e3)
    }
}

pub(super) fn run(mosaic: &Path) -> Outcome {
    let servers = Servers::new("instances", mosaic)?;
    let bin = peers::folder()?;
    let maker = Maker { wasm_tools: &bin.join("wasm-tools"), mosaic: &servers.mosaic, folder: &servers.folder };
    let measure = |app: &Path, configuration, args: &[&str]| Told::of(&servers.mosaic, app, configuration, args);
    const CONFIGURATIONS: [&str; 3] = ["default", "run", "density"];

    let four = maker.parts(4)?;
    println!("\nFour small parts: µs to instantiate, call once and drop; goal: p50 ≤ 25, p99 ≤ 60.\n");
    println!("| configuration | instantiate | call | drop | together, p50 | p99 |");
    println!("|---|---|---|---|---|---|");
    for configuration in CONFIGURATIONS {
        let told = measure(&four, configuration, &["--call", "go", "--make", "5000"])?;
        let figures = ["made", "called", "dropped", "life", "life-p99"].map(|key| told.micros(key));
        let [made, called, dropped, life, rare] = figures;
        println!("| {configuration} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} |", made?, called?, dropped?, life?, rare?);
    }

    println!("\nA call from the host, ns; goal: half of the default's.\n");
    println!("| configuration | ns |");
    println!("|---|---|");
    let one = maker.parts(1)?;
    for configuration in CONFIGURATIONS {
        let told = measure(&one, configuration, &["--call", "go", "--calls", "200000"])?;
        println!("| {configuration} | {:.0} |", told.get("calls")? / 200_000.0);
    }

    let storefronts =
        [("storefront", maker.storefront()?), ("storefront without `snapshot = true`", maker.storefront_starting()?)];
    let matrix = maker.matrix()?;
    println!("\nInstances of guests: ms to load the native code, bind it and make the first instance (goal for the");
    println!("storefront: 5 together); µs to make one (goal for the storefront: 500) and to drop it.\n");
    println!("| guest | configuration | load | bind | first | instantiate, p50 | p99 | drop, p50 |");
    println!("|---|---|---|---|---|---|---|---|");
    let languages = ["rust", "javascript", "go", "python"];
    let guests = languages.map(|language| (language, matrix.join(format!("provider-{language}.wasm"))));
    for (what, app) in guests.into_iter().chain(storefronts) {
        // Density is for parts that do not grow.
        for configuration in ["default", "run"] {
            // Native code that has just been made is digested again before it is trusted.
            if configuration == "run" {
                measure(&app, configuration, &["--make", "1"])?;
                std::thread::sleep(SETTLED);
            }
            let told = measure(&app, configuration, &["--make", "300"])?;
            let [loaded, bound, first] =
                ["loaded", "bound", "first"].map(|key| Ok::<_, String>(told.micros(key)? / 1e3));
            let [made, rare, dropped] = ["made", "made-p99", "dropped"].map(|key| told.micros(key));
            println!(
                "| {what} | {configuration} | {:.2} | {:.2} | {:.2} | {:.0} | {:.0} | {:.0} |",
                loaded?, bound?, first?, made?, rare?, dropped?
            );
        }
    }
    let _ = std::fs::remove_dir_all(&servers.folder);
    Ok(())
}
