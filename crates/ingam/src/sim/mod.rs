//! The simulation: the whole program, its nodes, its memory and the institutions outside, in one thread on virtual
//! time, with faults that a seed draws. The same seed is the same run, to the last byte of its story.
//!
//! What is real: the API and the pages, workers, sequencer, connectors, the ledger with its keys and leaves, and the
//! sandbox behind its own HTTP. What is played: time, chance, the disk, the network, and eyes that read pictures.
//! docs/decisions/0006-simulation.md says why, and how to read a story.

mod browser;
mod dice;
mod end;
mod eyes;
mod judge;
mod node;
mod person;
mod plan;
mod program;
mod story;
#[cfg(test)]
mod tests;
mod time;
mod way;
mod wire;
mod world;

use ingam_ledger::memory::Mistake;
use program::Program;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Once};
use std::time::Duration;
pub(crate) use story::Story;
use world::World;

/// Longer than any visit takes, by the runtime's clock.
const LONGEST: Duration = Duration::from_secs(3_600);

/// How a run went.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its seed.
    pub seed: u64,
    /// What was wrong, if anything was.
    pub wrong: Option<String>,
    /// What happened.
    pub story: Story,
    /// What happened how often.
    pub counts: BTreeMap<&'static str, u64>,
}

thread_local! {
    /// What a task of this thread's run panicked with. The runtime keeps panics of tasks to itself.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs one seed. A `mistake` is one that the memory makes on purpose.
///
/// # Errors
/// Where the machine can't run it at all.
pub fn run(seed: u64, mistake: Option<Mistake>) -> Result<Run, String> {
    remember_panics();
    PANIC.take();
    let config = node::config()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|e| e.to_string())?;
    let world = runtime.block_on(async {
        let world = World::new(seed, config, mistake);
        tokio::select! {
            biased;
            () = world.judge.failed() => {}
            outcome = whole(&world) => if let Err(why) = outcome {
                world.fail(why);
            }
        }
        world
    });
    if let Some(panic) = PANIC.take() {
        world.story.tell(0, "JUDGE", format!("a task panicked: {panic}"));
        world.judge.fail(&format!("a task panicked: {panic}"));
    }
    let run = Run { seed, wrong: world.judge.verdict(), story: world.story.clone(), counts: world.counts() };
    // Nodes hold the world and the world holds the nodes.
    world.nodes.iter().for_each(node::Node::end);
    Ok(run)
}

async fn whole(world: &Arc<World>) -> Result<(), String> {
    for node in 0..world.plan.nodes {
        node::start(world.clone(), node).await;
    }
    let program = Arc::new(Program::set_up(world).await?);
    world.tell("world", told(&world.plan));
    world.set_storm(true);
    let visits: Vec<_> = (0..world.plan.visits.len())
        .map(|index| {
            let (world, program) = (world.clone(), program.clone());
            tokio::spawn(async move {
                let visit = world.plan.visits[index].clone();
                program.serve(&world, index, &visit).await;
            })
        })
        .collect();
    tokio::spawn(weather(world.clone()));
    let leaps = tokio::spawn(leaps(world.clone()));
    let all = async {
        for visit in visits {
            // A panic is told by its hook.
            let _ = visit.await;
        }
    };
    let ended = tokio::time::timeout(LONGEST, all).await;
    ended.map_err(|_| "the visits do not end".to_owned())?;
    leaps.abort();
    world.calm();
    end::everyone_has_a_way_out(world)?;
    end::let_it_end(world).await?;
    end::check(world).await
}

/// Lets happen what the plan says, and ends it.
async fn weather(world: Arc<World>) {
    let mut passed_ms = 0;
    for (at_ms, what) in world.plan.events.clone() {
        tokio::time::sleep(Duration::from_millis(at_ms - passed_ms)).await;
        passed_ms = at_ms;
        if world.storms() {
            world.happen(&what);
        }
    }
    tokio::time::sleep(Duration::from_millis(world.plan.storm_ms - passed_ms)).await;
    if world.storms() {
        world.calm();
    }
}

/// Lets time leap where nobody does anything.
async fn leaps(world: Arc<World>) {
    const MOST_MS: i64 = 26 * 3_600_000;
    loop {
        tokio::time::sleep(Duration::from_millis(250)).await;
        world.leap_if_idle(MOST_MS);
    }
}

fn told(plan: &plan::Plan) -> String {
    let parts = |ways: &plan::Ways| {
        format!(
            "waits to {} ms, ppm stuck {} lost {} unheard {} crash {}",
            ways.wait_ms, ways.stuck_ppm, ways.lost_ppm, ways.unheard_ppm, ways.crash_ppm
        )
    };
    format!(
        "{} nodes, {} cards, {} visits; a storm of {} ms begins. memory: {}. wire: {}. web: {}",
        plan.nodes,
        plan.cards,
        plan.visits.len(),
        plan.storm_ms,
        parts(&plan.memory),
        parts(&plan.wire),
        parts(&plan.web)
    )
}

/// Keeps what a task panics with for the run of its thread.
fn remember_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if tokio::runtime::Handle::try_current().is_ok() {
                PANIC.with(|kept| *kept.borrow_mut() = Some(panic.to_string()));
            }
            before(panic);
        }));
    });
}
