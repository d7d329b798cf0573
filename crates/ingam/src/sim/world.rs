//! Everything that a run consists of: time, memory, institutions, nodes, the story, and the judge who looks on. The
//! things that can happen to it are here too.

use super::dice::Dice;
use super::judge::Judge;
use super::node::{self, Node};
use super::plan::{Happening, Plan, Whom};
use super::story::{Story, node_name};
use super::time::{NodeClock, Time};
use super::wire::Question;
use crate::config::Config;
use axum::Router;
use axum::http::StatusCode;
use ingam_ledger::memory::{Memory, MemoryTopKey, Mistake, Way};
use ingam_ledger::{Clock, Ledger};
use ingam_sandbox::catalogue::Catalogue;
use ingam_sandbox::{Institution, Options, Sandbox};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Far more than any run needs: beyond, somebody goes in circles.
const MOST_CALLS: u64 = 200_000;

/// See the module.
pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) dice: Dice,
    pub(super) time: Arc<Time>,
    pub(super) story: Story,
    pub(super) memory: Arc<Memory>,
    pub(super) sandbox: Sandbox,
    /// The institutions' HTTP.
    pub(super) institutions: Router,
    pub(super) nodes: Vec<Node>,
    pub(super) config: Config,
    pub(super) judge: Judge,
    top_key: Arc<MemoryTopKey>,
    storms: AtomicBool,
    calm_since: Mutex<Option<Instant>>,
    /// Who can't reach whom, and how many reasons there are for it.
    apart: Mutex<BTreeMap<(usize, Whom), u32>>,
    /// So many are doing something just now; where nobody is, time may leap.
    busy: AtomicU64,
    /// The earliest moment at which somebody who is away comes back.
    back_at_ms: AtomicI64,
    /// What happened how often.
    counts: Mutex<BTreeMap<&'static str, u64>>,
}

impl World {
    /// The world of a seed, before anything happens. Its memory may make a mistake on purpose.
    pub(super) fn new(seed: u64, config: Config, mistake: Option<Mistake>) -> Arc<Self> {
        let dice = Dice::new(seed);
        let plan = Plan::draw(&dice);
        let time = Time::new(plan.start_ms);
        let people = Catalogue::crowd(plan.cards);
        let sandbox = Sandbox::new(Options { catalogue: people, ..Options::new(time.clone()) });
        let nodes = (0..plan.nodes).map(|_| Node::new(NodeClock::new(time.clone()))).collect();
        Arc::new(Self {
            top_key: node::top_key(dice.fork()),
            institutions: sandbox.router(),
            sandbox,
            memory: Memory::with(mistake),
            story: Story::default(),
            nodes,
            config,
            judge: Judge::default(),
            storms: AtomicBool::new(false),
            calm_since: Mutex::default(),
            apart: Mutex::default(),
            busy: AtomicU64::new(0),
            back_at_ms: AtomicI64::new(i64::MAX),
            counts: Mutex::default(),
            plan,
            dice,
            time,
        })
    }

    /// A ledger over the memory.
    pub(super) async fn open_ledger(
        &self,
        way: Arc<dyn Way>,
        clock: Arc<dyn Clock>,
        dice: Dice,
    ) -> Result<Ledger, ingam_ledger::Fault> {
        self.memory.open(way, clock, Arc::new(dice), self.top_key.clone()).await
    }

    /// Tells one thing of the story.
    pub(super) fn tell(&self, who: impl Into<String>, what: impl Into<String>) {
        self.story.tell(self.time.passed_ms(), who, what);
    }

    /// Tells what a node does.
    pub(super) fn tell_node(&self, node: usize, what: impl Into<String>) {
        self.tell(node_name(node), what);
    }

    /// Tells that a node makes this call.
    pub(super) fn tell_call(&self, node: usize, call: &'static str) {
        let calls = self.story.call(self.time.passed_ms(), node, call);
        if calls > MOST_CALLS {
            self.fail(format!("{calls} calls of the memory, and no end"));
        }
    }

    /// Whether faults come.
    pub(super) fn storms(&self) -> bool {
        self.storms.load(Ordering::Relaxed)
    }

    /// Lets faults come, or ends them.
    pub(super) fn set_storm(&self, on: bool) {
        self.storms.store(on, Ordering::Relaxed);
        *locked(&self.calm_since) = (!on).then(Instant::now);
    }

    /// Whether an answer that says "later" may have its reason in the storm: what got stuck in it may fail a while
    /// after its end.
    pub(super) fn excuses(&self) -> bool {
        const LONGEST_STUCK: Duration = Duration::from_secs(75);
        locked(&self.calm_since).is_none_or(|since| since.elapsed() < LONGEST_STUCK)
    }

    /// Whether a node can't reach somebody now.
    pub(super) fn apart(&self, node: usize, whom: Whom) -> bool {
        self.storms() && locked(&self.apart).get(&(node, whom)).is_some_and(|reasons| *reasons > 0)
    }

    /// Counts something that happened.
    pub(super) fn count(&self, what: &'static str) {
        *locked(&self.counts).entry(what).or_default() += 1;
    }

    /// What happened how often.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        locked(&self.counts).clone()
    }

    /// Ends a node's life; in a storm it stands up again after a while.
    pub(super) fn crash(self: &Arc<Self>, node: usize, at: &str) {
        if !self.nodes[node].runs() {
            return;
        }
        self.nodes[node].end();
        let after_ms = self.dice.between(100, 15_000);
        self.tell_node(node, format!("DIES {at}; stands up in {after_ms} ms"));
        self.count("crashes");
        let world = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
            node::start(world, node).await;
        });
    }

    /// Lets something happen.
    pub(super) fn happen(self: &Arc<Self>, what: &Happening) {
        match what {
            Happening::PowerCut => {
                self.tell("memory", "LOSES POWER, and with it what was not synced");
                self.count("power_cuts");
                self.memory.cut_power();
                self.look();
            }
            Happening::Crash(node) => self.crash(*node, "at once"),
            Happening::ClockJump(node, by_ms) => {
                self.tell_node(*node, format!("has its clock {by_ms} ms beside the world's"));
                self.count("clock_jumps");
                self.nodes[*node].clock.put_off(*by_ms);
            }
            Happening::Apart(node, whom, for_ms) => {
                self.tell_node(*node, format!("does not reach {} for {for_ms} ms", name(*whom)));
                self.count("partitions");
                *locked(&self.apart).entry((*node, *whom)).or_default() += 1;
                let (world, key, for_ms) = (self.clone(), (*node, *whom), *for_ms);
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(for_ms)).await;
                    if let Some(reasons) = locked(&world.apart).get_mut(&key) {
                        *reasons -= 1;
                    }
                });
            }
            Happening::Mischief(at, rule) => {
                let operation = rule.operation.as_deref().unwrap_or("anything");
                let times = rule.count.unwrap_or(0);
                let fault = rule.fault.as_str();
                self.tell(at.as_str(), format!("will play {fault} at {operation}, {times} times"));
                self.count("mischief");
                if let Err(why) = self.sandbox.set_fault(*at, rule.clone()) {
                    self.fail(format!("a fault that can't be set: {why}"));
                }
            }
        }
    }

    /// Ends every fault: the clocks are right, everybody is reached, all nodes stand up.
    pub(super) fn calm(&self) {
        self.set_storm(false);
        Institution::ALL.into_iter().for_each(|at| self.sandbox.clear_faults(at));
        self.nodes.iter().for_each(|node| node.clock.put_off(0));
        self.tell("world", "the storm is over");
    }

    /// Somebody does something until the answer is dropped.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(self.clone())
    }

    /// Waits until the world's time has come, and lets it leap there where nobody else does anything.
    pub(super) async fn until(&self, at_ms: i64) {
        while self.time.now_ms() < at_ms {
            self.back_at_ms.fetch_min(at_ms, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Leaps to what is next where nobody does anything; never further than `most_ms`.
    pub(super) fn leap_if_idle(&self, most_ms: i64) {
        let back_at_ms = self.back_at_ms.swap(i64::MAX, Ordering::Relaxed);
        if self.busy.load(Ordering::Relaxed) > 0 {
            return;
        }
        let next_ms = self.memory.next_due_ms().unwrap_or(i64::MAX).min(back_at_ms);
        let by_ms = next_ms.saturating_sub(self.time.now_ms());
        if (1_000..=most_ms).contains(&by_ms) {
            self.time.leap(by_ms);
            self.tell("world", format!("nobody does anything for {} s", by_ms / 1000));
        }
    }

    /// The judge looks at what lasts.
    pub(super) fn look(&self) {
        if let Err(why) = self.judge.look(self) {
            self.fail(why);
        }
    }

    /// A question comes to an institution.
    pub(super) fn arrives(&self, question: &Question) {
        if let Err(why) = self.judge.arrives(self, question) {
            self.fail(why);
        }
    }

    /// An institution has answered; whether anybody hears it is another matter.
    pub(super) fn answered(&self, question: &Question, status: StatusCode, body: &[u8]) {
        if let Err(why) = self.judge.answered(self, question, status, body) {
            self.fail(why);
        }
    }

    /// A webhook comes to its endpoint.
    pub(super) fn hook(&self, id: &str, body: &[u8]) {
        if let Err(why) = self.judge.hook(self, id, body) {
            self.fail(why);
        }
    }

    /// Something is wrong: the run ends here.
    pub(super) fn fail(&self, why: String) {
        if self.judge.fail(&why) {
            self.tell("JUDGE", why);
        }
    }
}

/// Somebody who does something.
pub(super) struct Busy(Arc<World>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // One thread: a panic that left something half changed ends the run anyway.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn name(whom: Whom) -> &'static str {
    match whom {
        Whom::Memory => "the memory",
        Whom::Issuer => "the issuer",
        Whom::Banks => "the banks",
    }
}
