//! How fast commits are: one entry (about 500 bytes, one of its fields sealed), its view, a claim and a
//! task, in a new case, fully synced; many callers at once, and one alone. Subjects are opened before the
//! clock runs. Measures with the machine's monotonic clock; the ledger's own time stays the given one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::commit::{Commit, Effect, NewTask, Take, View, Write};
use crate::entry::{Entry, RetentionClass, SealedField, Stream};
use crate::error::Fault;
use crate::given::{Clock, Entropy, draw};
use crate::ledger::Ledger;
use crate::text::to_hex;

/// How long and how wide to measure.
#[derive(Debug, Clone)]
pub struct Load {
    /// Callers at once in the grouped part; 512 keep a batch full while another is written.
    pub callers: u32,
    /// Commits in each grouped round.
    pub grouped: u32,
    /// Commits in each one-by-one round.
    pub single: u32,
    /// Rounds; the two kinds take turns, so that a slow moment of the machine meets both.
    pub rounds: u32,
}

impl Default for Load {
    fn default() -> Self {
        Load { callers: 512, grouped: 10_000, single: 1_500, rounds: 3 }
    }
}

/// What was measured. Rates are commits per second, times milliseconds per commit.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// Many callers at once.
    pub grouped_per_s: f64,
    /// One caller alone.
    pub single_per_s: f64,
    /// `grouped_per_s / single_per_s`.
    pub ratio: f64,
    /// Half of the grouped commits took at most this long.
    pub grouped_p50_ms: f64,
    /// 99 of 100 grouped commits took at most this long.
    pub grouped_p99_ms: f64,
    /// Half of the single commits took at most this long.
    pub single_p50_ms: f64,
    /// 99 of 100 single commits took at most this long.
    pub single_p99_ms: f64,
    /// All commits made.
    pub commits: u64,
}

/// Measures in a ledger, which should be empty and on the disk in question.
pub async fn bench(
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    load: Load,
) -> Result<Figures, Fault> {
    for subject in 0..SUBJECTS {
        let subject = format!("sub_{subject}");
        let opened = ledger.open_subject(&subject, Some(INSTITUTION), &[RetentionClass::Identity]);
        opened.await?.map_err(|_| Fault::Invalid("the bench's ledger is not empty"))?;
    }
    let bench = Bench { ledger, clock, run: to_hex(&draw::<4>(&*entropy)) };
    let (mut grouped, mut single) = (Vec::new(), Vec::new());
    let (mut grouped_took, mut single_took) = (Duration::ZERO, Duration::ZERO);
    let mut first = 0;
    for _ in 0..load.rounds.max(1) {
        let began = Instant::now();
        single.extend(bench.clone().sequence(first, load.single).await?);
        single_took += began.elapsed();
        first += u64::from(load.single);

        let each = load.grouped.div_ceil(load.callers.max(1));
        let began = Instant::now();
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..load.callers.max(1) {
            callers.spawn(bench.clone().sequence(first, each));
            first += u64::from(each);
        }
        while let Some(done) = callers.join_next().await {
            grouped.extend(done.map_err(|_| Fault::Closed)??);
        }
        grouped_took += began.elapsed();
    }
    let rate = |commits: &[Duration], took: Duration| commits.len() as f64 / took.as_secs_f64();
    let (grouped_per_s, single_per_s) = (rate(&grouped, grouped_took), rate(&single, single_took));
    Ok(Figures {
        grouped_per_s,
        single_per_s,
        ratio: grouped_per_s / single_per_s,
        grouped_p50_ms: percentile(&mut grouped, 0.50),
        grouped_p99_ms: percentile(&mut grouped, 0.99),
        single_p50_ms: percentile(&mut single, 0.50),
        single_p99_ms: percentile(&mut single, 0.99),
        commits: first,
    })
}

const SUBJECTS: u64 = 64;
const INSTITUTION: &str = "ins_bench";

fn percentile(took: &mut [Duration], share: f64) -> f64 {
    took.sort_unstable();
    let at = ((took.len() as f64 * share) as usize).min(took.len().saturating_sub(1));
    took.get(at).map_or(0.0, |took| took.as_secs_f64() * 1000.0)
}

#[derive(Clone)]
struct Bench {
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    run: String,
}

impl Bench {
    async fn sequence(self, first: u64, commits: u32) -> Result<Vec<Duration>, Fault> {
        let mut took = Vec::with_capacity(commits as usize);
        for n in first..first + u64::from(commits) {
            let commit = self.commit(n);
            let began = Instant::now();
            let outcome = self.ledger.commit(commit).await?;
            took.push(began.elapsed());
            outcome.map_err(|_| Fault::Invalid("the bench's ledger is not empty"))?;
        }
        Ok(took)
    }

    fn commit(&self, n: u64) -> Commit {
        let id = |prefix: &str| format!("{prefix}_{}{n:016x}", self.run);
        let now = self.clock.now();
        let case = id("ver");
        let mut clear = Map::new();
        clear.insert(
            "event".into(),
            json!({"type": "opened", "format": 1, "steps": ["card", "issuer", "account"]}),
        );
        clear.insert("policy".into(), json!({"id": "pol_0001", "version": 3}));
        clear.insert("reference".into(), Value::String(format!("customer-{n:08}")));
        clear.insert("expires_at".into(), json!("2026-01-01T00:30:00.000Z"));
        let sealed = SealedField {
            name: "claimed_name".into(),
            subject: format!("sub_{}", n % SUBJECTS),
            class: RetentionClass::Identity,
            value: json!({"family": "홍", "given": "길동", "as_written": "홍길동"}),
        };
        let entry = Entry {
            id: id("evt"),
            kind: "verification.opened".into(),
            institution: Some(INSTITUTION.into()),
            time: now,
            clear,
            sealed: vec![sealed],
        };
        let view = View {
            state: json!({"step": "card", "policy": {"id": "pol_0001", "version": 3}, "tries": {"card": 0, "code": 0},
                "waiting_for": "person", "until": "2026-01-01T00:30:00.000Z", "met": []}),
            status: "created".into(),
            reference: Some(format!("customer-{n:08}")),
            institution: Some(INSTITUTION.into()),
        };
        let write = Write {
            case: case.clone(),
            case_kind: "verification".into(),
            expected_version: 0,
            entries: vec![entry],
            view: Some(view),
            stream: Stream::Main,
        };
        let take = Take {
            base: id("idem"),
            slots: None,
            holder: case.clone(),
            expires_at: now.checked_add(Duration::from_secs(86_400)).ok(),
            note: None,
        };
        let task = NewTask {
            id: id("tsk"),
            case,
            kind: "card.check".into(),
            effect: Effect::Queryable,
            payload: json!({"request": id("req"), "institution": "issuer"}),
            run_at: now,
        };
        Commit { writes: vec![write], take: vec![take], tasks: vec![task], ..Commit::default() }
    }
}
