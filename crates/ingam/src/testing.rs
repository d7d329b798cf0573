//! A whole program for tests: a ledger in a folder of its own, institutions that answer what a test says, and the
//! API called without a socket.
//!
//! No worker runs: a test says when the institutions outside answer, so nothing depends on speed.

mod desk;

use crate::api;
use crate::app::{App, Parts};
use crate::codes;
use crate::config::Config;
use crate::eyes::ReaderThreads;
use crate::flow::plaintext::{READ, Reader as Reads};
use crate::flow::verification::{Act, Along, Current, LimitKeys};
use crate::flow::{ActError, Secrets};
use crate::fresh;
use crate::given::{MachineClock, SystemEntropy};
use crate::outside::Outside;
use crate::unconnected::{NotConnected, nobody};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use ingam_cases::answers::{Answer, BlockCode, DepositCode, HolderCode, IssuerCode, PhoneCode};
use ingam_cases::id::{CallId, InstitutionId, VerificationId};
use ingam_cases::institution::Profile;
use ingam_cases::policy::{PictureSource, Policy, Step};
use ingam_cases::values::{DocumentField, DocumentKind, NameMatch, PersonName, ResidentNumber};
use ingam_cases::verification::command::Reading;
use ingam_cases::verification::{AccountStep, CardStep, Command, PhoneStep};
use ingam_connectors::{BlockList, Deadline, Issuer, PhoneAsked, PhoneConfirmed, Telecom};
use ingam_ledger::testing::Failing;
use ingam_ledger::{FileTopKey, Ledger, RetentionClass, Store, Stream};
use ingam_vision::picture::Picture;
use ingam_vision::{Limits, LineImage, Model, ModelFault, Reader};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::Value;
use std::sync::Arc;
use tempfile::TempDir;
use tower::ServiceExt;

/// A program for one test.
pub(crate) struct Program {
    /// The program.
    pub app: Arc<App>,
    /// Its HTTP.
    pub router: Router,
    /// Goes away with everything in it.
    _dir: TempDir,
}

/// An institution and a key of its.
#[derive(Clone)]
pub(crate) struct Caller {
    /// The institution.
    pub id: InstitutionId,
    /// The key.
    pub secret: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Reply {
    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// The body as JSON, once the status is the expected one.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }
}

/// Reads nothing: tests say what a card said.
struct Blind;

impl Model for Blind {
    fn name(&self) -> &str {
        "blind/1"
    }
    fn read_lines(&self, lines: &[LineImage]) -> Result<Vec<ingam_vision::Reading>, ModelFault> {
        let _ = lines;
        Err(ModelFault::Missing("eyes".into()))
    }
}

/// Everybody outside is there and says nothing: tests say what they answered.
struct Silent;

impl Silent {
    fn everywhere() -> Outside {
        Outside {
            resident: Some(Arc::new(Self)),
            driver: Some(Arc::new(Self)),
            passport: Some(Arc::new(Self)),
            foreign_passport: Some(Arc::new(Self)),
            alien: Some(Arc::new(Self)),
            deceased: Some(Arc::new(Self)),
            account_opening: Some(Arc::new(Self)),
            loan: None,
            telecom: Some(Arc::new(Self)),
        }
    }
}

#[async_trait]
impl<D: Send + Sync> Issuer<D> for Silent {
    async fn check(&self, _: &CallId, _: &PersonName, _: &D, _: Deadline) -> Answer<IssuerCode> {
        nobody(IssuerCode::Unavailable)
    }
}

#[async_trait]
impl Telecom for Silent {
    async fn send(&self, _: &CallId, _: &PhoneAsked<'_>, _: Deadline) -> Answer<PhoneCode> {
        nobody(PhoneCode::Unavailable)
    }

    async fn confirm(&self, _: &CallId, _: &str, _: Deadline) -> PhoneConfirmed {
        PhoneConfirmed { answer: nobody(PhoneCode::Unavailable), ci: None }
    }
}

#[async_trait]
impl BlockList for Silent {
    async fn look_up(
        &self,
        _: &CallId,
        _: &PersonName,
        _: &ResidentNumber,
        _: Deadline,
    ) -> Answer<BlockCode> {
        nobody(BlockCode::Unavailable)
    }
}

impl Program {
    /// With the default settings, except that nothing real is touched.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With settings of the test's.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::build(change, |store| store).await
    }

    /// With a store whose calls a test can make fail.
    pub(crate) async fn failing() -> (Self, Arc<Failing>) {
        let mut failing = None;
        let program = Self::build(
            |_| {},
            |store| {
                let around = Failing::new(store);
                failing = Some(around.clone());
                around
            },
        )
        .await;
        (program, failing.unwrap())
    }

    async fn build(
        change: impl FnOnce(&mut Config),
        around: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::load(None).unwrap();
        config.store.dir = dir.path().join("data");
        config.policy.picture_files = true;
        config.webhooks.allow_http = true;
        config.webhooks.allow_private_addresses = true;
        change(&mut config);
        let clock = MachineClock::default();
        let entropy = Arc::new(SystemEntropy::default());
        std::fs::create_dir_all(&config.store.dir).unwrap();
        let key = FileTopKey::open_or_create(&dir.path().join("top.key"), entropy.clone()).unwrap();
        let place = ingam_ledger::Config { dir: config.store.dir.clone(), journal: config.journal() };
        let ledger = Ledger::open_with(place, Arc::new(clock.clone()), entropy, Arc::new(key), around);
        let ledger = ledger.await.unwrap();
        let app = App::new(Parts {
            entropy: SystemEntropy::default(),
            eyes: Arc::new(ReaderThreads::new(
                Reader::new(Box::new(Blind), Limits::default()),
                crate::serve::picture_limits(&config),
                config.reading.at_once,
            )),
            outside: Silent::everywhere(),
            bank: Arc::new(NotConnected),
            webhooks: Arc::new(api::webhook_client(&config.webhooks).unwrap()),
            base_url: "http://ingam.test".to_owned(),
            config,
            ledger,
            clock,
        });
        let figures = PrometheusBuilder::new().build_recorder().handle();
        let router = api::router(app.clone(), figures);
        Self { app, router, _dir: dir }
    }

    /// Makes an institution with a key.
    pub(crate) async fn institution(&self, name: &str) -> Caller {
        let profile = Profile { name: name.to_owned(), phone: "1588-0000".to_owned(), hours: None };
        let id = self.app.create_institution(profile).await.unwrap();
        let (_, secret) = self.app.add_key(&id, "first").await.unwrap();
        Caller { id, secret }
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Reply { status: parts.status, headers: parts.headers, text }
    }

    /// Sends a request with a key, and JSON where there is some.
    pub(crate) async fn call(
        &self,
        caller: &Caller,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", caller.secret));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = match body {
            Some(json) => {
                request.header("content-type", "application/json").body(Body::from(json.to_string()))
            }
            None => request.body(Body::empty()),
        };
        self.send(request.unwrap()).await
    }

    /// GET.
    pub(crate) async fn get(&self, caller: &Caller, path: &str) -> Reply {
        self.call(caller, Method::GET, path, None, &[]).await
    }

    /// POST of JSON.
    pub(crate) async fn post(&self, caller: &Caller, path: &str, body: Value) -> Reply {
        self.call(caller, Method::POST, path, Some(body), &[]).await
    }

    /// Saves a policy that takes picture files and has no consents; answers its id.
    pub(crate) async fn policy(&self, caller: &Caller) -> String {
        let mut policy = Policy::id_and_account("기본", "비대면 계좌 만들기");
        if let Step::IdDocument { sources, .. } = &mut policy.steps[0] {
            sources.push(PictureSource::File);
        }
        policy.consents.clear();
        let saved = self.post(caller, "/v1/policies", serde_json::to_value(policy).unwrap()).await;
        saved.expect(201)["id"].as_str().unwrap().to_owned()
    }

    /// Opens a verification.
    pub(crate) async fn open(&self, caller: &Caller, policy: &str) -> VerificationId {
        let opened = self.post(caller, "/v1/verifications", serde_json::json!({ "policy": policy })).await;
        VerificationId::parse(opened.expect(201)["id"].as_str().unwrap()).unwrap()
    }

    /// Hands in one step.
    pub(crate) async fn submit(&self, caller: &Caller, id: &VerificationId, step: Value) -> Reply {
        self.post(caller, &format!("/v1/verifications/{id}/submit"), step).await
    }

    /// Gives every entry its number, as the sequencer would.
    pub(crate) async fn number(&self) {
        for stream in Stream::ALL {
            let head = self.app.ledger.head(stream).await.unwrap();
            let pending = self.app.ledger.pending(stream, 10_000).await.unwrap();
            let ids: Vec<String> = pending.into_iter().map(|entry| entry.id).collect();
            if !ids.is_empty() {
                self.app.ledger.number(stream, head, &ids, vec![]).await.unwrap().unwrap();
            }
        }
    }

    async fn answered(
        &self,
        id: &VerificationId,
        keys: LimitKeys,
        command: Command,
        secrets: impl Fn() -> Secrets + Send + Sync,
    ) -> Result<Current, ActError> {
        self.app
            .act(id, Along::default(), |_, _| {
                Ok(Act { command: command.clone(), secrets: secrets(), keys: keys.clone() })
            })
            .await
    }

    /// The reader has read the card.
    pub(crate) async fn card_read(&self, id: &VerificationId, name: &str, number: &str, issued: &str) {
        use DocumentField as F;
        let fields = [(F::Name, name), (F::ResidentNumber, number), (F::IssueDate, issued)];
        self.document_read(id, DocumentKind::Resident, &fields).await;
    }

    /// The reader has read a document.
    pub(crate) async fn document_read(
        &self,
        id: &VerificationId,
        document: DocumentKind,
        fields: &[(DocumentField, &str)],
    ) {
        let current = self.app.verification(id).await.unwrap().unwrap();
        let CardStep::Reading { blob, .. } = current.state.card else { panic!("{:?}", current.state.card) };
        let reading = Reading::Readable {
            document,
            doubtful: vec![],
            quality: vec![],
            forgery: vec![],
            reader: "blind/1".to_owned(),
            kept: vec![],
        };
        let secrets = || {
            let class = RetentionClass::Identity;
            fields
                .iter()
                .fold(Secrets::default(), |all, (field, text)| all.with(READ, field.as_str(), class, *text))
        };
        self.answered(id, LimitKeys::default(), Command::CardRead { blob, reading }, secrets).await.unwrap();
    }

    /// The list that is asked has answered.
    pub(crate) async fn list_answers(&self, id: &VerificationId, code: BlockCode) -> Current {
        let current = self.app.verification(id).await.unwrap().unwrap();
        let CardStep::Screening { call, .. } = current.state.card else { panic!("{:?}", current.state.card) };
        let confirmed = self.app.confirmed(id, Reads::task("test", "test")).await.unwrap();
        let keys = self.app.card_keys(&confirmed, None).await.unwrap();
        let next_call = fresh!(self.app, CallId);
        let command =
            Command::ListAnswered { call, answer: answer(code, "list"), next_call, withheld: false };
        self.answered(id, keys, command, Secrets::default).await.unwrap()
    }

    /// The issuer has answered.
    pub(crate) async fn issuer_answers(&self, id: &VerificationId, code: IssuerCode) -> Current {
        let current = self.app.verification(id).await.unwrap().unwrap();
        let CardStep::Asking { call, .. } = current.state.card else { panic!("{:?}", current.state.card) };
        let confirmed = self.app.confirmed(id, Reads::task("test", "test")).await.unwrap();
        let keys = self.app.card_keys(&confirmed, None).await.unwrap();
        let next_call = fresh!(self.app, CallId);
        let command = Command::IssuerAnswered { call, answer: answer(code, "mois"), next_call };
        self.answered(id, keys, command, Secrets::default).await.unwrap()
    }

    /// The telecom has answered: what became of a message, or of a code, with the owner's identifier.
    pub(crate) async fn telecom_answers(&self, id: &VerificationId, code: PhoneCode, ci: Option<&str>) {
        let phone = self.app.verification(id).await.unwrap().unwrap().state.phone;
        let call = phone.call().unwrap().clone();
        let reader = || Reads::task("test", "test");
        let given = self.app.given_phone(id, reader()).await.unwrap();
        let confirmed = self.app.confirmed(id, reader()).await.unwrap();
        let keys = self.app.message_keys(&given.number, &confirmed).await.unwrap();
        let answer = answer(code, "telecom");
        let command = match phone {
            PhoneStep::Checking { .. } => Command::PhoneConfirmed { call, answer },
            _ => Command::PhoneAnswered { call, answer },
        };
        let class = RetentionClass::Identity;
        let secrets = || Secrets::default().maybe("verification.phone_confirmed/1", "ci", class, ci);
        self.answered(id, keys, command, secrets).await.unwrap();
    }

    /// The bank has named the holder, and taken the 1 won; answers the code that came with it.
    pub(crate) async fn bank_answers(&self, id: &VerificationId) -> String {
        let current = self.app.verification(id).await.unwrap().unwrap();
        let AccountStep::AskingHolder { call, .. } = current.state.account else {
            panic!("{:?}", current.state.account)
        };
        let keys = self.app.send_keys(id, Reads::task("test", "test")).await.unwrap();
        let deposit = fresh!(self.app, CallId);
        let command = Command::HolderAnswered {
            call,
            answer: answer(HolderCode::Found, "kftc"),
            name: Some(NameMatch::Same),
            next_call: deposit.clone(),
            withheld_until: None,
        };
        self.answered(id, keys.clone(), command, Secrets::default).await.unwrap();
        let command = Command::DepositAnswered {
            call: deposit.clone(),
            answer: answer(DepositCode::Deposited, "kftc"),
        };
        self.answered(id, keys, command, Secrets::default).await.unwrap();
        codes::won_code(&self.app.ledger, &deposit).await.unwrap()
    }

    /// Drives a verification to its good end over the API.
    pub(crate) async fn verified(&self, caller: &Caller, policy: &str) -> VerificationId {
        let id = self.open(caller, policy).await;
        self.submit(caller, &id, safety(false)).await.expect(200);
        let picture = serde_json::json!({ "step": "card", "picture": base64(&picture()) });
        self.submit(caller, &id, picture).await.expect(200);
        self.card_read(&id, NAME, NUMBER, "2020-01-01").await;
        self.submit(caller, &id, serde_json::json!({ "step": "confirm" })).await.expect(200);
        self.issuer_answers(&id, IssuerCode::Valid).await;
        let account = serde_json::json!({ "step": "account", "bank": "088", "account_number": ACCOUNT });
        self.submit(caller, &id, account).await.expect(200);
        let code = self.bank_answers(&id).await;
        let done = self.submit(caller, &id, serde_json::json!({ "step": "code", "code": code })).await;
        assert_eq!(done.expect(200)["status"], "verified");
        id
    }
}

/// The name of the person whom [`Program::verified`] verifies; nobody has it.
pub(crate) const NAME: &str = "표본희";
/// Their number; nobody has it (the check digit does not fit).
pub(crate) const NUMBER: &str = "900101-1234567";
/// Their account.
pub(crate) const ACCOUNT: &str = "110-555-987654";

fn answer<C>(code: C, provider: &str) -> Answer<C> {
    Answer {
        code,
        provider: provider.to_owned(),
        provider_ref: None,
        provider_code: None,
        retry_at: None,
        told_at: None,
        elapsed_ms: 5,
    }
}

/// The answer to the safety question.
pub(crate) fn safety(told_to: bool) -> Value {
    serde_json::json!({
        "step": "safety",
        "told_to": told_to,
        "text": { "text_id": "safety.told_to", "version": 1, "language": "ko", "sha256": "0".repeat(64) },
    })
}

/// A picture without a card that can be decoded.
pub(crate) fn picture() -> Vec<u8> {
    Picture::filled(900, 600, [120, 130, 140]).to_jpeg(80).unwrap()
}

/// Bytes in base64.
pub(crate) fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
