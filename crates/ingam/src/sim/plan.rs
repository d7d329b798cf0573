//! What a seed draws before anything happens: how many nodes and persons, what each person is like, and which faults
//! come how often. Each kind of fault is there in about half of all seeds, so that every mixture occurs.

use super::dice::Dice;
use ingam_sandbox::{Fault, Institution, Rule};

/// A whole schedule.
#[derive(Debug)]
pub(super) struct Plan {
    /// The moment at which the world begins, in milliseconds since 1970.
    pub(super) start_ms: i64,
    /// How long faults come, in milliseconds of the runtime's clock.
    pub(super) storm_ms: u64,
    /// Nodes over one memory.
    pub(super) nodes: usize,
    /// Nodes that hear no wake-up from others.
    pub(super) deaf: Vec<bool>,
    /// Cards that exist, one person each.
    pub(super) cards: usize,
    /// Who comes, in this order.
    pub(super) visits: Vec<Visit>,
    /// What happens to calls of the memory.
    pub(super) memory: Ways,
    /// What happens to calls of institutions.
    pub(super) wire: Ways,
    /// What happens to requests of persons and institutions' programs.
    pub(super) web: Ways,
    /// Whether institutions' programs send idempotency keys.
    pub(super) keys: bool,
    /// What is known beforehand.
    pub(super) events: Vec<(u64, Happening)>,
}

/// How often and how calls go wrong, in parts per million.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ways {
    /// Longest usual wait of one leg, in milliseconds.
    pub(super) wait_ms: u64,
    /// A leg takes longer than a lease or than the caller's patience.
    pub(super) stuck_ppm: u64,
    /// The call never arrives.
    pub(super) lost_ppm: u64,
    /// The answer never arrives.
    pub(super) unheard_ppm: u64,
    /// The node ends on this leg.
    pub(super) crash_ppm: u64,
}

/// What somebody who comes is like.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    /// Whose card.
    pub(super) card: usize,
    /// How often a wrong day of issue is typed.
    pub(super) wrong_day_ppm: u64,
    /// How often a wrong code is typed.
    pub(super) wrong_code_ppm: u64,
    /// How often an act is sent twice at once.
    pub(super) twice_ppm: u64,
    /// How often the page is looked at as HTML.
    pub(super) looks_ppm: u64,
    /// After so many steps: away for so long.
    pub(super) leaves: Option<(u32, i64)>,
    /// After so many steps: another device.
    pub(super) moves: Option<u32>,
    /// After so many steps: never seen again.
    pub(super) gone: Option<u32>,
    /// Comes so late, in milliseconds.
    pub(super) late_ms: u64,
    /// The institution takes its request back after so long.
    pub(super) cancelled_after_ms: Option<u64>,
}

/// One thing that happens at its time.
#[derive(Debug, Clone)]
pub(super) enum Happening {
    /// The power of the memory is cut.
    PowerCut,
    /// A node ends.
    Crash(usize),
    /// A node's clock jumps so far from the world's.
    ClockJump(usize, i64),
    /// A node and its memory don't reach each other for so long.
    Apart(usize, Whom, u64),
    /// An institution does something else than answering well.
    Mischief(Institution, Rule),
}

/// Whom a node can't reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whom {
    /// The memory.
    Memory,
    /// The issuer of cards.
    Issuer,
    /// The banks.
    Banks,
}

/// What can go wrong with any question.
const ANYWHERE: [Fault; 11] = [
    Fault::Slow,
    Fault::Error,
    Fault::ErrorAfter,
    Fault::Hang,
    Fault::LostAnswer,
    Fault::Malformed,
    Fault::Maintenance,
    Fault::RateLimited,
    Fault::ExpireTokens,
    Fault::Trickle,
    Fault::Huge,
];
/// What can go wrong at banks alone.
const AT_BANKS: [Fault; 2] = [Fault::Duplicate, Fault::Stale];

/// 2026-03-02T14:00:00Z, an hour before midnight in Korea.
const EVENING_MS: i64 = 1_772_460_000_000;
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: i64 = 86_400_000;

impl Plan {
    /// What this seed draws.
    pub(super) fn draw(dice: &Dice) -> Self {
        let nodes = dice.one_of(&[1, 1, 2, 2, 3]);
        let cards = dice.between(1, 4) as usize;
        let storm_ms = dice.between(5_000, 60_000);
        // Often just before midnight, where days change while money is on its way.
        let start_ms = match dice.below(4) {
            0 => EVENING_MS + dice.between(HOUR_MS - 60_000, HOUR_MS) as i64,
            _ => EVENING_MS + dice.below(24 * HOUR_MS) as i64,
        };
        let visits = (0..dice.between(1, 4)).map(|_| Visit::draw(dice, cards, storm_ms)).collect();
        Self {
            start_ms,
            storm_ms,
            nodes,
            deaf: (0..nodes).map(|_| dice.below(3) == 0).collect(),
            cards,
            visits,
            memory: Ways {
                wait_ms: dice.one_of(&[0, 1, 3, 20]),
                stuck_ppm: dice.one_of(&[0, 0, 300, 2_000]),
                lost_ppm: dice.one_of(&[0, 0, 2_000, 10_000]),
                unheard_ppm: dice.one_of(&[0, 0, 2_000, 10_000]),
                crash_ppm: dice.one_of(&[0, 0, 700, 3_000]),
            },
            wire: Ways {
                wait_ms: dice.one_of(&[1, 20, 200]),
                stuck_ppm: dice.one_of(&[0, 0, 20_000, 100_000]),
                lost_ppm: dice.one_of(&[0, 0, 20_000, 100_000]),
                unheard_ppm: dice.one_of(&[0, 0, 20_000, 100_000]),
                crash_ppm: dice.one_of(&[0, 0, 10_000, 50_000]),
            },
            web: Ways {
                wait_ms: dice.one_of(&[1, 10, 100]),
                stuck_ppm: dice.one_of(&[0, 0, 5_000]),
                lost_ppm: dice.one_of(&[0, 0, 20_000]),
                unheard_ppm: dice.one_of(&[0, 0, 20_000, 60_000]),
                crash_ppm: 0,
            },
            keys: dice.below(4) > 0,
            events: events(dice, nodes, storm_ms),
        }
    }

    /// Whether some node's clock will stand a day or more ahead.
    pub(super) fn runs_a_day_ahead(&self) -> bool {
        let far = |event: &Happening| matches!(event, Happening::ClockJump(_, by_ms) if *by_ms >= DAY_MS);
        self.events.iter().any(|(_, event)| far(event))
    }
}

impl Visit {
    fn draw(dice: &Dice, cards: usize, storm_ms: u64) -> Self {
        let some = |ppm: [u64; 3]| dice.one_of(&ppm);
        let after = |dice: &Dice| dice.between(1, 12) as u32;
        Self {
            card: dice.below(cards as u64) as usize,
            wrong_day_ppm: some([0, 0, 500_000]),
            wrong_code_ppm: some([0, 0, 400_000]),
            twice_ppm: some([0, 0, 300_000]),
            looks_ppm: 100_000,
            leaves: dice
                .coin()
                .then(|| (after(dice), dice.one_of(&[5_000, 60_000, 400_000, 3_600_000, 90_000_000]))),
            moves: (dice.below(4) == 0).then(|| after(dice)),
            gone: (dice.below(6) == 0).then(|| after(dice)),
            late_ms: dice.below(storm_ms / 4),
            cancelled_after_ms: (dice.below(10) == 0).then(|| dice.between(100, 20_000)),
        }
    }
}

fn events(dice: &Dice, nodes: usize, storm_ms: u64) -> Vec<(u64, Happening)> {
    let mut events = Vec::new();
    let node = || dice.below(nodes as u64) as usize;
    let mut some = |most: u64, make: &dyn Fn() -> Happening| {
        if dice.coin() {
            for _ in 0..dice.between(1, most) {
                events.push((dice.below(storm_ms), make()));
            }
        }
    };
    some(3, &|| Happening::PowerCut);
    some(2, &|| Happening::Crash(node()));
    some(2, &|| {
        let by_ms = dice.one_of(&[-7_200_000, -40_000, -2_000, 2_000, 40_000, 7_200_000, DAY_MS]);
        Happening::ClockJump(node(), by_ms)
    });
    some(3, &|| {
        let whom = dice.one_of(&[Whom::Memory, Whom::Memory, Whom::Issuer, Whom::Banks]);
        Happening::Apart(node(), whom, dice.between(200, 40_000))
    });
    some(10, &|| {
        let at = dice.one_of(&[Institution::Mois, Institution::Kftc]);
        let operations: &[&str] = match at {
            Institution::Kftc => &["token", "holder", "deposit", "deposit", "deposit_result"],
            _ => &["token", "check", "check", "check"],
        };
        let operation = dice.one_of(operations);
        let fault = match at {
            Institution::Kftc if dice.below(3) == 0 => dice.one_of(&AT_BANKS),
            _ => dice.one_of(&ANYWHERE),
        };
        let rule = Rule::next(fault, operation, dice.between(1, 3) as u32);
        Happening::Mischief(at, Rule { ms: dice.between(50, 12_000), ..rule })
    });
    // Stable, so that two of one moment keep the order in which they were drawn.
    events.sort_by_key(|(at, _)| *at);
    events
}
