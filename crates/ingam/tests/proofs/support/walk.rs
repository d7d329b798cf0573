//! A person who walks from the link to the end, whatever happens to the program meanwhile.

use super::client::{Account, Desk, Person, Reply, Who};
use super::notes::Notes;
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks at the page's state.
const LOOK_EVERY: Duration = Duration::from_millis(40);

/// Who walks, with what.
#[derive(Clone)]
pub struct Walker {
    /// The person.
    pub who: Who,
    /// The account that they name.
    pub account: Account,
    /// A picture of their card.
    pub photo: Vec<u8>,
    /// Where the code is read.
    pub desk: Desk,
    /// The clients' notes.
    pub notes: Notes,
    /// Guesses the day of issue, another one each time, instead of typing what is printed.
    pub guesses: bool,
}

impl Walker {
    /// Somebody of the catalogue with their first account.
    pub async fn new(desk: &Desk, id: &str, notes: &Notes) -> Self {
        let who = desk.who(id).await;
        let account = who.accounts[0].clone();
        let photo = desk.photo(id).await;
        Self { who, account, photo, desk: desk.clone(), notes: notes.clone(), guesses: false }
    }

    /// Walks until a screen is reached, or the end. Answers the screen; nothing where the time ran out.
    pub async fn walk(&self, person: &Person, to: &str, within: Duration) -> Option<String> {
        let began = Instant::now();
        let id = person.page.trim_start_matches("/v/").to_owned();
        while began.elapsed() < within {
            // A program that is down or fails is asked again; what it answered is noted.
            let Ok((screen, version)) = person.state().await else {
                tokio::time::sleep(LOOK_EVERY).await;
                continue;
            };
            self.notes.seen(&id, version);
            let ended = matches!(
                screen.as_str(),
                "done" | "stopped" | "refused" | "expired" | "cancelled" | "elsewhere"
            );
            if ended || screen == to {
                return Some(screen);
            }
            match self.step(person, &screen, version).await {
                Some(Ok((200, body))) => self.notes.seen(&id, body["version"].as_u64().unwrap_or(0)),
                // Refused, failed or lost: the state says what is next.
                Some(_) | None => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
        None
    }

    /// The one thing that a screen asks for; nothing where it asks for patience.
    async fn step(&self, person: &Person, screen: &str, version: u64) -> Option<Reply> {
        let who = &self.who;
        Some(match screen {
            "start" => person.send("safety", &[("told_to", "no")]).await,
            "consents" => person.send("consents", &[("answer", "agree")]).await,
            // The same upload until it was taken: it is one picture.
            "camera" => person.picture(&self.photo, &format!("picture-{version}")).await,
            "check" => {
                let guess = format!("2011-01-{:02}", 1 + version % 28);
                let issued = if self.guesses { &guess } else { &who.issued };
                let typed = [("name", &who.name), ("resident_number", &who.number), ("issue_date", issued)];
                person.send("confirm", &typed.map(|(name, value)| (name, value.as_str()))).await
            }
            "account" => {
                let given = [("bank", &self.account.bank), ("account_number", &self.account.number)];
                person.send("account", &given.map(|(name, value)| (name, value.as_str()))).await
            }
            "code" => {
                let book = self.desk.book(&self.account).await;
                let code = book.last()?["print_content"].as_str()?.to_owned();
                person.send("code", &[("code", &code)]).await
            }
            "resend" => person.send("resend", &[]).await,
            _ => return None,
        })
    }
}
