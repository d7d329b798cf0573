//! A whole program for a proof: its store may be made to fail, its institutions are the sandbox's.

use crate::api;
use crate::app::{App, Parts};
use crate::config::Config;
use crate::eyes::ReaderThreads;
use crate::flow::open::Opening;
use crate::fresh;
use crate::given::{MachineClock, SystemEntropy};
use crate::outside::Outside;
use crate::replay;
use ingam_cases::id::{InstitutionId, PolicyId, VerificationId};
use ingam_cases::institution::{Command, Institution, Profile};
use ingam_cases::policy::Policy;
use ingam_cases::values::ResidentNumber;
use ingam_connectors::{OpenBanking, OpenBankingConfig, ResidentCardConfig, Unobserved, VendorResidentCards};
use ingam_ledger::store::Store;
use ingam_ledger::testing::Failing;
use ingam_ledger::{FileTopKey, Ledger};
use ingam_sandbox::catalogue::Catalogue;
use ingam_sandbox::{Options, Sandbox, cards};
use ingam_vision::{Limits, LineImage, Model, ModelFault, Reader, Reading};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// Reads on every card the same person, whom nobody confirms: everyone types what their own card says.
struct SameEyes;

impl Model for SameEyes {
    fn name(&self) -> &str {
        "same/1"
    }

    fn read_lines(&self, lines: &[LineImage]) -> Result<Vec<Reading>, ModelFault> {
        use ingam_vision::Script;
        let digits = lines.iter().filter(|line| line.script == Script::Digits).count();
        // The heads are looked at first, for the title, and nothing else of theirs is in digits.
        let (mut digit, mut title) = (0, digits == 0);
        let mut text = |line: &LineImage| match line.script {
            // The number stands above the day of issue.
            Script::Digits => {
                digit += 1;
                if digit * 2 <= digits { "900101-1970000" } else { "2020. 1. 1." }
            }
            _ if std::mem::take(&mut title) => "주민등록증",
            Script::Korean | Script::Latin => "표본희",
        };
        Ok(lines.iter().map(|line| Reading { text: text(line).to_owned(), confidence: 0.99 }).collect())
    }
}

/// The program, the institutions, and one institution that verifies.
pub(super) struct House {
    /// The program. No worker runs unless the proof starts one.
    pub app: Arc<App>,
    /// The institutions outside; they share the program's clock.
    pub sandbox: Sandbox,
    /// The store's switch.
    pub failing: Arc<Failing>,
    /// Who verifies.
    pub institution: InstitutionId,
    /// How.
    pub policy: PolicyId,
    /// A picture of a card.
    pub picture: Vec<u8>,
    _dir: TempDir,
}

/// A folder in memory where there is one: these proofs make thousands of commits, and none is about the disk.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

impl House {
    /// With these people outside; the call of an institution takes at most so long.
    pub(super) async fn with(people: Catalogue, timeout_ms: u64) -> Self {
        let clock = MachineClock::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let sandbox = Sandbox::new(Options { catalogue: people, ..Options::new(Arc::new(clock.clone())) });
        tokio::spawn(ingam_sandbox::serve(listener, sandbox.clone()));

        let dir = folder();
        let mut config = Config::load(None).unwrap();
        config.store.dir = dir.path().join("data");
        let most = 100_000;
        config.limits.sends_per_account_day = most;
        config.limits.sends_per_person_day = most;
        config.limits.sends_per_device_day = most;
        config.limits.sends_per_address_day = most;
        let entropy = Arc::new(SystemEntropy::default());
        std::fs::create_dir(&config.store.dir).unwrap();
        let top_key = FileTopKey::open_or_create(&dir.path().join("top.key"), entropy.clone()).unwrap();
        let mut failing = None;
        let around = |store: Arc<dyn Store>| {
            let store = Failing::new(store);
            failing = Some(store.clone());
            store as Arc<dyn Store>
        };
        let store = ingam_ledger::Config { dir: config.store.dir.clone(), journal: config.journal() };
        let ledger = Ledger::open_with(store, Arc::new(clock.clone()), entropy, Arc::new(top_key), around)
            .await
            .unwrap();

        let mut card_settings = ResidentCardConfig::for_sandbox(&url);
        card_settings.limits.timeout_ms = timeout_ms;
        let mut bank_settings = OpenBankingConfig::for_sandbox(&url);
        bank_settings.limits.timeout_ms = timeout_ms;
        bank_settings.settle_ms = 60_000;
        let shared = Arc::new(clock.clone());
        let app = App::new(Parts {
            entropy: SystemEntropy::default(),
            eyes: Arc::new(ReaderThreads::new(
                Reader::new(Box::new(SameEyes), Limits::default()),
                crate::serve::picture_limits(&config),
                config.reading.at_once,
            )),
            outside: Outside {
                resident: Some(Arc::new(
                    VendorResidentCards::new(card_settings, shared.clone(), Arc::new(Unobserved)).unwrap(),
                )),
                ..Outside::default()
            },
            bank: Arc::new(OpenBanking::new(bank_settings, shared, Arc::new(Unobserved)).unwrap()),
            webhooks: Arc::new(api::webhook_client(&config.webhooks).unwrap()),
            base_url: "http://ingam.test".to_owned(),
            config,
            ledger,
            clock,
        });
        let profile = Profile { name: "새솔은행".into(), phone: "1588-0000".into(), hours: None };
        let institution = app.create_institution(profile).await.unwrap();
        let policy = fresh!(app, PolicyId);
        let body = Box::new(Policy::id_and_account("기본", "비대면 계좌 만들기"));
        let save = Command::SavePolicy { policy: policy.clone(), body };
        app.act_institution(&institution, Default::default(), save).await.unwrap();
        let card = cards::render_card(&cards::people()[0], 640).unwrap();
        let picture = cards::png_bytes(&card).unwrap();
        Self { app, sandbox, failing: failing.unwrap(), institution, policy, picture, _dir: dir }
    }

    /// Who verifies, as it stands; asked until the store answers.
    pub(super) async fn institution(&self) -> Arc<Institution> {
        loop {
            if let Ok(Some(institution)) = self.app.institution(&self.institution).await {
                return institution;
            }
        }
    }

    /// Opens a verification; asked again under the same id until it is there.
    pub(super) async fn open(&self) -> VerificationId {
        let id = fresh!(self.app, VerificationId);
        let institution = self.institution().await;
        loop {
            let opening =
                Opening { policy: self.policy.clone(), reference: None, return_url: None, medium: None };
            let opened = self.app.open_verification(&institution, id.clone(), opening, vec![]).await;
            if opened.is_ok() || matches!(self.app.verification(&id).await, Ok(Some(_))) {
                return id;
            }
        }
    }

    /// The claim of a card's tries at its day of issue.
    pub(super) async fn tries_of(&self, number: &str) -> String {
        let digits = ResidentNumber::parse(number).unwrap().expose();
        let card = self.app.ledger.index_value("wrong_date", digits.as_bytes()).await.unwrap();
        format!("wrong_date:{}", card.hex)
    }

    /// Moves everyone's clock.
    pub(super) fn advance(&self, by: Duration) {
        self.app.clock.move_to(self.app.clock.moved_ms() + by.as_millis() as i64);
    }

    /// Replays everything; panics unless it is clean.
    pub(super) async fn audit(&self) {
        let report = ingam_ledger::audit::audit(&self.app.ledger, &replay::fold).await.unwrap();
        assert!(report.clean(), "{:#?}", report.findings);
    }
}
