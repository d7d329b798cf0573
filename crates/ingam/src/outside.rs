//! The institutions outside, each behind the role that it plays; nobody where none is configured.

use crate::unconnected::nobody;
use ingam_cases::answers::{Answer, BlockCode, IssuerCode, PhoneCode};
use ingam_cases::id::CallId;
use ingam_cases::policy::BlockList;
use ingam_cases::values::{
    AlienCard, Document, DocumentKind, DriverLicence, ForeignPassport, Passport, PersonName, ResidentCard,
    ResidentNumber,
};
use ingam_connectors::{BlockList as List, Deadline, Issuer, PhoneAsked, PhoneConfirmed, Telecom};
use std::sync::Arc;

/// A role that somebody may play.
pub type Role<R> = Option<Arc<R>>;

/// Everybody outside.
#[derive(Default)]
pub struct Outside {
    /// The issuer of resident cards.
    pub resident: Role<dyn Issuer<ResidentCard>>,
    /// The issuer of driver licences.
    pub driver: Role<dyn Issuer<DriverLicence>>,
    /// The issuer of Korean passports.
    pub passport: Role<dyn Issuer<Passport>>,
    /// Who knows foreign passports.
    pub foreign_passport: Role<dyn Issuer<ForeignPassport>>,
    /// The issuer of alien and residence cards.
    pub alien: Role<dyn Issuer<AlienCard>>,
    /// The register of deaths.
    pub deceased: Role<dyn List>,
    /// The list of those who block accounts in their name.
    pub account_opening: Role<dyn List>,
    /// The list of those who block loans in their name.
    pub loan: Role<dyn List>,
    /// Who says whose a phone is.
    pub telecom: Role<dyn Telecom>,
}

impl Outside {
    /// Whether somebody can be asked about a kind of document.
    pub fn knows(&self, kind: DocumentKind) -> bool {
        match kind {
            DocumentKind::Resident => self.resident.is_some(),
            DocumentKind::Driver => self.driver.is_some(),
            DocumentKind::Passport => self.passport.is_some(),
            DocumentKind::ForeignPassport => self.foreign_passport.is_some(),
            DocumentKind::Alien => self.alien.is_some(),
        }
    }

    /// Whether a list can be asked.
    pub fn has(&self, list: BlockList) -> bool {
        self.role(list).is_some()
    }

    /// Asks the issuer of a document about it. Where nobody is configured nobody is asked, so nothing is ever passed
    /// or failed.
    pub async fn check(
        &self,
        call: &CallId,
        name: &PersonName,
        document: &Document,
        before: Deadline,
    ) -> Answer<IssuerCode> {
        async fn ask<D: Send + Sync>(
            role: &Role<dyn Issuer<D>>,
            call: &CallId,
            name: &PersonName,
            document: &D,
            before: Deadline,
        ) -> Answer<IssuerCode> {
            match role {
                Some(issuer) => issuer.check(call, name, document, before).await,
                None => nobody(IssuerCode::Unavailable),
            }
        }
        match document {
            Document::Resident(d) => ask(&self.resident, call, name, d, before).await,
            Document::Driver(d) => ask(&self.driver, call, name, d, before).await,
            Document::Passport(d) => ask(&self.passport, call, name, d, before).await,
            Document::ForeignPassport(d) => ask(&self.foreign_passport, call, name, d, before).await,
            Document::Alien(d) => ask(&self.alien, call, name, d, before).await,
        }
    }

    /// Asks a list about a person.
    pub async fn look_up(
        &self,
        list: BlockList,
        call: &CallId,
        name: &PersonName,
        number: &ResidentNumber,
        before: Deadline,
    ) -> Answer<BlockCode> {
        match self.role(list) {
            Some(role) => role.look_up(call, name, number, before).await,
            None => nobody(BlockCode::Unavailable),
        }
    }

    /// Has a message with a code sent to a phone.
    pub async fn send_message(
        &self,
        call: &CallId,
        phone: &PhoneAsked<'_>,
        before: Deadline,
    ) -> Answer<PhoneCode> {
        match &self.telecom {
            Some(telecom) => telecom.send(call, phone, before).await,
            None => nobody(PhoneCode::Unavailable),
        }
    }

    /// Has the code that was typed looked at.
    pub async fn confirm_phone(&self, call: &CallId, code: &str, before: Deadline) -> PhoneConfirmed {
        match &self.telecom {
            Some(telecom) => telecom.confirm(call, code, before).await,
            None => PhoneConfirmed { answer: nobody(PhoneCode::Unavailable), ci: None },
        }
    }

    fn role(&self, list: BlockList) -> &Role<dyn List> {
        match list {
            BlockList::Deceased => &self.deceased,
            BlockList::AccountOpening => &self.account_opening,
            BlockList::Loan => &self.loan,
        }
    }
}
