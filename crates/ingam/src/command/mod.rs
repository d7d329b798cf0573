//! The command line.

mod admin;
mod audit;
mod backup;
mod bench;
#[cfg(feature = "sandbox")]
mod demo;
mod moving;
mod read;
#[cfg(feature = "sandbox")]
mod sandbox;
#[cfg(feature = "sandbox")]
mod sim;

use crate::config::{Address, Config};
use crate::serve::{self, Serve};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Done.
pub(crate) const DONE: u8 = 0;
/// Failed, and it was said why.
pub(crate) const FAILED: u8 = 1;
/// The command line can't be used.
pub(crate) const BAD_USAGE: u8 = 64;
/// What was given can't be used.
pub(crate) const BAD_INPUT: u8 = 65;
/// The machine failed.
pub(crate) const INTERNAL: u8 = 70;

#[derive(Parser)]
#[command(name = "ingam", version, about = "Knows who a person is without meeting them, and lets them sign.")]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API, the pages and the work behind them.
    Serve(ServeArgs),
    /// Serve with the sandbox and drive one whole verification, so that its result can be looked at.
    #[cfg(feature = "sandbox")]
    Demo(DemoArgs),
    /// Play the institutions outside, in a process of their own.
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::SandboxArgs),
    /// Run the whole program on virtual time with faults that a seed draws, and check it after every step.
    #[cfg(feature = "sandbox")]
    Sim(sim::SimArgs),
    /// Read pictures of ID documents.
    Read(read::ReadArgs),
    /// Replay the ledger against its views, leaves and numbers.
    Audit(audit::AuditArgs),
    /// Make, verify and restore backups.
    #[command(subcommand)]
    Backup(backup::BackupCommand),
    /// Move the embedded store into PostgreSQL.
    Move(moving::MoveArgs),
    /// Figures of this machine; never a pass or fail.
    Bench(bench::BenchArgs),
    /// Make an institution, and invite its staff.
    #[command(subcommand)]
    Institution(admin::InstitutionCommand),
    /// Make and revoke API keys.
    #[command(subcommand)]
    Key(admin::KeyCommand),
}

/// Where the settings and the store are.
#[derive(Args, Clone, Default)]
pub(crate) struct StoreArgs {
    /// A file of settings; see ingam.default.toml.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// The folder of this machine: the top key, and the embedded store.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// A store that several machines share, postgres://…
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
}

impl StoreArgs {
    pub(crate) fn load(&self) -> Result<Config, String> {
        let mut config = Config::load(self.config.as_deref()).map_err(|e| e.to_string())?;
        if let Some(dir) = &self.data {
            config.store.dir.clone_from(dir);
        }
        if let Some(url) = &self.store {
            config.store.url = Address::new(url.clone());
        }
        config.check_store().map_err(|e| e.to_string())?;
        Ok(config)
    }
}

#[derive(Args, Clone)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub store: StoreArgs,
    /// Where to listen.
    #[arg(long)]
    pub listen: Option<String>,
    /// Start the simulated institutions, too, and make a demo institution. Only in test.
    #[cfg(feature = "sandbox")]
    #[arg(long)]
    pub sandbox: bool,
}

#[cfg(feature = "sandbox")]
#[derive(Args)]
struct DemoArgs {
    #[command(flatten)]
    serve: ServeArgs,
    /// End after that verification: exit code 0 where the person was verified, 1 where not.
    #[arg(long)]
    once: bool,
    /// Also serve the local network over TLS, by an authority made here, for a real phone.
    #[arg(long)]
    lan: bool,
}

pub(crate) fn main() -> ExitCode {
    let line = match Line::try_parse() {
        Ok(line) => line,
        Err(error) => {
            let code = if error.use_stderr() { BAD_USAGE } else { DONE };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return end(Err((INTERNAL, error.to_string()))),
    };
    end(runtime.block_on(run(line.command)))
}

fn end(result: Result<u8, (u8, String)>) -> ExitCode {
    match result {
        Ok(code) => ExitCode::from(code),
        Err((code, why)) => {
            eprintln!("ingam: {why}");
            ExitCode::from(code)
        }
    }
}

async fn run(command: Command) -> Result<u8, (u8, String)> {
    match command {
        Command::Serve(args) => {
            let serve = prepare(&args)?;
            serve::serve(serve).await.map_err(|why| (INTERNAL, why))?;
            Ok(DONE)
        }
        #[cfg(feature = "sandbox")]
        Command::Demo(args) => {
            let mut serve_args = args.serve;
            serve_args.sandbox = true;
            let serve = Serve { lan: args.lan, ..prepare(&serve_args)? };
            demo::run(serve, args.once).await
        }
        #[cfg(feature = "sandbox")]
        Command::Sandbox(args) => sandbox::run(args).await,
        #[cfg(feature = "sandbox")]
        Command::Sim(args) => sim::run(&args),
        Command::Read(args) => read::run(args).await,
        Command::Audit(args) => audit::run(args).await,
        Command::Backup(command) => backup::run(command).await,
        Command::Move(args) => moving::run(args).await,
        Command::Bench(args) => bench::run(args).await,
        Command::Institution(command) => admin::institution(command).await,
        Command::Key(command) => admin::key(command).await,
    }
}

fn prepare(args: &ServeArgs) -> Result<Serve, (u8, String)> {
    let mut config = args.store.load().map_err(|why| (BAD_USAGE, why))?;
    if let Some(listen) = &args.listen {
        config.http.listen.clone_from(listen);
    }
    #[cfg(feature = "sandbox")]
    let sandbox = args.sandbox;
    #[cfg(not(feature = "sandbox"))]
    let sandbox = false;
    if sandbox && config.environment != crate::config::Environment::Test {
        return Err((BAD_USAGE, "--sandbox runs only with environment = \"test\"".into()));
    }
    serve::log(&config);
    Ok(Serve { config, sandbox, lan: false })
}
