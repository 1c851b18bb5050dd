//! The one place of `build` that drives an engine: Python, JavaScript and, where it is asked for, Go run the user's code
//! once and keep its memory in the component.
//!
//! The builder crates are futures that must not run inside another asynchronous runtime and may panic on what they did
//! not foresee, so each runs on a thread of its own, and a panic comes back as a [`Failure`].

#[cfg(feature = "javascript")]
pub mod quickjs;
pub mod reactor;

use std::any::Any;

/// Why a builder gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{0:#}")]
    Failed(anyhow::Error),
    #[error("the builder panicked: {0}")]
    Panicked(String),
}

impl Failure {
    /// What happened, outermost first.
    pub fn causes(&self) -> Vec<String> {
        match self {
            Failure::Failed(error) => causes(error),
            Failure::Panicked(_) => vec![self.to_string()],
        }
    }
}

/// What an error says, outermost first.
pub fn causes(error: &anyhow::Error) -> Vec<String> {
    error.chain().map(ToString::to_string).filter(|cause| !cause.is_empty()).collect()
}

/// Runs a builder to its end on a thread of its own.
pub fn run<T: Send>(build: impl AsyncFnOnce() -> anyhow::Result<T> + Send) -> Result<T, Failure> {
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(build())
    };
    let outcome = std::thread::scope(|scope| scope.spawn(work).join());
    outcome.map_err(|panic| Failure::Panicked(message(panic.as_ref())))?.map_err(Failure::Failed)
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    text.unwrap_or("without a message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_and_panics_come_back_as_values() {
        assert_eq!(run(async || Ok(3)).unwrap(), 3);
        let failed = run::<()>(async || Err(anyhow::anyhow!("inner").context("outer"))).unwrap_err();
        assert_eq!(failed.causes(), ["outer", "inner"]);
        let panicked = run::<()>(async || panic!("no {}", "way")).unwrap_err();
        assert_eq!(panicked.causes(), ["the builder panicked: no way"]);
    }
}
