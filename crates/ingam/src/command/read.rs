//! `ingam read`: what the reader makes of pictures, a JSON object a line.

use super::{BAD_INPUT, DONE, StoreArgs};
use crate::eyes::day_in_korea;
use crate::given::MachineClock;
use crate::serve;
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct ReadArgs {
    /// Pictures, JPEG or PNG.
    #[arg(required = true)]
    images: Vec<PathBuf>,
    /// JSON only.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

pub(crate) async fn run(args: ReadArgs) -> Result<u8, (u8, String)> {
    let config = args.store.load().map_err(|why| (super::BAD_USAGE, why))?;
    let reader = serve::reader(&config).map_err(|why| (super::INTERNAL, why))?;
    let today = day_in_korea(MachineClock::default().now());
    let mut worst = DONE;
    for file in &args.images {
        let name = file.display().to_string();
        let bytes = match std::fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) => {
                eprintln!("ingam: {name}: {error}");
                worst = BAD_INPUT;
                continue;
            }
        };
        match reader.read(&bytes, today) {
            Ok(reading) => {
                let json = reading.to_contract_json(&name);
                if args.json {
                    println!("{json}");
                } else {
                    println!("{}", serde_json::to_string_pretty(&json).unwrap_or_default());
                }
            }
            Err(unreadable) => {
                eprintln!("ingam: {name}: {} ({unreadable})", unreadable.code());
                worst = BAD_INPUT;
            }
        }
    }
    Ok(worst)
}
