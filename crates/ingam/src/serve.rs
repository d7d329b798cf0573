//! Putting the program together and running it: store, connectors, workers, sequencer, HTTP.

use crate::app::{App, Parts};
use crate::config::Config;
use crate::eyes::ReaderThreads;
use crate::fault::Fault;
use crate::given::{MachineClock, SystemEntropy};
use crate::outside::Outside;
use crate::unconnected::NotConnected;
use crate::{api, console, page, sequencer, work};
use axum::Router;
use ingam_connectors::{
    Asked, Bank, KoroadLicences, Observer, OpenBanking, OpenBankingConfig, Vendor, VendorConfig,
};
use ingam_ledger::{FileTopKey, Ledger, Swept};
use ingam_vision::{Limits, Reader, Tesseract};
use metrics_exporter_prometheus::PrometheusHandle;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;

#[cfg(feature = "sandbox")]
use crate::studio::Simulated;
/// Without the sandbox nobody is simulated.
#[cfg(not(feature = "sandbox"))]
enum Simulated {}

/// What to serve.
pub struct Serve {
    /// Settings.
    pub config: Config,
    /// With the simulated institutions and a demo institution.
    pub sandbox: bool,
    /// Also over TLS on the local network; only with the sandbox.
    pub lan: bool,
}

/// A program that runs.
pub struct Running {
    /// The program.
    pub app: Arc<App>,
    /// Where it is reached.
    pub base_url: String,
    /// Where it is reached without the local network's TLS: by the demo institution's program, on this machine.
    pub home_url: String,
    /// What to tell who wants to reach it with a phone.
    pub lan: Option<String>,
    /// Where it listens.
    pub listen: SocketAddr,
    stop: watch::Sender<bool>,
    parts: Vec<tokio::task::JoinHandle<()>>,
}

impl Running {
    /// Stops taking work, ends what has begun, and closes.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for part in self.parts {
            let _ = tokio::time::timeout(Duration::from_secs(15), part).await;
        }
    }
}

/// Serves until the process is asked to end.
///
/// # Errors
/// In words for the person who started it.
pub async fn serve(what: Serve) -> Result<(), String> {
    let running = start(what).await?;
    tracing::info!(base_url = %running.base_url, listen = %running.listen, "serving");
    until_asked().await;
    tracing::info!("ending");
    running.stop().await;
    Ok(())
}

/// Starts everything and returns once it answers.
///
/// # Errors
/// In words for the person who started it.
pub async fn start(what: Serve) -> Result<Running, String> {
    let Serve { mut config, sandbox, lan } = what;
    let clock = MachineClock::default();
    #[cfg(feature = "sandbox")]
    let mut simulated = None;
    #[cfg(feature = "sandbox")]
    if sandbox {
        simulated = Some(crate::studio::start_sandbox(&mut config, &clock).await?);
    }
    let ledger = open_ledger(&config, &clock).await.map_err(|e| e.to_string())?;
    #[cfg(feature = "sandbox")]
    return run(config, ledger, clock, simulated, lan).await;
    #[cfg(not(feature = "sandbox"))]
    return run(config, ledger, clock, None, lan).await;
}

/// Starts everything over a ledger that is open already.
///
/// # Errors
/// In words for the person who started it.
pub async fn start_on(config: Config, ledger: Ledger, clock: MachineClock) -> Result<Running, String> {
    run(config, ledger, clock, None, false).await
}

async fn run(
    config: Config,
    ledger: Ledger,
    clock: MachineClock,
    simulated: Option<Simulated>,
    lan: bool,
) -> Result<Running, String> {
    let sandbox = simulated.is_some();
    let listener = TcpListener::bind(&config.http.listen)
        .await
        .map_err(|e| format!("cannot listen on {}: {e}", config.http.listen))?;
    let address = listener.local_addr().map_err(|e| e.to_string())?;
    let home_url = if config.http.base_url.is_empty() || lan {
        format!("http://{address}")
    } else {
        config.http.base_url.trim_end_matches('/').to_owned()
    };
    #[cfg(feature = "sandbox")]
    let lan = if lan { Some(crate::lan::Lan::open(&config.store.dir, address, &clock).await?) } else { None };
    #[cfg(feature = "sandbox")]
    let base_url = lan.as_ref().map_or_else(|| home_url.clone(), |lan| lan.base_url.clone());
    #[cfg(not(feature = "sandbox"))]
    let base_url = home_url.clone();
    let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let metrics_handle = metrics.handle();
    // A second start in one process (tests) keeps the first one's recorder.
    let _ = metrics::set_global_recorder(metrics);

    let app = build(config, ledger, clock, base_url.clone())?;
    let (stop, stopping) = watch::channel(false);
    let mut parts = begin(&app, &stopping);
    #[allow(unused_mut)]
    let mut router = router(&app, metrics_handle, sandbox);
    #[cfg(feature = "sandbox")]
    if let Some(simulated) = simulated {
        let studio = crate::studio::begin(&app, simulated, &home_url, stopping.clone()).await?;
        router = router.merge(studio);
    }
    let router = crate::api::around(router);
    #[allow(unused_mut)]
    let mut said = None;
    #[cfg(feature = "sandbox")]
    if let Some(lan) = lan {
        let (words, tls) = lan.begin();
        said = Some(words);
        let mut stopping = stopping.clone();
        let stop = async move {
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        parts.push(tokio::spawn(crate::lan::serve(tls, router.clone(), stop)));
    }
    let mut stopping_http = stopping;
    parts.push(tokio::spawn(async move {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let served = axum::serve(listener, service)
            .with_graceful_shutdown(async move {
                let _ = stopping_http.wait_for(|stop| *stop).await;
            })
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "HTTP ended");
        }
    }));
    Ok(Running { app, base_url, home_url, lan: said, listen: address, stop, parts })
}

/// Begins all work that nobody asks for over HTTP.
pub(crate) fn begin(app: &Arc<App>, stopping: &watch::Receiver<bool>) -> Vec<tokio::task::JoinHandle<()>> {
    let mut parts = vec![
        tokio::spawn(work::run(app.clone(), stopping.clone())),
        tokio::spawn(sequencer::run(app.clone(), stopping.clone())),
        tokio::spawn(sweep(app.clone(), stopping.clone())),
    ];
    if app.config.databases().is_some() {
        parts.push(tokio::spawn(follow(app.clone(), stopping.clone())));
    }
    parts
}

/// What is answered over HTTP: the API, the person's page and the console.
pub(crate) fn router(app: &Arc<App>, figures: PrometheusHandle, sandbox: bool) -> Router {
    api::router(app.clone(), figures)
        .merge(page::router(app.clone(), sandbox))
        .merge(console::router(app.clone()))
}

/// The program without HTTP and workers, for administration.
///
/// # Errors
/// In words for the person who started it.
pub async fn administer(config: Config) -> Result<Arc<App>, String> {
    let clock = MachineClock::default();
    let ledger = open_ledger(&config, &clock).await.map_err(|e| e.to_string())?;
    build(config, ledger, clock, String::new())
}

/// Opens the store, embedded or on PostgreSQL, and makes it where there is none.
///
/// # Errors
/// Where it can't be opened, or another process has it for itself.
pub async fn open_ledger(config: &Config, clock: &MachineClock) -> Result<Ledger, Fault> {
    let dir = &config.store.dir;
    std::fs::create_dir_all(dir).map_err(|e| Fault::internal(format_args!("{}: {e}", dir.display())))?;
    let databases = config.databases();
    if databases.is_none() {
        remember_environment(dir, config)?;
    }
    let entropy = Arc::new(SystemEntropy::default());
    let top_key = Arc::new(FileTopKey::open_or_create(&dir.join("top.key"), entropy.clone())?);
    let clock = Arc::new(clock.clone());
    Ok(match databases {
        Some(databases) => Ledger::open_postgres(databases, clock, entropy, top_key).await?,
        None => {
            let store = ingam_ledger::Config { dir: dir.clone(), journal: config.journal() };
            Ledger::open(store, clock, entropy, top_key).await?
        }
    })
}

/// A store belongs to test or to live for ever. On PostgreSQL the store itself remembers it.
fn remember_environment(dir: &Path, config: &Config) -> Result<(), Fault> {
    let file = dir.join("environment");
    let ours = config.environment.as_str();
    match std::fs::read_to_string(&file) {
        Ok(theirs) if theirs.trim() == ours => Ok(()),
        Ok(theirs) => Err(Fault::internal(format_args!(
            "this store belongs to {}, and the settings say {ours}",
            theirs.trim()
        ))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => write_synced(dir, &file, ours)
            .map_err(|e| Fault::internal(format_args!("{}: {e}", file.display()))),
        Err(error) => Err(Fault::internal(format_args!("{}: {error}", file.display()))),
    }
}

/// Written beside, synced and renamed, so that a power cut leaves all of it or nothing.
fn write_synced(dir: &Path, file: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let aside = file.with_extension("new");
    let mut new = std::fs::File::create(&aside)?;
    new.write_all(text.as_bytes())?;
    new.sync_all()?;
    std::fs::rename(&aside, file)?;
    std::fs::File::open(dir)?.sync_all()
}

/// The reader of cards.
///
/// # Errors
/// Where Tesseract or one of its languages is missing.
pub fn reader(config: &Config) -> Result<Reader, String> {
    let limit = Duration::from_millis(config.reading.tesseract_timeout_ms);
    let tesseract =
        Tesseract::at(config.reading.tesseract.clone(), limit).map_err(|e| format!("the reader: {e}"))?;
    Ok(Reader::new(Box::new(tesseract), picture_limits(config)))
}

/// What a picture may be before it is decoded.
pub fn picture_limits(config: &Config) -> Limits {
    Limits { max_bytes: config.http.picture_bytes, ..Limits::default() }
}

fn build(config: Config, ledger: Ledger, clock: MachineClock, base_url: String) -> Result<Arc<App>, String> {
    let eyes = ReaderThreads::new(reader(&config)?, picture_limits(&config), config.reading.at_once);
    let outside = outside(&config, &clock)?;
    let bank: Arc<dyn Bank> = match &config.open_banking {
        Some(settings) => bank(settings, &clock)?,
        None => Arc::new(NotConnected),
    };
    let webhooks = crate::api::webhook_client(&config.webhooks).map_err(|e| e.to_string())?;
    Ok(App::new(Parts {
        config,
        ledger,
        clock,
        entropy: SystemEntropy::default(),
        eyes: Arc::new(eyes),
        outside,
        bank,
        webhooks: Arc::new(webhooks),
        base_url,
    }))
}

/// Everybody outside for whom there are settings.
fn outside(config: &Config, clock: &MachineClock) -> Result<Outside, String> {
    let driver = config.driver_licence.clone().map(|settings| {
        KoroadLicences::new(settings, Arc::new(clock.clone()), Arc::new(Observed))
            .map(|licences| Arc::new(licences) as _)
            .map_err(|e| format!("driver_licence: {e}"))
    });
    let lists = config.account_opening_blocks.as_ref();
    Ok(Outside {
        resident: vendor("resident_card", config.resident_card.as_ref(), clock)?.map(|v| v as _),
        driver: driver.transpose()?,
        passport: vendor("passport", config.passport.as_ref(), clock)?.map(|v| v as _),
        foreign_passport: vendor("foreign_passport", config.foreign_passport.as_ref(), clock)?
            .map(|v| v as _),
        alien: vendor("alien_card", config.alien_card.as_ref(), clock)?.map(|v| v as _),
        deceased: vendor("deceased_register", config.deceased_register.as_ref(), clock)?.map(|v| v as _),
        account_opening: vendor("account_opening_blocks", lists, clock)?.map(|v| v as _),
        loan: vendor("loan_blocks", config.loan_blocks.as_ref(), clock)?.map(|v| v as _),
        telecom: vendor("telecom", config.telecom.as_ref(), clock)?.map(|v| v as _),
    })
}

fn vendor<K: Asked + Clone>(
    section: &str,
    settings: Option<&VendorConfig<K>>,
    clock: &MachineClock,
) -> Result<Option<Arc<Vendor<K>>>, String> {
    let Some(settings) = settings else { return Ok(None) };
    let vendor = Vendor::new(settings.clone(), Arc::new(clock.clone()), Arc::new(Observed));
    vendor.map(|vendor| Some(Arc::new(vendor))).map_err(|e| format!("{section}: {e}"))
}

fn bank(settings: &OpenBankingConfig, clock: &MachineClock) -> Result<Arc<dyn Bank>, String> {
    OpenBanking::new(settings.clone(), Arc::new(clock.clone()), Arc::new(Observed))
        .map(|c| Arc::new(c) as Arc<dyn Bank>)
        .map_err(|e| format!("open_banking: {e}"))
}

/// Counts and times every call outside.
struct Observed;

impl Observer for Observed {
    fn called(&self, institution: &str, operation: &'static str, outcome: &'static str, elapsed_ms: u64) {
        let labels = [
            ("institution", institution.to_owned()),
            ("operation", operation.to_owned()),
            ("outcome", outcome.to_owned()),
        ];
        metrics::histogram!("ingam_outside_seconds", &labels).record(elapsed_ms as f64 / 1000.0);
        metrics::counter!("ingam_outside_calls_total", &labels).increment(1);
    }
}

/// Every minute what has run out; every day what a crash left behind, at the first time all of it.
async fn sweep(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    const MINUTE: Duration = Duration::from_secs(60);
    const MINUTES_A_DAY: u64 = 24 * 60;
    // A picture is named by an entry moments after it was written; a day is far beyond doubt.
    const ORPHANED_AFTER: Duration = Duration::from_secs(24 * 3600);
    let mut looked: Option<Instant> = None;
    for minute in 1_u64.. {
        tokio::select! {
            biased;
            _ = stop.changed() => return,
            () = tokio::time::sleep(MINUTE) => {}
        }
        if let Err(fault) = app.ledger.sweep_claims(1_000).await {
            tracing::warn!(%fault, "sweeping claims failed");
        }
        if minute % MINUTES_A_DAY != 1 {
            continue;
        }
        // What was made since the last look that went through, and a little more.
        let within = looked.map(|at| ORPHANED_AFTER + at.elapsed() + 10 * MINUTE);
        let began = Instant::now();
        match app.ledger.sweep_orphans(ORPHANED_AFTER, within).await {
            Ok(found) => {
                looked = Some(began);
                if found != Swept::default() {
                    tracing::info!(blobs = found.blobs, keys = found.keys, "removed what nothing names");
                }
            }
            Err(fault) => tracing::warn!(%fault, "sweeping what nothing names failed"),
        }
    }
}

/// Learns what other processes destroyed, so that no key of it stays in memory here, and finishes what one of them
/// began and could not. Nothing is opened or sealed under such a key meanwhile: the ledger sees to that.
async fn follow(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    const EVERY: Duration = Duration::from_secs(2);
    loop {
        tokio::select! {
            biased;
            _ = stop.changed() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        if let Err(fault) = app.ledger.finish_destructions().await {
            tracing::warn!(%fault, "the journal of destructions could not be followed");
        }
    }
}

/// Starts the log. Personal data never reach it: the types that hold them can't be printed.
pub fn log(config: &Config) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_new(&config.log.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = if config.log.format == "json" { log.json().try_init() } else { log.try_init() };
}

pub async fn until_asked() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        else {
            let _ = interrupt.await;
            return;
        };
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    {
        let _ = interrupt.await;
    }
}
