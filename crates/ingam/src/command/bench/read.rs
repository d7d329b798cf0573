//! `ingam bench read`: how long each step of reading takes.

use crate::config::Config;
use crate::eyes::day_in_korea;
use crate::given::MachineClock;
use crate::serve;
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct BenchReadArgs {
    /// Pictures to read; without any, specimens of every kind are drawn.
    images: Vec<PathBuf>,
    /// How often each is read.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

pub(super) fn bench(args: &BenchReadArgs) -> Result<serde_json::Value, String> {
    let config = Config::load(None).map_err(|e| e.to_string())?;
    let reader = serve::reader(&config)?;
    let pictures = if args.images.is_empty() {
        specimens()?
    } else {
        args.images
            .iter()
            .map(|file| std::fs::read(file).map_err(|e| format!("{}: {e}", file.display())))
            .collect::<Result<_, _>>()?
    };
    let today = day_in_korea(MachineClock::default().now());
    let figures = ingam_vision::bench(&reader, &pictures, args.rounds, today).map_err(|e| e.to_string())?;
    serde_json::to_value(figures).map_err(|e| e.to_string())
}

#[cfg(feature = "sandbox")]
fn specimens() -> Result<Vec<Vec<u8>>, String> {
    use ingam_sandbox::cards::{Scene, holders, photograph_document};
    let documents = holders().into_iter().flat_map(|holder| holder.documents);
    documents
        .map(|drawn| {
            photograph_document(&drawn.svg(), drawn.format, &Scene::default()).map_err(|e| e.to_string())
        })
        .collect()
}

#[cfg(not(feature = "sandbox"))]
fn specimens() -> Result<Vec<Vec<u8>>, String> {
    Err("name pictures: this build draws none".into())
}
