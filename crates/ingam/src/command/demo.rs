//! `ingam demo`: everything in one process, and one whole verification of a specimen person over real HTTP, so that
//! its result is on the screen. Refuses to take any way that an institution or a person could not take.

mod line;
mod walk;

use super::{DONE, FAILED, INTERNAL};
use crate::serve::{self, Serve};
use std::time::Duration;
use tokio::time::Instant;
use walk::{Places, Walk};

/// The whole verification may take so long.
const DEADLINE: Duration = Duration::from_secs(60);

/// Starts, walks, and stays up unless `once`.
///
/// # Errors
/// Where the program can't be started.
pub(crate) async fn run(serve: Serve, once: bool) -> Result<u8, (u8, String)> {
    let began = Instant::now();
    let running = serve::start(serve).await.map_err(|why| (INTERNAL, why))?;
    let file = running.app.config.store.dir.join("sandbox.json");
    let places = Places::read(&file).map_err(|why| (INTERNAL, why))?;
    println!("{:>8}  started: ledger, workers, API, page, sandbox institutions", took(began));
    println!();
    println!("  person       {}/studio", running.home_url);
    println!(
        "               a phone with the real page, what the institution's program sends and gets, the bank book"
    );
    println!("  institution  {}/openapi.json", running.home_url);
    println!("               its key is in {}", file.display());
    println!("  console      {}/console", running.home_url);
    println!("               login, password and one-time secret of its staff are in the same file");
    println!("  sandbox      {}/", places.sandbox_url);
    println!("               people, issuers and banks with switches for their faults");
    if let Some(lan) = &running.lan {
        println!("{lan}");
    }
    println!();
    println!("One verification over HTTP, as the institution and as 김민수, who does not exist:");
    let walked = match tokio::time::timeout(DEADLINE, Walk::begin(places).whole()).await {
        Ok(walked) => walked,
        Err(_) => Err(format!("not through after {} seconds", DEADLINE.as_secs())),
    };
    let code = match &walked {
        Ok(()) => DONE,
        Err(why) => {
            println!("  failed: {why}");
            FAILED
        }
    };
    if !once {
        println!();
        println!("Look at it at {}/studio; end with Ctrl-C.", running.home_url);
        serve::until_asked().await;
    }
    running.stop().await;
    Ok(code)
}

/// `0.31 s`.
fn took(since: Instant) -> String {
    format!("{:.2} s", since.elapsed().as_secs_f64())
}
