//! What the host keeps for a guest: [`Host`] for as long as the artifact is served, [`Guest`] for one run or request.

use std::{
    path::PathBuf,
    sync::{
        Arc, LazyLock, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::sync::mpsc;
use wasmtime::{
    Engine, Store, UpdateDeadline,
    component::{Component, ResourceTable},
};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::{
    coredump::Dumps,
    denials::{Denial, Denials},
    error::Error,
    grants::{Access, Grants},
    host::{self, blobs::Blobs, buckets::Buckets, http::Outgoing, messaging::Carrier, stdio::Speech},
    limits::{Limits, Meter, Shared},
    metrics::Metrics,
    profile::{self, Profile},
    stores::Stores,
    tell::{self, Teller, Told},
    trap::{OutOfTime, caller},
};

/// How often a running guest looks up whether its time is over, and lets others run.
const TICK: Duration = Duration::from_millis(10);

/// Nanoseconds, as [`now`] counts, at which guests were last told that time goes on.
static TICKED: AtomicU64 = AtomicU64::new(0);

/// Nanoseconds since this process first asked.
fn now() -> u64 {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(BEGAN.elapsed().as_nanos()).unwrap_or(u64::MAX - 1)
}

/// Who wants to know what guests do.
#[derive(Default, Clone)]
pub(super) struct Watch {
    pub metrics: Option<Arc<Metrics>>,
    pub profile: Option<Arc<Profile>>,
    pub dumps: Option<Arc<Dumps>>,
}

/// Shared by all instances of one artifact.
pub(super) struct Host {
    pub grants: Grants,
    pub limits: Limits,
    pub teller: Teller,
    pub denials: Denials,
    /// `None` where no bucket is granted or none is imported.
    pub buckets: Option<Arc<Buckets>>,
    /// The same of containers.
    pub blobs: Option<Arc<Blobs>>,
    /// Who carries messages, once there is somebody.
    pub messages: OnceLock<Carrier>,
    pub watch: Watch,
    /// Of all guests.
    memory: Arc<Shared>,
    /// What is granted behind the labels of the component, in its order.
    apart: Vec<Grants>,
}

/// Whose grants count behind an import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Behind {
    /// Those of all parts.
    #[default]
    All,
    /// Those of the parts behind a label, by its place among the component's ([`host::apart::labels`]).
    Label(usize),
}

impl Host {
    /// Opens what is granted and imported. What guests have to tell comes out of the receiver.
    pub fn open(
        component: &Component,
        grants: &Grants,
        limits: Limits,
        stores: &Stores,
        watch: Watch,
    ) -> Result<(Arc<Host>, mpsc::Receiver<Told>), Error> {
        let buckets = host::keyvalue::open(component, grants, stores)?;
        let blobs = host::blobstore::open(component, grants, stores)?;
        let messages = host::messaging::open(component, grants, stores)?.map_or_else(OnceLock::new, OnceLock::from);
        let apart = host::apart::granted(component, grants)?;
        let (teller, told) = tell::channel();
        let grants = grants.clone();
        let host = Arc::new(Host {
            grants,
            limits,
            teller,
            denials: Denials::default(),
            buckets,
            blobs,
            messages,
            watch,
            memory: Arc::default(),
            apart,
        });
        // A missing folder is told now rather than when somebody asks for it.
        for label in 0..host.apart.len() {
            host.reach(Behind::Label(label), WasiCtxBuilder::new())?;
        }
        Ok((host, told))
    }

    /// What is granted behind an import.
    pub fn granted(&self, behind: Behind) -> &Grants {
        match behind {
            Behind::All => &self.grants,
            Behind::Label(label) => &self.apart[label],
        }
    }

    /// A context of WASI that reaches what is granted behind an import.
    fn reach(self: &Arc<Host>, behind: Behind, mut wasi: WasiCtxBuilder) -> Result<WasiCtx, Error> {
        let grants = self.granted(behind);
        for (name, value) in &grants.env {
            wasi.env(name, value);
        }
        for dir in &grants.dirs {
            let perms = match dir.access {
                Access::ReadOnly => FsPerms::ReadOnly,
                Access::ReadWrite => FsPerms::ReadWrite,
            };
            wasi.preopened_dir(&dir.host, &dir.guest, perms)
                .map_err(|source| Error::Dir { path: dir.host.clone(), source })?;
        }
        host::sockets::grant(&mut wasi, self, behind);
        Ok(wasi.build())
    }

    /// The core dump of a guest that ended so, where one is wanted.
    pub fn dump(&self, error: &wasmtime::Error, store: &mut Store<Guest>) -> Option<PathBuf> {
        self.watch.dumps.as_ref()?.write(error, store)
    }

    pub fn refuse(&self, denial: Denial) {
        if let Some(metrics) = &self.watch.metrics {
            metrics.denied(denial.part.as_deref(), denial.interface);
        }
        self.denials.refuse(denial, &self.teller);
    }
}

/// The data of one store.
pub(super) struct Guest {
    pub host: Arc<Host>,
    pub wasi: WasiCtx,
    pub table: ResourceTable,
    pub speech: Speech,
    pub outgoing: Outgoing,
    pub clock: Arc<Clock>,
    pub meter: Meter,
    http: WasiHttpCtx,
    /// Once it is more than data.
    live: Option<Live>,
}

/// Counted among the instances that live.
struct Live(Arc<Metrics>);

impl Live {
    fn new(metrics: Arc<Metrics>) -> Live {
        metrics.made();
        Live(metrics)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.dropped();
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// A guest as it is seen behind an import: its own resources, and what is granted there.
pub(super) struct Reached<'g> {
    ctx: &'g mut WasiCtx,
    table: &'g mut ResourceTable,
}

impl<'g> Reached<'g> {
    /// `own`: a place for what is made for a label.
    pub fn new(guest: &'g mut Guest, behind: Behind, own: &'g mut Option<WasiCtx>) -> Result<Reached<'g>, Error> {
        let ctx = match behind {
            Behind::All => &mut guest.wasi,
            Behind::Label(_) => own.insert(guest.host.reach(behind, WasiCtxBuilder::new())?),
        };
        Ok(Reached { ctx, table: &mut guest.table })
    }
}

impl WasiView for Reached<'_> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: self.ctx, table: self.table }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.outgoing }
    }
}

impl Guest {
    /// A guest that sees what is granted and nothing else. `wasi` may come with arguments and standard streams.
    pub fn new(host: &Arc<Host>, wasi: WasiCtxBuilder) -> Result<Guest, Error> {
        let mut table = ResourceTable::new();
        table.set_max_capacity(host.limits.resources);
        Ok(Guest {
            wasi: host.reach(Behind::All, wasi)?,
            table,
            speech: Speech::new(host.teller.clone()),
            outgoing: Outgoing::new(host.clone()),
            clock: Arc::new(Clock::new(host.watch.metrics.clone())),
            meter: Meter::new(host.limits, host.memory.clone()),
            http: WasiHttpCtx::new(),
            live: None,
            host: host.clone(),
        })
    }

    /// A store whose guest yields every [`TICK`] and is stopped when its time or memory is used up.
    pub fn into_store(mut self, engine: &Engine) -> Store<Guest> {
        let cpu = self.host.limits.cpu;
        let clock = self.clock.clone();
        let watch = self.host.watch.clone();
        self.live = watch.metrics.clone().map(Live::new);
        let mut store = Store::new(engine, self);
        store.limiter(|guest| &mut guest.meter);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |store| {
            if let Some(profile) = &watch.profile {
                profile.look(&store);
            }
            if let Some(metrics) = &watch.metrics
                && clock.ran_at(TICKED.load(Ordering::Relaxed))
            {
                metrics.ran(caller(&store).as_deref(), TICK);
            }
            match cpu {
                Some(limit) if clock.used() >= limit => Err(OutOfTime.into()),
                _ => Ok(UpdateDeadline::Yield(1)),
            }
        });
        store
    }
}

/// Lets the guests of `engine` notice that time goes on, for as long as the engine lives; more often where they are
/// looked at.
pub(super) fn tick(engine: &Engine, profile: Option<&Profile>) {
    let interval = if profile.is_some() { profile::INTERVAL } else { TICK };
    let engine = engine.weak();
    std::thread::spawn(move || {
        while let Some(engine) = engine.upgrade() {
            TICKED.store(now(), Ordering::Relaxed);
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(interval);
        }
    });
}

/// Measures the time a guest itself runs: that of its polls, not what it waits between them.
#[derive(Debug)]
pub(super) struct Clock {
    /// Nanoseconds of finished polls.
    used: AtomicU64,
    /// Nanoseconds, as [`now`] counts, at which the current poll began; `u64::MAX` between two.
    since: AtomicU64,
    metrics: Option<Arc<Metrics>>,
}

impl Clock {
    fn new(metrics: Option<Arc<Metrics>>) -> Clock {
        Clock { used: AtomicU64::new(0), since: AtomicU64::new(u64::MAX), metrics }
    }

    /// Whether it was already running then.
    fn ran_at(&self, moment: u64) -> bool {
        self.since.load(Ordering::Relaxed) <= moment
    }

    /// Begins anew.
    pub fn reset(&self) {
        self.used.store(0, Ordering::Relaxed);
    }

    /// Time used so far, the poll under way included.
    pub fn used(&self) -> Duration {
        let since = self.since.load(Ordering::Relaxed);
        let current = if since == u64::MAX { 0 } else { now().saturating_sub(since) };
        Duration::from_nanos(self.used.load(Ordering::Relaxed) + current)
    }

    /// The same future, its polls measured.
    pub async fn measure<F: Future>(&self, future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(|cx| self.poll(future.as_mut(), cx)).await
    }

    /// Does what a guest waits for in the middle of a poll: that is no time of its own.
    pub fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        let start = now();
        let done = work();
        // As if the poll had begun so much later.
        if self.since.load(Ordering::Relaxed) != u64::MAX {
            self.since.fetch_add(now().saturating_sub(start), Ordering::Relaxed);
        }
        done
    }

    fn poll<F: Future>(&self, future: std::pin::Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.since.store(now(), Ordering::Relaxed);
        let poll = future.poll(cx);
        let ran = now().saturating_sub(self.since.swap(u64::MAX, Ordering::Relaxed));
        self.used.fetch_add(ran, Ordering::Relaxed);
        if let Some(metrics) = &self.metrics {
            metrics.cpu.fetch_add(ran, Ordering::Relaxed);
        }
        poll
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_guest_waits_for_is_no_time_of_its_own() {
        let clock = Clock::new(None);
        let long = Duration::from_millis(100);
        clock
            .measure(async {
                clock.aside(|| std::thread::sleep(long));
                assert!(clock.used() < long, "{:?}", clock.used());
                tokio::time::sleep(long).await;
            })
            .await;
        assert!(clock.used() < long, "{:?}", clock.used());
        clock.measure(async { std::thread::sleep(long) }).await;
        assert!(clock.used() >= long, "{:?}", clock.used());
    }
}
