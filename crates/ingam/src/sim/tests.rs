//! The simulation itself: clean seeds are clean, the same seed is the same run, and mistakes are found.

use super::run;
use ingam_ledger::memory::Mistake;
use std::collections::BTreeMap;

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in 1..=40 {
        let told = || run(seed, None).unwrap().story.text(true);
        let (first, second) = (told(), told());
        assert!(first.lines().count() > 100, "a story of nothing proves nothing");
        let apart = first.lines().zip(second.lines()).find(|(first, second)| first != second);
        assert_eq!(apart, None, "seed {seed}");
        assert_eq!(first.lines().count(), second.lines().count(), "seed {seed}");
    }
}

#[test]
fn two_hundred_schedules_are_clean() {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in 1..=200 {
        let run = run(seed, None).unwrap();
        assert_eq!(run.wrong, None, "seed {seed}:\n{}", run.story.text(false));
        for (what, times) in run.counts {
            *counts.entry(what).or_default() += times;
        }
    }
    println!("{counts:?}");
    // Enough happened to prove something.
    for (what, least) in [("verified", 100), ("crashes", 100), ("power_cuts", 50), ("partitions", 50)] {
        assert!(counts.get(what).is_some_and(|times| *times >= least), "{what}: {counts:?}");
    }
}

/// The rules refuse what a fence lets through: safety never rests on leases. The conformance suite finds it.
const HARMLESS: [Mistake; 1] = [Mistake::ForgetsEpochs];

#[test]
fn every_mistake_of_a_store_is_found() {
    for mistake in Mistake::ALL.into_iter().filter(|mistake| !HARMLESS.contains(mistake)) {
        let found = (1..=400).find_map(|seed| {
            let run = run(seed, Some(mistake)).unwrap();
            run.wrong.map(|why| (seed, why))
        });
        let (seed, why) = found.unwrap_or_else(|| panic!("{mistake:?} is not found in 400 schedules"));
        println!("{mistake:?} is found by seed {seed}: {why}");
    }
}
