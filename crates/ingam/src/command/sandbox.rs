//! `ingam sandbox`: the simulated institutions alone, in a process of their own, so that their books outlive a
//! program that is killed. The program is set to them by a file of settings (`[resident_card]`, `[open_banking]`).

use super::{DONE, INTERNAL};
use crate::given::MachineClock;
use clap::Args;
use ingam_sandbox::{Options, Sandbox};
use std::sync::Arc;
use tokio::net::TcpListener;

#[derive(Args)]
pub(crate) struct SandboxArgs {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8701")]
    listen: String,
}

/// Prints where it listens, and answers until it is asked to end.
pub(crate) async fn run(args: SandboxArgs) -> Result<u8, (u8, String)> {
    let cannot = |e: std::io::Error| (INTERNAL, format!("cannot listen on {}: {e}", args.listen));
    let listener = TcpListener::bind(&args.listen).await.map_err(cannot)?;
    println!("http://{}", listener.local_addr().map_err(cannot)?);
    let sandbox = Sandbox::new(Options::new(Arc::new(MachineClock::default())));
    tokio::select! {
        served = ingam_sandbox::serve(listener, sandbox) => {
            served.map_err(|e| (INTERNAL, format!("the sandbox ended: {e}")))?;
        }
        () = crate::serve::until_asked() => {}
    }
    Ok(DONE)
}
