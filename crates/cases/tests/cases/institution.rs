//! Stories of an institution and of the persons that it sees.

use crate::story::{plan, start};
use ingam_cases::id::{EndpointId, InstitutionId, KeyId, PolicyId, SubjectId};
use ingam_cases::institution::{
    Command, Event, Institution, MAX_ENDPOINTS, MAX_KEYS, MAX_POLICIES, MAX_POLICY_VERSIONS, MAX_REVOKED,
    Profile, apply, decide,
};
use ingam_cases::policy::Policy;
use ingam_cases::refusal::Refusal;
use jiff::SignedDuration;

fn profile(name: &str) -> Profile {
    Profile { name: name.into(), phone: "1588-0000".into(), hours: None }
}

fn key(n: u8) -> KeyId {
    KeyId::new(1_000, [n; 10])
}

fn endpoint(n: u8) -> EndpointId {
    EndpointId::new(1_000, [n; 10])
}

fn policy(n: u8) -> PolicyId {
    PolicyId::new(1_000, [n; 10])
}

struct Desk(Option<Institution>);

impl Desk {
    fn open() -> Self {
        let mut desk = Self(None);
        desk.does(Command::Create {
            id: InstitutionId::new(1_000, [2; 10]),
            subject: SubjectId::new(1_000, [3; 10]),
            profile: profile("한빛은행"),
        });
        desk
    }

    fn i(&self) -> &Institution {
        self.0.as_ref().unwrap()
    }

    #[track_caller]
    fn does(&mut self, command: Command) -> Vec<Event> {
        let events = decide(self.0.as_ref(), command, start()).unwrap();
        for event in &events {
            self.0 = Some(apply(self.0.take(), event).unwrap());
        }
        events
    }

    #[track_caller]
    fn refused(&self, command: Command, expected: Refusal) {
        assert_eq!(decide(self.0.as_ref(), command, start()), Err(expected));
    }
}

#[test]
fn an_institution_is_created_once_and_first() {
    let desk = Desk::open();
    let again = Command::Create {
        id: InstitutionId::new(1_000, [2; 10]),
        subject: SubjectId::new(1_000, [3; 10]),
        profile: profile("한빛은행"),
    };
    desk.refused(again, Refusal::NotNow);
    Desk(None).refused(Command::AddKey { key: key(1), name: "서버".into() }, Refusal::Unknown);
    assert!(apply(None, &Event::KeyRevoked { key: key(1), at: start() }).is_err());
    let mut desk = desk;
    desk.does(Command::SetProfile { profile: profile("새솔은행") });
    assert_eq!(desk.i().profile.name, "새솔은행");
}

#[test]
fn every_version_of_a_policy_stays() {
    let mut desk = Desk::open();
    for (n, purpose) in ["계좌 만들기", "대출 신청", "비밀번호 다시 정하기"].into_iter().enumerate()
    {
        let body = Policy { purpose: purpose.into(), ..plan() };
        let events = desk.does(Command::SavePolicy { policy: policy(1), body: Box::new(body) });
        assert!(matches!(events[..], [Event::PolicySaved { version, .. }] if version as usize == n + 1));
    }
    desk.does(Command::SavePolicy { policy: policy(2), body: Box::new(plan()) });
    let purposes: Vec<_> = desk.i().policies[&policy(1)].iter().map(|p| p.purpose.as_str()).collect();
    assert_eq!(purposes, ["계좌 만들기", "대출 신청", "비밀번호 다시 정하기"]);
    assert_eq!(desk.i().policies[&policy(2)].len(), 1);
}

#[test]
fn a_policy_below_the_law_is_never_saved() {
    let desk = Desk::open();
    let mut below = plan();
    below.steps.truncate(1);
    desk.refused(Command::SavePolicy { policy: policy(1), body: Box::new(below) }, Refusal::PolicyNotAllowed);
}

#[test]
fn there_are_only_so_many_policies_but_each_can_go_on() {
    let mut desk = Desk::open();
    for n in 0..MAX_POLICIES {
        desk.does(Command::SavePolicy { policy: policy(n as u8), body: Box::new(plan()) });
    }
    desk.refused(
        Command::SavePolicy { policy: policy(MAX_POLICIES as u8), body: Box::new(plan()) },
        Refusal::TooMany,
    );
    desk.does(Command::SavePolicy { policy: policy(0), body: Box::new(plan()) });
}

#[test]
fn a_policy_has_only_so_many_versions() {
    let mut desk = Desk::open();
    let save = |n: u8| Command::SavePolicy { policy: policy(n), body: Box::new(plan()) };
    for _ in 0..MAX_POLICY_VERSIONS {
        desk.does(save(0));
    }
    desk.refused(save(0), Refusal::TooMany);
    desk.does(save(1));
}

#[test]
fn the_newest_revoked_keys_are_remembered() {
    let mut desk = Desk::open();
    for n in 0..=MAX_REVOKED {
        desk.does(Command::AddKey { key: key(n as u8), name: "서버".into() });
        desk.does(Command::RevokeKey { key: key(n as u8) });
    }
    assert_eq!(desk.i().keys.len(), MAX_REVOKED);
    assert!(!desk.i().keys.contains_key(&key(0)), "the oldest of one moment");
    desk.does(Command::AddKey { key: key(200), name: "서버".into() });
    assert_eq!(desk.i().keys.len(), MAX_REVOKED + 1, "one that works is never forgotten");
}

#[test]
fn a_key_works_until_it_is_revoked_and_never_again() {
    let mut desk = Desk::open();
    for n in 0..MAX_KEYS {
        desk.does(Command::AddKey { key: key(n as u8), name: "서버".into() });
    }
    let one_more = || Command::AddKey { key: key(99), name: "서버".into() };
    desk.refused(one_more(), Refusal::TooMany);
    desk.does(Command::RevokeKey { key: key(0) });
    assert_eq!(desk.i().keys[&key(0)].revoked_at, Some(start()));
    assert!(desk.does(Command::RevokeKey { key: key(0) }).is_empty(), "revoked already");
    desk.refused(Command::AddKey { key: key(0), name: "서버".into() }, Refusal::NotNow);
    desk.does(one_more());
    desk.refused(Command::RevokeKey { key: key(98) }, Refusal::Unknown);
}

#[test]
fn a_rotated_secret_signs_beside_the_new_one_for_a_day() {
    let mut desk = Desk::open();
    let add = |n: u8| Command::AddEndpoint {
        endpoint: endpoint(n),
        url: "https://bank.example/hook".into(),
        types: vec!["verification.verified".into()],
    };
    desk.does(add(1));
    assert_eq!(
        (desk.i().endpoints[&endpoint(1)].secret, desk.i().endpoints[&endpoint(1)].old_secret_until),
        (1, None)
    );
    desk.does(Command::RotateSecret { endpoint: endpoint(1) });
    let rotated = &desk.i().endpoints[&endpoint(1)];
    assert_eq!(rotated.secret, 2);
    assert_eq!(rotated.old_secret_until, Some(start() + SignedDuration::from_hours(24)));
    assert!(rotated.wants("verification.verified") && !rotated.wants("verification.created"));
    desk.refused(add(1), Refusal::NotNow);
    desk.does(Command::RemoveEndpoint { endpoint: endpoint(1) });
    desk.refused(Command::RemoveEndpoint { endpoint: endpoint(1) }, Refusal::Unknown);
    desk.refused(Command::RotateSecret { endpoint: endpoint(1) }, Refusal::Unknown);
    for n in 0..MAX_ENDPOINTS {
        desk.does(add(10 + n as u8));
    }
    desk.refused(add(1), Refusal::TooMany);
}
