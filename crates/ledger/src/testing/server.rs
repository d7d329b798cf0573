//! A PostgreSQL server for tests: found on the machine, in a folder of its own, reached by a socket in it, and
//! gone with whoever holds it. Where there is none the tests say so and are skipped; with `INGAM_MUST=all` they
//! fail.

#![allow(clippy::unwrap_used, reason = "a test's machinery fails by panicking, like the test")]

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak, mpsc};
use std::time::Duration;

use sqlx::{Connection, PgConnection};

/// A server that runs.
pub struct Server {
    bin: PathBuf,
    dir: tempfile::TempDir,
    durable: bool,
    more: Vec<String>,
    child: Mutex<Child>,
    databases: AtomicU32,
}

impl Server {
    /// The server that the tests of this process share; it ends with the last who holds it. Loses what it did
    /// not write when the machine dies, so it is fast.
    pub fn shared() -> Option<Arc<Server>> {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return Some(server);
        }
        let server = Arc::new(Server::start(false)?);
        *shared = Arc::downgrade(&server);
        Some(server)
    }

    /// A server of one's own. `durable`: it syncs what it commits.
    pub fn start(durable: bool) -> Option<Server> {
        Server::start_with(durable, |_| vec![])
    }

    /// A server that also listens on a port, over TLS with this certificate and key, both in PEM.
    pub fn start_with_tls(port: u16, certificate: &str, key: &str) -> Option<Server> {
        use std::os::unix::fs::PermissionsExt;
        Server::start_with(false, |dir| {
            let mut settings =
                vec!["listen_addresses=localhost".into(), format!("port={port}"), "ssl=on".into()];
            for (setting, pem) in [("ssl_cert_file", certificate), ("ssl_key_file", key)] {
                let path = dir.join(setting);
                std::fs::write(&path, pem).unwrap();
                std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
                if let Some((user, group)) = unprivileged() {
                    chown(&path, Some(user), Some(group)).unwrap();
                }
                settings.push(format!("{setting}={}", path.display()));
            }
            settings
        })
    }

    fn start_with(durable: bool, settings: impl FnOnce(&Path) -> Vec<String>) -> Option<Server> {
        let Some(bin) = newest() else {
            let must = std::env::var("INGAM_MUST").is_ok_and(|must| must == "all");
            assert!(!must, "PostgreSQL is missing: no /usr/lib/postgresql/*/bin/initdb");
            eprintln!("SKIPPED: there is no PostgreSQL on this machine (/usr/lib/postgresql/*/bin)");
            return None;
        };
        let dir = tempfile::Builder::new().prefix("ingam-pg-").tempdir().unwrap();
        if let Some((user, group)) = unprivileged() {
            chown(dir.path(), Some(user), Some(group)).unwrap();
        }
        let made = as_postgres(&bin.join("initdb"))
            .args([
                "--no-sync",
                "--no-instructions",
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
            ])
            .args(["--locale=C", "--wal-segsize=4", "--pgdata"])
            .arg(dir.path().join("data"))
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(made.success(), "initdb failed");
        let more = settings(dir.path());
        let child = Mutex::new(run(&bin, dir.path(), durable, &more));
        let server = Server { bin, dir, durable, more, child, databases: AtomicU32::new(0) };
        server.until_ready();
        Some(server)
    }

    /// Ends the server at once, as a power cut would end it (what it synced stays), and starts it again.
    pub fn crash(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        end(&mut child);
        *child = run(&self.bin, self.dir.path(), self.durable, &self.more);
        drop(child);
        self.until_ready();
    }

    /// Ends the server at once and leaves it down.
    pub fn stop(&self) {
        end(&mut self.child.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The address of a database of this name.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.dir.path().display())
    }

    /// Makes an empty database and answers its address.
    pub async fn database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{number}");
        self.say(&format!("CREATE DATABASE {name}")).await;
        self.url(&name)
    }

    /// Says something to the server as its administrator.
    pub async fn say(&self, sql: &str) {
        self.say_to(&self.url("postgres"), sql).await;
    }

    /// Says something in one database.
    pub async fn say_to(&self, url: &str, sql: &str) {
        let mut session = PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut session).await.unwrap();
        session.close().await.unwrap();
    }

    /// What the server has logged since it started.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap()
    }

    /// Where its files are.
    pub fn files(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn until_ready(&self) {
        for _ in 0..600 {
            let asked = Command::new(self.bin.join("pg_isready"))
                .arg("--quiet")
                .arg("--host")
                .arg(self.dir.path())
                .args(
                    self.more
                        .iter()
                        .filter_map(|setting| Some(format!("--port={}", setting.strip_prefix("port=")?))),
                )
                .status()
                .unwrap();
            if asked.success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("PostgreSQL did not start");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(self.child.get_mut().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The newest PostgreSQL that Debian's packages installed.
fn newest() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let bins = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    bins.filter(|bin| bin.join("initdb").exists()).max_by_key(|bin| {
        let version = bin.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        version.and_then(|version| version.parse::<u32>().ok())
    })
}

/// PostgreSQL refuses to run as root; then it runs as the user that its package made.
fn unprivileged() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = users.lines().find(|line| line.starts_with("postgres:")).expect("a user named postgres");
    let mut fields = line.split(':').skip(2).map(|id| id.parse().unwrap());
    Some((fields.next().unwrap(), fields.next().unwrap()))
}

/// A command that ends with the thread that starts it, and is not root's.
fn as_postgres(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if let Some((user, group)) = unprivileged() {
        command.arg(format!("--reuid={user}")).arg(format!("--regid={group}")).arg("--clear-groups");
    }
    command.arg("--pdeathsig=QUIT").arg(program);
    command
}

fn run(bin: &Path, dir: &Path, durable: bool, more: &[String]) -> Child {
    let mut command = as_postgres(&bin.join("postgres"));
    command.arg("-D").arg(dir.join("data")).arg("-k").arg(dir).args(["-c", "listen_addresses="]);
    command.args(["-c", "max_connections=200", "-c", "shared_buffers=64MB"]);
    if !durable {
        command.args(["-c", "fsync=off"]);
    }
    for setting in more {
        command.args(["-c", setting]);
    }
    command.stdout(Stdio::null()).stderr(std::fs::File::create(dir.join("log")).unwrap());
    // The server ends when the thread that started it ends, so it is one that stays as long as the process.
    let (started, child) = mpsc::channel();
    std::thread::spawn(move || {
        started.send(command.spawn()).unwrap();
        loop {
            std::thread::park();
        }
    });
    child.recv().unwrap().unwrap()
}

fn end(child: &mut Child) {
    // An immediate shutdown: no checkpoint, no goodbye.
    let _ = Command::new("kill").arg("-QUIT").arg(child.id().to_string()).status();
    let _ = child.wait();
}
