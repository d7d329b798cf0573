//! A node's way to the memory, and what can happen on it. A node that has ended never comes back from its way: its
//! work stands still for ever at the call that it was at, as that of a killed process does.

use super::world::World;
use async_trait::async_trait;
use ingam_ledger::Fault;
use ingam_ledger::memory::Way;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// One life of a node: from a start to an end.
#[derive(Default)]
pub(super) struct Life {
    over: AtomicBool,
    /// Whoever waits for an answer of this life. Told in the order in which they came.
    waiting: Mutex<Vec<oneshot::Sender<()>>>,
}

impl Life {
    /// Whether it is over.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Ends it.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        for one in waiting {
            // Who went away need not be told.
            let _ = one.send(());
        }
    }

    /// Resolves when it ends.
    pub(super) fn ended(&self) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(tell);
        told
    }

    /// Goes on while it lasts, and never afterwards.
    pub(super) async fn goes_on(&self) {
        if self.is_over() {
            std::future::pending::<()>().await;
        }
    }
}

/// The way.
pub(super) struct NodeWay {
    pub(super) world: Arc<World>,
    pub(super) node: usize,
    pub(super) life: Arc<Life>,
}

/// How long it takes until somebody who reaches nobody gives up.
const NOBODY_THERE: Duration = Duration::from_millis(1_000);

impl NodeWay {
    /// One leg; `at` is said in the story.
    async fn leg(&self, call: &'static str, at: &'static str) {
        self.life.goes_on().await;
        if !self.world.storms() {
            return;
        }
        let (ways, dice) = (self.world.plan.memory, &self.world.dice);
        if dice.chance(ways.crash_ppm) {
            self.world.crash(self.node, &format!("{at} {call}"));
            self.life.goes_on().await;
        }
        let wait_ms = if dice.chance(ways.stuck_ppm) {
            let wait_ms = dice.between(5_000, 70_000);
            self.world.tell_node(self.node, format!("is stuck {at} {call} for {wait_ms} ms"));
            wait_ms
        } else {
            dice.below(ways.wait_ms + 1)
        };
        if wait_ms > 0 {
            let busy = self.world.busy();
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            drop(busy);
            self.life.goes_on().await;
        }
    }

    /// Whether this leg can't be gone now.
    async fn cut(&self, call: &'static str, ppm: u64, how: &str) -> Result<(), Fault> {
        if self.world.apart(self.node, super::plan::Whom::Memory) {
            tokio::time::sleep(NOBODY_THERE).await;
            self.life.goes_on().await;
            return Err(Fault::Injected);
        }
        if self.world.storms() && self.world.dice.chance(ppm) {
            self.world.tell_node(self.node, format!("{how} {call}"));
            return Err(Fault::Injected);
        }
        Ok(())
    }
}

#[async_trait]
impl Way for NodeWay {
    async fn there(&self, call: &'static str) -> Result<(), Fault> {
        self.world.tell_call(self.node, call);
        self.leg(call, "on its way to").await;
        self.cut(call, self.world.plan.memory.lost_ppm, "loses its call of").await
    }

    async fn syncing(&self, call: &'static str) {
        self.leg(call, "while syncing").await;
    }

    async fn back(&self, call: &'static str) -> Result<(), Fault> {
        self.world.look();
        self.leg(call, "on its way back from").await;
        self.cut(call, self.world.plan.memory.unheard_ppm, "does not hear the answer of").await
    }

    fn hears(&self) -> bool {
        !self.world.plan.deaf[self.node]
    }
}
