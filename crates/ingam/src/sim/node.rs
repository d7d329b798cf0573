//! A node: one whole program over the shared memory, started, killed and started again.

use super::dice::Dice;
use super::eyes::SameCard;
use super::time::NodeClock;
use super::way::{Life, NodeWay};
use super::wire::{HookWire, InstitutionWire};
use super::world::{World, locked};
use crate::app::{App, Parts};
use crate::config::Config;
use crate::given::{MachineClock, SystemEntropy};
use crate::outside::Outside;
use crate::serve;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use ingam_connectors::{OpenBanking, OpenBankingConfig, ResidentCardConfig, Unobserved, VendorResidentCards};
use ingam_ledger::memory::MemoryTopKey;
use metrics_exporter_prometheus::PrometheusBuilder;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tower::ServiceExt;

/// Where persons and institutions reach the program, whichever node answers.
pub(super) const BASE_URL: &str = "https://ingam.test";
/// Where the banks and the issuer are.
const OUTSIDE_URL: &str = "http://outside.test";
/// How long whoever asks waits for an answer.
const PATIENCE: Duration = Duration::from_secs(12);

/// One node.
pub(super) struct Node {
    pub(super) clock: Arc<NodeClock>,
    running: Mutex<Option<Running>>,
    /// What would ask the work of each life to stop, which a killed process is never asked. Dropping one wakes its
    /// listeners, and that in no fixed order.
    stops: Mutex<Vec<watch::Sender<bool>>>,
}

struct Running {
    life: Arc<Life>,
    router: Router,
    app: Arc<App>,
}

/// An answer.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Reply {
    /// The body as JSON; null where it is none.
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// No answer came: whether anything happened, nobody knows.
#[derive(Debug)]
pub(super) struct NoAnswer;

impl Node {
    pub(super) fn new(clock: NodeClock) -> Self {
        Self { clock: Arc::new(clock), running: Mutex::default(), stops: Mutex::default() }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        locked(&self.running)
    }

    pub(super) fn runs(&self) -> bool {
        self.running().is_some()
    }

    /// The program that runs on it, for what is set up before anything happens.
    pub(super) fn app(&self) -> Option<Arc<App>> {
        self.running().as_ref().map(|running| running.app.clone())
    }

    /// Ends its life.
    pub(super) fn end(&self) {
        let ended = self.running().take();
        if let Some(running) = ended {
            running.life.end();
        }
    }
}

/// Starts a node, again and again until it stands.
pub(super) async fn start(world: Arc<World>, number: usize) {
    loop {
        match start_once(&world, number).await {
            Ok(()) => return,
            Err(why) => world.tell_node(number, format!("does not start: {why}")),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn start_once(world: &Arc<World>, number: usize) -> Result<(), String> {
    let node = &world.nodes[number];
    let life = Arc::new(Life::default());
    let way = Arc::new(NodeWay { world: world.clone(), node: number, life: life.clone() });
    let dice = world.dice.fork();
    let opening = world.open_ledger(way, node.clock.clone(), dice.clone());
    let ledger = opening.await.map_err(|fault| fault.to_string())?;
    let clock = MachineClock::played_by(node.clock.clone());
    let outside = Arc::new(InstitutionWire { world: world.clone(), node: number, life: life.clone() });
    let shared = Arc::new(clock.clone());
    let issuer = VendorResidentCards::over(
        outside.clone(),
        ResidentCardConfig::for_sandbox(OUTSIDE_URL),
        shared.clone(),
        Arc::new(Unobserved),
    );
    let mut banks = OpenBankingConfig::for_sandbox(OUTSIDE_URL);
    // As in ingam.default.toml.
    banks.settle_ms = 60_000;
    banks.midnight_ms = 120_000;
    let bank = OpenBanking::over(outside, banks, shared, Arc::new(Unobserved));
    let app = App::new(Parts {
        config: world.config.clone(),
        ledger,
        clock,
        entropy: SystemEntropy::played_by(Arc::new(dice)),
        eyes: Arc::new(SameCard),
        outside: Outside {
            resident: Some(Arc::new(issuer.map_err(|e| e.to_string())?)),
            ..Outside::default()
        },
        bank: Arc::new(bank.map_err(|e| e.to_string())?),
        webhooks: Arc::new(HookWire { world: world.clone(), life: life.clone() }),
        base_url: BASE_URL.to_owned(),
    });
    let figures = PrometheusBuilder::new().build_recorder().handle();
    let router = serve::router(&app, figures, false);
    let (stop, stopping) = watch::channel(false);
    serve::begin(&app, &stopping);
    locked(&node.stops).push(stop);
    world.tell_node(number, "stands");
    *node.running() = Some(Running { life, router, app });
    Ok(())
}

/// Sends a request to some node, as a load balancer would.
pub(super) async fn call(world: &Arc<World>, request: Request<Body>) -> Result<Reply, NoAnswer> {
    let (ways, dice) = (world.plan.web, &world.dice);
    let pause = |storms: bool| match storms {
        true if dice.chance(ways.stuck_ppm) => dice.between(1_000, 20_000),
        true => dice.below(ways.wait_ms + 1),
        false => 1,
    };
    tokio::time::sleep(Duration::from_millis(pause(world.storms()))).await;
    let up: Vec<usize> = (0..world.nodes.len()).filter(|n| world.nodes[*n].runs()).collect();
    if up.is_empty() || (world.storms() && dice.chance(ways.lost_ppm)) {
        return Err(NoAnswer);
    }
    let number = dice.one_of(&up);
    let (router, life) = {
        let running = world.nodes[number].running();
        let Some(running) = running.as_ref() else { return Err(NoAnswer) };
        (running.router.clone(), running.life.clone())
    };
    let ended = life.ended();
    // In a task of its own: a client that goes away does not stop what it asked for.
    let working = tokio::spawn(async move {
        let (parts, body) = match router.oneshot(request).await {
            Ok(response) => response.into_parts(),
            Err(never) => match never {},
        };
        let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        (parts, bytes)
    });
    let answer = tokio::select! {
        biased;
        _ = ended => return Err(NoAnswer),
        answer = working => answer,
        () = tokio::time::sleep(PATIENCE) => return Err(NoAnswer),
    };
    let Ok((parts, bytes)) = answer else { return Err(NoAnswer) };
    tokio::time::sleep(Duration::from_millis(pause(world.storms()))).await;
    if life.is_over() || (world.storms() && dice.chance(ways.unheard_ppm)) {
        return Err(NoAnswer);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Reply { status: parts.status, headers: parts.headers, text })
}

/// The settings of every node.
pub(super) fn config() -> Result<Config, String> {
    let mut config = Config::load(None).map_err(|e| e.to_string())?;
    config.webhooks.allow_private_addresses = true;
    Ok(config)
}

/// The top key of all nodes.
pub(super) fn top_key(dice: Dice) -> Arc<MemoryTopKey> {
    let mut key = [0; 32];
    ingam_ledger::Entropy::fill(&dice, &mut key);
    Arc::new(MemoryTopKey::new(key, Arc::new(dice)))
}
