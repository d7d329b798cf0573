//! `ingam backup create`: rows and blobs to one place, wrapped keys to another, beside whoever serves.

use super::{Telling, failed, place, size, top_key};
use crate::command::{BAD_USAGE, DONE, INTERNAL, StoreArgs};
use crate::given::{MachineClock, SystemEntropy};
use clap::Args;
use ingam_ledger::backup::{self, EXTENSION, Header, Kind, Made, Making};
use ingam_ledger::portable::Part;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Args)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// The folder for the file of rows and blobs.
    #[arg(long)]
    to: PathBuf,
    /// The folder for the file of wrapped keys; another disk, and kept for fewer days.
    #[arg(long)]
    keys_to: PathBuf,
    /// Allow both files in one folder.
    #[arg(long)]
    keys_beside: bool,
    /// Keep older files of keys in that folder, also those beyond `backup.keys_kept_days`.
    #[arg(long)]
    keep_old_keys: bool,
    /// JSON only.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: CreateArgs) -> Result<u8, (u8, String)> {
    let config = args.store.load().map_err(|why| (BAD_USAGE, why))?;
    let from = place(&config).await?;
    for folder in [&args.to, &args.keys_to] {
        std::fs::create_dir_all(folder).map_err(|e| (INTERNAL, format!("{}: {e}", folder.display())))?;
    }
    if !args.keys_beside && same_folder(&args.to, &args.keys_to) {
        return Err((
            BAD_USAGE,
            "rows and keys in one folder: whoever has it needs only the top key, and destroyed keys live on as long \
             as the rows; name another folder with --keys-to, or say --keys-beside"
                .into(),
        ));
    }
    let entropy = Arc::new(SystemEntropy::default());
    let (top_key, clock) = (top_key(&config.store.dir.join("top.key"), &entropy)?, MachineClock::default());
    let telling = Telling::begin("backup");
    let making = Making {
        environment: config.environment.as_str(),
        clock: &clock,
        entropy: &*entropy,
        top_key: &top_key,
        watching: &|progress| telling.tell(progress),
    };
    let made = backup::create(&from, &args.to, &args.keys_to, making).await.map_err(failed)?;
    let took_s = telling.took_s();
    let kept_for = SignedDuration::from_hours(24 * i64::from(config.backup.keys_kept_days));
    let removed = if args.keep_old_keys {
        Vec::new()
    } else {
        remove_old(&args.keys_to, &made, clock.now() - kept_for)
            .map_err(|(path, e)| (INTERNAL, format!("{}: {e}", path.display())))?
    };
    let delete_by = (clock.now() + kept_for).to_string();
    if args.json {
        println!(
            "{}",
            json!({ "made": made, "delete_keys_by": delete_by, "old_keys_removed": removed, "took_s": took_s })
        );
    } else {
        say(&made, &delete_by, &removed, took_s);
    }
    Ok(DONE)
}

fn same_folder(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// Removes files of keys made before a time, of this installation and no other. What was destroyed since lives on in
/// them; any ledger's file that needed them opens with the newer keys.
fn remove_old(
    folder: &Path,
    made: &Made,
    before: Timestamp,
) -> Result<Vec<PathBuf>, (PathBuf, std::io::Error)> {
    let ours = backup::header(&made.keys.path).ok();
    let old = |header: &Header| {
        let made_at: Option<Timestamp> = header.made_at.parse().ok();
        header.kind == Kind::Keys
            && ours
                .as_ref()
                .is_some_and(|ours| ours.top_key == header.top_key && ours.environment == header.environment)
            && made_at.is_some_and(|made_at| made_at < before)
    };
    let mut removed = Vec::new();
    let items = std::fs::read_dir(folder).map_err(|e| (folder.to_owned(), e))?;
    for item in items {
        let path = item.map_err(|e| (folder.to_owned(), e))?.path();
        let named = path.extension().is_some_and(|extension| extension == EXTENSION);
        if named && path != made.keys.path && backup::header(&path).is_ok_and(|header| old(&header)) {
            std::fs::remove_file(&path).map_err(|e| (path.clone(), e))?;
            removed.push(path);
        }
    }
    Ok(removed)
}

fn say(made: &Made, delete_by: &str, removed: &[PathBuf], took_s: f64) {
    let rows = |part| made.ledger.manifest.rows(part);
    println!(
        "backup {} of {}: {} entries in {} cases, {} tasks, {} blobs, in {took_s:.1} s",
        made.backup,
        made.made_at,
        rows(Part::Entries),
        rows(Part::Cases),
        rows(Part::Tasks),
        rows(Part::Blobs)
    );
    for (stream, head) in &made.heads {
        println!("  last number of {}: {head}", stream.word());
    }
    println!("  rows and blobs  {} ({})", made.ledger.path.display(), size(made.ledger.bytes));
    println!("  wrapped keys    {} ({})", made.keys.path.display(), size(made.keys.bytes));
    println!(
        "  delete the file of keys by {delete_by}: keys that are destroyed meanwhile live on in it until then"
    );
    for path in removed {
        println!("  removed {}: too old", path.display());
    }
}
