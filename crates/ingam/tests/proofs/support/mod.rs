//! The stage of a proof: a folder, the institutions in a process of their own, the program that can be killed and
//! started again, and whoever speaks with it.
//!
//! Refuses to sleep for correctness: whatever must happen is looked for until a deadline.

pub mod client;
pub mod disk;
pub mod hook;
pub mod notes;
pub mod walk;

use client::{Address, Desk, Institution, Person};
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::Instant;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(15);
/// A start on a busy machine may take so long.
const START: Duration = Duration::from_secs(60);

/// Looks until there is something to see. Says what was missing where nothing came in time.
pub async fn until<T, F>(what: &str, within: Duration, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let began = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(began.elapsed() < within, "not within {within:?}: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// A count that a longer run raises.
pub fn count(name: &str, usual: u32) -> u32 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Numbers that look random and repeat with a seed (SplitMix64, Steele and others, 2014). `INGAM_SEED` sets it.
pub struct Dice(u64);

impl Dice {
    /// From the environment's seed, or this one.
    pub fn new(usual: u64) -> Self {
        Self(std::env::var("INGAM_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(usual))
    }

    /// Below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// Where everything of one proof lies.
pub struct Stage {
    /// Goes away with everything in it.
    pub dir: TempDir,
    /// The institutions' desk.
    pub desk: Desk,
    /// Where the program is reached at the moment; all clients share it.
    pub address: Address,
    _sandbox: Child,
    starts: AtomicU32,
}

/// A program that runs.
pub struct Server {
    child: Child,
    /// Where it is reached.
    pub url: String,
}

impl Stage {
    /// Starts the institutions and writes the program's settings. `more` is TOML that follows them.
    pub async fn set(more: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("logs")).unwrap();
        let said = dir.path().join("logs/sandbox.out");
        let sandbox = Command::new(env!("CARGO_BIN_EXE_ingam"))
            .args(["sandbox", "--listen", "127.0.0.1:0"])
            .stdout(File::create(&said).unwrap())
            .stderr(File::create(dir.path().join("logs/sandbox.err")).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let url = until("the sandbox says where it listens", START, || async {
            std::fs::read_to_string(&said).unwrap().strip_suffix('\n').map(str::to_owned)
        })
        .await;
        std::fs::write(dir.path().join("ingam.toml"), settings(&url, more)).unwrap();
        let starts = AtomicU32::new(0);
        Self { dir, desk: Desk::at(&url), address: Address::default(), _sandbox: sandbox, starts }
    }

    /// Where the program keeps what happened.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("disk/data")
    }

    fn command(&self, words: &[&str]) -> Command {
        std::fs::create_dir_all(self.dir.path().join("disk")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_ingam"));
        command.args(words).arg("--data").arg(self.data());
        command.arg("--config").arg(self.dir.path().join("ingam.toml")).kill_on_drop(true);
        command
    }

    async fn said(&self, environment: &[(&str, &Path)], words: &[&str]) -> String {
        let output = self.command(words).envs(environment.iter().copied()).output().await.unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Runs a command on the stage's store and settings: its exit code, what it answered and what it said.
    pub async fn run(&self, words: &[&str]) -> (i32, String, String) {
        let output = self.command(words).output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// The same, killed after a time unless it has ended.
    pub async fn run_at_most(&self, words: &[&str], time: Duration) {
        let ended = self.command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let _ = tokio::time::timeout(time, ended.wait_with_output()).await;
    }

    /// Makes an institution with a key, as an operator does before the program serves.
    pub async fn institution(&self, name: &str) -> Institution {
        self.institution_on(&[], name).await
    }

    /// The same, with something in the commands' environment.
    pub async fn institution_on(&self, environment: &[(&str, &Path)], name: &str) -> Institution {
        let create = ["institution", "create", "--name", name, "--phone", "1588-0000"];
        let id = self.said(environment, &create).await;
        let key = self.said(environment, &["key", "create", "--institution", &id]).await;
        Institution::new(self.address.clone(), key)
    }

    /// Starts the program; it answers when this returns.
    pub async fn start(&self) -> Server {
        self.start_with(&[]).await
    }

    /// The same, with something in its environment.
    pub async fn start_with(&self, environment: &[(&str, &Path)]) -> Server {
        self.try_start(environment).await.unwrap_or_else(|said| panic!("it did not start:\n{said}"))
    }

    /// The same; where it ends instead of serving, what it said.
    pub async fn try_start(&self, environment: &[(&str, &Path)]) -> Result<Server, String> {
        let (mut child, log) = self.spawn(environment);
        let began = Instant::now();
        loop {
            let said = std::fs::read_to_string(&log).unwrap();
            if let Some(url) = said.lines().find_map(serving) {
                self.address.set(&url);
                return Ok(Server { child, url });
            }
            if child.try_wait().unwrap().is_some() || began.elapsed() > START {
                return Err(said);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn spawn(&self, environment: &[(&str, &Path)]) -> (Child, PathBuf) {
        let number = self.starts.fetch_add(1, Ordering::Relaxed);
        let log = self.dir.path().join(format!("logs/serve-{number}.log"));
        let file = File::create(&log).unwrap();
        let child = self
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .envs(environment.iter().copied())
            .stdout(Stdio::from(file.try_clone().unwrap()))
            .stderr(Stdio::from(file))
            .spawn()
            .unwrap();
        (child, log)
    }

    /// Starts the program and kills it after a while, wherever it is by then.
    pub async fn start_and_kill(&self, after: Duration) {
        let (mut child, _) = self.spawn(&[]);
        tokio::time::sleep(after).await;
        child.kill().await.unwrap();
    }

    /// Replays everything; the program must not run. Panics unless it is clean; answers the report.
    pub async fn audit(&self) -> Value {
        let output = self.command(&["audit", "--json"]).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        let report: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(report["findings_total"], 0, "{report:#}");
        report
    }

    /// A person who follows a link.
    pub async fn person(&self, link: &str) -> Person {
        until("the link opens", START, || async { Person::open(&self.address, link).await.ok() }).await
    }

    /// Everything that the program and the sandbox have said so far, by file.
    pub fn logs(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let files = std::fs::read_dir(self.dir.path().join("logs")).unwrap();
        files
            .map(|file| file.unwrap().path())
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect()
    }
}

impl Server {
    /// SIGKILL, and wait until the system has taken it away.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to end, and waits until it has.
    pub async fn stop(mut self) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        let ended =
            tokio::time::timeout(START, self.child.wait()).await.expect("it ends when asked").unwrap();
        assert!(ended.success(), "{ended}");
    }
}

/// Where it listens, in a line of the log that says that it serves.
fn serving(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    let listen = line["fields"]["listen"].as_str().filter(|_| line["fields"]["message"] == "serving")?;
    Some(format!("http://{listen}"))
}

/// The program's settings: institutions as an operator would configure them, high daily limits, since these few
/// people do in a minute what a country does in a day.
fn settings(sandbox: &str, more: &str) -> String {
    let limits = "{ timeout_ms = 1000, breaker_failures = 1000000 }";
    format!(
        r#"
[http]
# The address in links stays, wherever it listens; a proxy stands in front.
base_url = "http://ingam.test"
proxies = 1
[policy]
picture_files = true
[limits]
sends_per_account_day = 1000
sends_per_person_day = 1000
sends_per_device_day = 1000
sends_per_address_day = 10000
[work]
lease_s = 3
[webhooks]
allow_private_addresses = true
allow_http = true
timeout_ms = 2000
[resident_card]
auth_url = "{sandbox}"
base_url = "{sandbox}"
client_id = "sandbox"
client_secret = "sandbox"
limits = {limits}
[open_banking]
base_url = "{sandbox}"
client_id = "sandbox"
client_secret = "sandbox"
institution_code = "F123456789"
contract_account = "00012300045678"
pass_phrase = "NONE"
own_print_content = "계좌확인"
client_name = "견본기관"
client_bank = "097"
client_account = "00012300045678"
client_number = "SANDBOX"
contract_codes = {{ S01 = "blocked_by_person", S02 = "no_trace", S03 = "maintenance" }}
maintenance = {{ default = [] }}
settle_ms = 4000
midnight_ms = 0
limits = {limits}
[log]
format = "json"
{more}
"#
    )
}
