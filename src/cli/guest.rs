//! Which component a command runs or calls, what it may touch, and how much it may take.

use std::path::PathBuf;

use mosaic::{
    cache::Home,
    runtime::{Limits, RunOptions},
};

use super::{
    Failure,
    app::Guest,
    grants::GrantArgs,
    limits::LimitArgs,
    logs::LogArgs,
    options::{BuildArgs, LockArgs, ProjectArgs},
    reporter::Reporter,
    stores::StoreArgs,
};

/// The component in a file, else the project's app.
#[derive(Debug, clap::Args)]
pub struct GuestArgs {
    #[command(flatten)]
    grants: GrantArgs,
    #[command(flatten)]
    stores: StoreArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    pub logs: LogArgs,
    #[command(flatten)]
    build: BuildArgs,
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    lock: LockArgs,
}

impl GuestArgs {
    /// The component, built where it has to be, and how to run it: without arguments, the terminal its own.
    pub fn open(&self, file: Option<PathBuf>, reporter: &Reporter) -> Result<(Guest, RunOptions), Failure> {
        let guest = match file {
            Some(file) => Guest::of_file(file, &self.grants, &self.stores)?,
            None => {
                let given = (&self.grants, &self.stores);
                Guest::of_project(&self.project, &self.lock, &self.build, given, reporter)?
            }
        };
        let options = RunOptions {
            grants: guest.grants.clone(),
            limits: self.limits.over(Limits::run()),
            stores: guest.stores.clone(),
            ..RunOptions::new(Home::from_env())
        };
        reporter.step_aside();
        Ok((guest, options))
    }
}
