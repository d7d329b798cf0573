//! `ingam sim`: schedules from seeds, several at once, each in a thread of its own. The first that fails is told as a
//! story, and the exit code is 1.

use super::{DONE, FAILED, INTERNAL};
use crate::sim::{self, Run};
use clap::Args;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Seeds that a thread takes at once.
const CHUNK: u64 = 8;
/// How often progress is told.
const TOLD_EVERY: Duration = Duration::from_secs(10);

#[derive(Args)]
pub(crate) struct SimArgs {
    /// The first seed. The same seed is the same run, to the byte.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds, one after the other.
    #[arg(long, default_value_t = 1)]
    count: u64,
    /// Tell the story of a clean run, too.
    #[arg(long)]
    story: bool,
    /// Tell every call of the memory, too.
    #[arg(long)]
    calls: bool,
    /// How many at once; as many as there are cores unless set.
    #[arg(long)]
    threads: Option<u64>,
    /// A file that remembers how far it came, so that a run which broke off goes on from there.
    #[arg(long)]
    resume: Option<PathBuf>,
    /// JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// What came of all seeds so far.
#[derive(Default)]
struct Sum {
    clean: u64,
    counts: BTreeMap<&'static str, u64>,
}

pub(crate) fn run(args: &SimArgs) -> Result<u8, (u8, String)> {
    let end = args.seed.saturating_add(args.count);
    let first = args.resume.as_deref().map_or(Ok(args.seed), |file| resumed(file, args.seed))?;
    let began = Instant::now();
    let mut sum = Sum::default();
    let failed = all(args, first, end, began, &mut sum).map_err(|why| (INTERNAL, why))?;
    let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    if let Some(run) = &failed {
        tell(args, run);
    }
    if args.json {
        let answer = json!({
            "seeds": sum.clean + u64::from(failed.is_some()),
            "clean": sum.clean,
            "failed": failed.as_ref().map(|run| json!({ "seed": run.seed, "wrong": run.wrong, "story": run.story.text(args.calls) })),
            "happened": sum.counts,
            "elapsed_ms": elapsed_ms,
        });
        println!("{answer}");
    } else {
        eprintln!("{}", so_far(&sum, elapsed_ms));
    }
    Ok(if failed.is_some() { FAILED } else { DONE })
}

/// Runs seeds until one fails; answers the smallest that did among those that were under way.
fn all(args: &SimArgs, first: u64, end: u64, began: Instant, sum: &mut Sum) -> Result<Option<Run>, String> {
    let threads =
        args.threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, |n| n.get() as u64));
    let mut told = Instant::now();
    let mut next = first;
    while next < end {
        let until = end.min(next.saturating_add(CHUNK * threads));
        let mut runs = chunk(next..until, threads)?;
        runs.sort_by_key(|run| run.seed);
        for run in runs {
            if run.wrong.is_some() {
                return Ok(Some(run));
            }
            sum.clean += 1;
            for (what, times) in &run.counts {
                *sum.counts.entry(what).or_default() += times;
            }
            if args.story {
                tell(args, &run);
            }
        }
        next = until;
        if let Some(file) = &args.resume {
            std::fs::write(file, next.to_string()).map_err(|e| format!("{}: {e}", file.display()))?;
        }
        if told.elapsed() >= TOLD_EVERY {
            told = Instant::now();
            let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            eprintln!("seed {next}: {}", so_far(sum, elapsed_ms));
        }
    }
    Ok(None)
}

/// Runs these seeds, so many at once.
fn chunk(seeds: std::ops::Range<u64>, threads: u64) -> Result<Vec<Run>, String> {
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        for thread in 0..threads {
            let (tell, seeds) = (tell.clone(), seeds.clone());
            scope.spawn(move || {
                for seed in seeds.skip(thread as usize).step_by(threads as usize) {
                    // The receiver lives until every thread has ended.
                    let _ = tell.send(sim::run(seed, None));
                }
            });
        }
        drop(tell);
        told.iter().collect()
    })
}

/// Where a run that broke off goes on.
fn resumed(file: &Path, first: u64) -> Result<u64, (u8, String)> {
    match std::fs::read_to_string(file) {
        Ok(text) => text
            .trim()
            .parse::<u64>()
            .map(|next| next.max(first))
            .map_err(|_| (super::BAD_INPUT, format!("{} does not hold a seed", file.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(first),
        Err(error) => Err((super::BAD_INPUT, format!("{}: {error}", file.display()))),
    }
}

fn tell(args: &SimArgs, run: &Run) {
    if args.json {
        return;
    }
    print!("{}", run.story.text(args.calls));
    match &run.wrong {
        Some(why) => println!("seed {}: WRONG: {why}", run.seed),
        None => println!("seed {}: clean", run.seed),
    }
}

fn so_far(sum: &Sum, elapsed_ms: u64) -> String {
    let a_minute = sum.clean.saturating_mul(60_000) / elapsed_ms.max(1);
    let mut text = format!("{} schedules clean, {a_minute} a minute", sum.clean);
    for (what, times) in &sum.counts {
        text.push_str(&format!("; {times} {}", what.replace('_', " ")));
    }
    text
}
