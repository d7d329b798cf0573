//! Many cases over fifty cards while institutions are slow, down, silent, forgetful and repeat themselves: no card ever
//! gets a third wrong day of issue, no transfer is booked twice, and every case ends or has a way out.
//!
//! Everyone's clock runs twenty times as fast as the machine's. INGAM_CASES says how many cases, INGAM_SEED which faults.

use super::house::House;
use super::visitor::{Slips, Step, Visitor};
use crate::codes;
use crate::flow::read_event;
use crate::{sequencer, work};
use ingam_cases::id::VerificationId;
use ingam_cases::verification::next::{Next, next};
use ingam_cases::verification::{End, Event};
use ingam_ledger::Entropy;
use ingam_ledger::testing::SeededEntropy;
use ingam_sandbox::catalogue::Catalogue;
use ingam_sandbox::{Fault, Institution, Rule, Sandbox};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

const CARDS: usize = 50;
/// How many people are at it at once.
const AT_ONCE: usize = 12;
/// A call that takes longer is given up, in milliseconds.
const TIMEOUT_MS: u64 = 500;
/// How long one person stays, by the machine's clock: a busy machine makes them wait, and that is no finding.
const PATIENCE: Duration = Duration::from_secs(60);

fn from_environment(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Numbers that look random and repeat with a seed.
struct Dice(SeededEntropy);

impl Dice {
    fn new(stream: u64) -> Self {
        Self(SeededEntropy::new(from_environment("INGAM_SEED", 50) << 32 | stream))
    }

    fn below(&self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % bound
    }

    fn one_of<T: Copy>(&self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// What can go wrong with any question.
const ANYWHERE: [Fault; 10] = [
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
];
/// What can go wrong with a question to a bank: that the answer is lost, above all.
const AT_BANKS: [Fault; 8] = [
    Fault::Duplicate,
    Fault::Stale,
    Fault::LostAnswer,
    Fault::ErrorAfter,
    Fault::Hang,
    Fault::Slow,
    Fault::Malformed,
    Fault::Trickle,
];

/// Lets the next questions about a card go wrong, each with some chance.
fn mischief(sandbox: &Sandbox, dice: &Dice, card: &str) {
    let questions = [
        (Institution::Mois, "check", 25, ANYWHERE.as_slice()),
        (Institution::Kftc, "holder", 30, &ANYWHERE),
        (Institution::Kftc, "deposit", 50, &AT_BANKS),
        (Institution::Kftc, "deposit_result", 40, &AT_BANKS),
    ];
    for (institution, operation, chance, faults) in questions {
        if dice.below(100) < chance {
            let times = 1 + dice.below(2) as u32;
            let rule = Rule::next(dice.one_of(faults), operation, times);
            let rule = Rule { person: Some(card.to_owned()), ms: 50 + dice.below(2 * TIMEOUT_MS), ..rule };
            sandbox.set_fault(institution, rule).unwrap();
        }
    }
    if dice.below(100) < 10 {
        let at = dice.one_of(&[Institution::Mois, Institution::Kftc]);
        sandbox.set_fault(at, Rule::next(dice.one_of(&ANYWHERE), "token", 1)).unwrap();
    }
}

/// Counts wrong days of issue since the last right answer, card by card; fails at a third.
async fn judge(sandbox: Sandbox, mut stop: watch::Receiver<bool>) -> u32 {
    let mut events = sandbox.listen();
    let mut at_last_right: HashMap<String, u32> = HashMap::new();
    let mut most = 0;
    loop {
        let event = tokio::select! {
            _ = stop.changed() => return most,
            event = events.recv() => event.expect("the judge keeps up"),
        };
        let event: serde_json::Value = serde_json::from_str(&event).unwrap();
        let call = &event["data"];
        if event["type"] != "call" || call["operation"] != "check" {
            continue;
        }
        let Some(person) = call["person"].as_str().and_then(|id| sandbox.catalogue().person(id)) else {
            continue;
        };
        let wrong = sandbox.counts().wrong_dates.get(&person.number).copied().unwrap_or(0);
        // An answer that got lost frees nothing, so it counts as none.
        let heard = matches!(call["fault"].as_str(), None | Some("slow" | "expire_tokens"));
        if call["outcome"] == "200" && heard {
            at_last_right.insert(person.number.clone(), wrong);
        }
        let since = wrong - at_last_right.get(&person.number).copied().unwrap_or(0);
        assert!(since <= 2, "{}: {since} wrong days of issue in a row", person.id);
        most = most.max(since);
    }
}

/// One person with one of the cards. Half of the cards are with somebody who does not know the day of issue and
/// guesses; the others slip now and then.
async fn visit(house: &House, case: u64) -> (VerificationId, Option<End>) {
    let dice = Dice::new(case);
    let card = dice.below(CARDS as u64) as usize;
    let who = house.sandbox.catalogue().people[card].clone();
    mischief(&house.sandbox, &dice, &who.id);
    let visitor = Visitor::at(house, house.open().await, who).await;
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let slips = card < CARDS / 2 || dice.below(100) < 30;
        let slips =
            Slips { days: if slips { 1 + dice.below(300) as i64 } else { 0 }, code: dice.below(100) < 10 };
        match visitor.step(slips).await {
            Step::Done => {}
            Step::Waits => tokio::time::sleep(Duration::from_millis(20)).await,
            Step::GivesUp => return (visitor.id, None),
            Step::Ended(end) => return (visitor.id, Some(end)),
        }
    }
    (visitor.id, None)
}

/// The transfers of a case, by what their lines in the book say.
async fn transfers(house: &House, id: &VerificationId) -> Vec<String> {
    let mut codes = Vec::new();
    for entry in house.app.ledger.entries(id.as_str(), 0, u32::MAX).await.unwrap() {
        if !entry.kind.starts_with("verification.") {
            continue;
        }
        if let Event::DepositAsked { call, .. } = read_event(&entry.kind, &entry.clear).unwrap() {
            codes.push(codes::won_code(&house.app.ledger, &call).await.unwrap());
        }
    }
    codes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_cases_over_fifty_cards_none_locks_a_card_or_pays_twice() {
    let cases = from_environment("INGAM_CASES", 150);
    let house = Arc::new(House::with(Catalogue::crowd(CARDS), TIMEOUT_MS).await);
    let (stop, stopping) = watch::channel(false);
    let parts = [
        tokio::spawn(work::run(house.app.clone(), stopping.clone())),
        tokio::spawn(sequencer::run(house.app.clone(), stopping.clone())),
        tokio::spawn({
            let (house, mut stopping) = (house.clone(), stopping.clone());
            async move {
                while !*stopping.borrow_and_update() {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    house.advance(Duration::from_millis(950));
                }
            }
        }),
    ];
    let judge = tokio::spawn(judge(house.sandbox.clone(), stopping));

    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let visits: Vec<_> = (0..cases)
        .map(|case| {
            let (house, turns) = (house.clone(), turns.clone());
            tokio::spawn(async move {
                let _turn = turns.acquire().await.unwrap();
                visit(&house, case).await
            })
        })
        .collect();
    let mut ids = Vec::new();
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    for visit in visits {
        let (id, end) = visit.await.unwrap();
        let how = end.map_or_else(|| "left open".to_owned(), |end| format!("{end:?}"));
        *ends.entry(how).or_default() += 1;
        ids.push(id);
    }
    Institution::ALL.into_iter().for_each(|at| house.sandbox.clear_faults(at));

    // Whoever left has something to come back to, or somebody else is at work; time alone ends it.
    for id in &ids {
        let state = house.app.verification(id).await.unwrap().unwrap().state;
        if let Next::Wait { reading: false, .. } = next(&state) {
            assert!(state.waiting().is_some(), "{id} waits for nobody: {state:#?}");
        }
    }
    house.advance(Duration::from_secs(25 * 3_600));
    let began = Instant::now();
    for id in &ids {
        while house.app.verification(id).await.unwrap().unwrap().state.end().is_none() {
            assert!(began.elapsed() < Duration::from_secs(60), "{id} does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    stop.send(true).unwrap();
    for part in parts {
        part.await.unwrap();
    }
    let most = judge.await.unwrap();

    let counts = house.sandbox.counts();
    for (number, wrong) in &counts.wrong_dates {
        let person = house.sandbox.catalogue().by_number(number).unwrap();
        let guessed = person.id.as_str() < format!("card-{:02}", CARDS / 2).as_str();
        assert!(!guessed || *wrong <= 2, "{}: {wrong} wrong days of issue", person.id);
    }
    assert!(counts.deposits_by_id.values().all(|times| *times == 1), "{:#?}", counts.deposits_by_id);
    let mut booked: HashMap<String, usize> = HashMap::new();
    for line in house.sandbox.book(None) {
        *booked.entry(line.print_content).or_default() += 1;
    }
    let mut asked: HashMap<String, usize> = HashMap::new();
    for id in &ids {
        let transfers = transfers(&house, id).await;
        let arrived = transfers.iter().filter(|code| booked.contains_key(*code)).count();
        assert!(arrived <= 3, "{id} sent more than the policy allows");
        transfers.into_iter().for_each(|code| *asked.entry(code).or_default() += 1);
    }
    for (code, times) in &booked {
        assert!(asked.get(code).is_some_and(|asked| asked >= times), "{code} was booked {times} times");
    }
    house.audit().await;
    // With so many faults most cards have both their tries spent before long, and nothing verifies with them any more:
    // that is the limit at work. As many came through as there are cards, or a tenth where the cases are few.
    let verified = ends.get("Verified").copied().unwrap_or(0);
    let least = (cases / 10).min(CARDS as u64);
    assert!(u64::from(verified) >= least, "too few came through to prove anything: {ends:?}");
    let spent = house.app.ledger.store().scan_claims(None, 10_000).await.unwrap();
    let spent = spent.iter().filter(|claim| claim.base.starts_with("wrong_date:")).count();
    assert_eq!(most, 2, "nobody came near the limit");
    println!(
        "{cases} cases: {ends:?}; {spent} tries of {CARDS} cards spent; {} booked of {} asked; calls {:?}",
        booked.len(),
        asked.len(),
        counts.calls
    );
}
