//! Bars at the foot of a terminal: one line for each unit of work and each download under way.
//!
//! Bars are drawn on a terminal only; everything else is printed while they stand aside.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Paint, clean, human::ASIDE};

pub struct Progress {
    all: MultiProgress,
    bars: Mutex<BTreeMap<String, ProgressBar>>,
    paint: Paint,
}

impl Progress {
    /// Draws on stderr.
    pub fn new(paint: Paint) -> Progress {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        Progress { all, bars: Mutex::new(BTreeMap::new()), paint }
    }

    pub fn started(&self, verb: &str, what: &str) {
        let style = ProgressStyle::with_template("{prefix} {msg} {elapsed}").expect("the template is well-formed");
        self.add(verb, what, ProgressBar::new_spinner().with_style(style));
    }

    pub fn finished(&self, what: &str) {
        if let Some(bar) = self.bars().remove(what) {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
    }

    /// Shows how far a download is; gives whether it is new.
    pub fn download(&self, what: &str, received: u64, total: Option<u64>) -> bool {
        let known = self.bars().get(what).cloned();
        let is_new = known.is_none();
        let bar = known.unwrap_or_else(|| {
            let template = "{prefix} {msg} [{bar:24}] {bytes}/{total_bytes} {bytes_per_sec}";
            let style =
                ProgressStyle::with_template(template).expect("the template is well-formed").progress_chars("=> ");
            self.add("Downloading", what, ProgressBar::new(total.unwrap_or(0)).with_style(style))
        });
        bar.set_length(total.unwrap_or(received));
        bar.set_position(received);
        if Some(received) == total {
            self.finished(what);
        }
        is_new
    }

    /// Runs `print` while the bars are out of the way.
    pub fn aside(&self, print: impl FnOnce()) {
        self.all.suspend(print);
    }

    /// Takes all bars down.
    pub fn clear(&self) {
        for (_, bar) in std::mem::take(&mut *self.bars()) {
            bar.finish_and_clear();
        }
        // Nothing is drawn any more, so that a terminal whose lines could not be cleared loses only the bars.
        let _ = self.all.clear();
    }

    fn add(&self, verb: &str, what: &str, bar: ProgressBar) -> ProgressBar {
        let bar = self.all.add(bar);
        let verb = format!("{verb:>ASIDE$}");
        bar.set_prefix(self.paint.wrap(anstyle::AnsiColor::Cyan.on_default().bold(), &verb));
        bar.set_message(clean::line(what).into_owned());
        bar.enable_steady_tick(Duration::from_millis(125));
        self.bars().insert(what.to_owned(), bar.clone());
        bar
    }

    fn bars(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, ProgressBar>> {
        self.bars.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
