//! A sandbox on loopback, connectors to it, and one clock for both.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used)]

pub mod stories;
pub mod strange;

use ingam_cases::{
    answers::{Answer, DepositCode, IssuerCode},
    id::CallId,
    values::{AccountNumber, BankCode, PersonName, ResidentCard, ResidentNumber},
};
use ingam_connectors::{
    Bank, Clock, Deadline, Deposit, Holder, HolderName, Issuer, Observer, OpenBanking, OpenBankingConfig,
    PrintContent, ResidentCardConfig, VendorResidentCards,
};
use ingam_sandbox::{Fault, Institution, MovableClock, Options, Rule, Sandbox};
use jiff::{Timestamp, civil::Date};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

/// Noon in Korea.
pub const NOON: &str = "2026-03-02T12:00:00+09:00";

/// What the observer heard: `institution operation outcome`.
#[derive(Default)]
pub struct Heard(Mutex<Vec<String>>);

impl Observer for Heard {
    fn called(&self, institution: &str, operation: &'static str, outcome: &'static str, _: u64) {
        self.0.lock().unwrap().push(format!("{institution} {operation} {outcome}"));
    }
}

impl Heard {
    pub fn count(&self, what: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|heard| heard.as_str() == what).count()
    }
}

pub struct House {
    pub sandbox: Sandbox,
    pub url: String,
    pub bank: OpenBanking,
    pub issuer: VendorResidentCards,
    clock: Arc<dyn Clock>,
    pub heard: Arc<Heard>,
    /// How far the connectors' clock stands beside the institutions', in seconds.
    pub off_s: Arc<AtomicI64>,
    calls: AtomicU64,
}

/// A house with settings as the sandbox wants them.
pub async fn house() -> House {
    house_with(|_, _| {}).await
}

/// A house with other settings.
pub async fn house_with(adjust: impl FnOnce(&mut OpenBankingConfig, &mut ResidentCardConfig)) -> House {
    let noon: Timestamp = NOON.parse().unwrap();
    let sandbox = Sandbox::new(Options::new(Arc::new(MovableClock::new(move || noon))));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(ingam_sandbox::serve(listener, sandbox.clone()));
    house_at(url, sandbox, adjust)
}

pub fn house_at(
    url: String,
    sandbox: Sandbox,
    adjust: impl FnOnce(&mut OpenBankingConfig, &mut ResidentCardConfig),
) -> House {
    let heard = Arc::new(Heard::default());
    let (mut bank, mut issuer) =
        (OpenBankingConfig::for_sandbox(&url), ResidentCardConfig::for_sandbox(&url));
    // Generous, so that a busy machine is no institution's fault; tests of silence set less.
    bank.limits.timeout_ms = 30_000;
    bank.limits.connect_timeout_ms = 30_000;
    issuer.limits = bank.limits.clone();
    adjust(&mut bank, &mut issuer);
    let shared = sandbox.clock();
    let off_s = Arc::new(AtomicI64::new(0));
    let off = off_s.clone();
    let clock = Arc::new(move || shared.now() + jiff::SignedDuration::from_secs(off.load(Ordering::Relaxed)));
    House {
        bank: OpenBanking::new(bank, clock.clone(), heard.clone()).unwrap(),
        issuer: VendorResidentCards::new(issuer, clock.clone(), heard.clone()).unwrap(),
        clock,
        sandbox,
        url,
        heard,
        off_s,
        calls: AtomicU64::new(0),
    }
}

impl House {
    pub fn now(&self) -> Timestamp {
        self.sandbox.clock().now()
    }

    /// The connectors' clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// Moves the clock on by so many seconds.
    pub fn pass(&self, seconds: i64) {
        let clock = self.sandbox.clock();
        clock.move_to(clock.moved_ms() + seconds * 1_000);
    }

    /// A call id that nobody has used.
    pub fn call(&self) -> CallId {
        let mut random = [0; 10];
        random[2..].copy_from_slice(&self.calls.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        CallId::new(self.now().as_millisecond(), random)
    }

    pub fn fault(&self, institution: Institution, fault: Fault, operation: &str, count: u32) {
        self.sandbox.set_fault(institution, Rule::next(fault, operation, count)).unwrap();
    }

    /// Asks the issuer about the card of a person, as it is printed.
    pub async fn check(&self, person: &str) -> Answer<IssuerCode> {
        let issued = self.sandbox.catalogue().person(person).unwrap().issued;
        self.check_date(person, issued).await
    }

    /// Asks before a deadline.
    pub async fn check_before(&self, before: Deadline, person: &str) -> Answer<IssuerCode> {
        let person = self.sandbox.catalogue().person(person).unwrap();
        let name = PersonName::parse(&person.name).unwrap();
        let number = ResidentNumber::parse(&person.number).unwrap();
        let card = ResidentCard { number, issued: person.issued };
        self.issuer.check(&self.call(), &name, &card, before).await
    }

    pub async fn check_date(&self, person: &str, issued: Date) -> Answer<IssuerCode> {
        let person = self.sandbox.catalogue().person(person).unwrap();
        let name = PersonName::parse(&person.name).unwrap();
        let number = ResidentNumber::parse(&person.number).unwrap();
        self.issuer.check(&self.call(), &name, &ResidentCard { number, issued }, self.soon()).await
    }

    /// A deadline that no test reaches.
    pub fn soon(&self) -> Deadline {
        Deadline::new(tokio::time::Instant::now() + std::time::Duration::from_secs(600), Timestamp::MAX)
    }

    /// Asks who holds an account, with the person's day of birth.
    pub async fn holder(&self, person: &str, account: &str) -> Holder {
        let person = self.sandbox.catalogue().person(person).unwrap();
        let birth = ResidentNumber::parse(&person.number).unwrap().birth_date();
        let (bank, number) = split(account);
        self.bank.holder(&self.call(), bank, &number, birth).await
    }

    /// Sends 1 won under a call id.
    pub async fn send(
        &self,
        call: &CallId,
        sent_at: Timestamp,
        person: &str,
        account: &str,
    ) -> Answer<DepositCode> {
        self.send_before(self.soon(), call, sent_at, person, account).await
    }

    /// Sends 1 won before a deadline.
    pub async fn send_before(
        &self,
        before: Deadline,
        call: &CallId,
        sent_at: Timestamp,
        person: &str,
        account: &str,
    ) -> Answer<DepositCode> {
        let person = self.sandbox.catalogue().person(person).unwrap();
        let (bank, number) = split(account);
        let holder = HolderName::parse(&person.name).unwrap();
        let line = PrintContent::parse("인감7482").unwrap();
        let deposit = Deposit { bank, account: &number, holder: &holder, print_content: &line, before };
        self.bank.deposit(call, sent_at, &deposit).await
    }

    /// Sends 1 won now.
    pub async fn deposit(&self, person: &str, account: &str) -> Answer<DepositCode> {
        self.send(&self.call(), self.now(), person, account).await
    }

    /// The lines in the book of an account.
    pub fn lines(&self, account: &str) -> usize {
        self.sandbox.book(account.split_once('/')).len()
    }
}

fn split(account: &str) -> (BankCode, AccountNumber) {
    let (bank, number) = account.split_once('/').unwrap();
    (BankCode::parse(bank).unwrap(), AccountNumber::parse(number).unwrap())
}
