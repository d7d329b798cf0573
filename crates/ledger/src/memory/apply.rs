//! What each change makes of the rows in memory: first every check, then every row, so that a refusal and a
//! fault change nothing. The contract is [`crate::store`].

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::Mistake;
use super::layers::Place;
use super::state::{
    Answer, CaseRow, Change, ClaimRow, PersonRest, PersonRow, Rows, TaskEntry, TaskStage, claim_key, time,
};
use crate::commit::{LeasedTask, NumberingRefused, Refused, Release, Take};
use crate::entry::RetentionClass;
use crate::error::Fault;
use crate::store::{
    CommitRows, Destruction, JournalMark, LeaseRequest, Settle, TaskRow, WriteRows, stored_json,
};

/// A claim's key, and its row where there is one.
type Before = ((String, u32), Option<ClaimRow>);

impl Place for Rows {
    type Change = Change;
    type Answer = Answer;

    fn apply(&mut self, change: &Change) -> Answer {
        match change {
            Change::Commit(rows) => Answer::Commit(self.commit(rows)),
            Change::Lease(request) => Answer::Lease(self.lease(request)),
            Change::Settle { task, epoch, word } => Answer::Settle(self.settle(task, *epoch, word)),
            Change::Revive { task, run_at } => Answer::Revive(self.revive(task, run_at.as_millisecond())),
            Change::Number { stream, head, entries, tasks } => {
                Answer::Number(self.give_numbers(*stream, *head, entries, tasks))
            }
            Change::Destroy { destruction, mark } => {
                self.destroy(destruction, *mark);
                Answer::Destroy
            }
            Change::Retire { subject } => Answer::Retire(self.retire(subject)),
            Change::Sweep { now, limit } => Answer::Sweep(self.sweep(now.as_millisecond(), *limit)),
        }
    }
}

impl Rows {
    fn commit(&mut self, rows: &CommitRows) -> Result<Result<Vec<String>, Refused>, Fault> {
        let mut cases = HashSet::new();
        if rows.writes.iter().any(|write| !cases.insert(&write.case)) {
            return Err(Fault::Invalid("the same case twice in a commit"));
        }
        if let Some(refused) = self.refused_early(rows) {
            return Ok(Err(refused));
        }
        let now = rows.now.as_millisecond();
        let before = self.touched(&rows.release, &rows.take);
        let claimed = self.claim(&rows.release, &rows.take, now).and_then(|claimed| {
            let ids = if claimed.is_ok() { self.check_ids(rows) } else { Ok(()) };
            ids.map(|()| claimed)
        });
        let Ok(Ok(keys)) = claimed else {
            self.put_back(before);
            return claimed;
        };
        for write in &rows.writes {
            self.write(write, now);
        }
        for (task, _) in &rows.done {
            self.drop_task(task);
        }
        self.add_tasks(&rows.tasks);
        self.add_people(rows);
        Ok(Ok(keys))
    }

    fn check_ids(&self, rows: &CommitRows) -> Result<(), Fault> {
        let mut ids = HashSet::new();
        let mut entries = rows.writes.iter().flat_map(|write| &write.entries);
        let new = |id| !self.by_id.contains_key(id) && ids.insert(id);
        if !entries.by_ref().map(|entry| &entry.id).all(new) {
            return Err(Fault::Invalid("an entry id that is there already"));
        }
        self.check_tasks(&rows.tasks)
    }

    fn check_tasks(&self, tasks: &[TaskRow]) -> Result<(), Fault> {
        let mut ids = HashSet::new();
        let new = |task: &TaskRow| !self.tasks.contains_key(&task.id);
        let fine = tasks.iter().all(|task| new(task) && ids.insert(&task.id));
        if fine { Ok(()) } else { Err(Fault::Invalid("a task id that is there already")) }
    }

    fn refused_early(&self, rows: &CommitRows) -> Option<Refused> {
        for write in &rows.writes {
            let (version, same_kind) = self
                .cases
                .get(&write.case)
                .map_or((0, true), |row| (row.version, row.kind == write.case_kind));
            let expected = version == write.expected_version || self.makes(Mistake::ForgetsVersions);
            if !expected || !same_kind {
                return Some(Refused::Stale { case: write.case.clone(), actual_version: version });
            }
        }
        for (task, epoch) in &rows.done {
            if !self.held(task, *epoch) {
                return Some(Refused::Fenced { task: task.clone() });
            }
        }
        for (subject, institution, class) in rows.named() {
            let gone = |place: Option<&str>| {
                self.destroyed.contains(&(subject.to_owned(), class, place.map(str::to_owned)))
            };
            if gone(None) || gone(Some(institution.unwrap_or_default())) {
                return Some(Refused::Destroyed { subject: subject.to_owned() });
            }
        }
        None
    }

    /// Whether a task is leased under this epoch.
    fn held(&self, task: &str, epoch: u64) -> bool {
        let any_epoch = self.makes(Mistake::ForgetsEpochs);
        self.tasks
            .get(task)
            .is_some_and(|task| any_epoch || (task.state == TaskStage::Leased && task.epoch == epoch))
    }

    /// Releases and takes, one by one, until one is refused.
    fn claim(
        &mut self,
        release: &[Release],
        take: &[Take],
        now: i64,
    ) -> Result<Result<Vec<String>, Refused>, Fault> {
        for release in release {
            let (base, by) = match release {
                Release::Holder { base, holder } => (base, Some(holder)),
                Release::All { base } => (base, None),
            };
            let slots: Vec<u32> = self
                .under(base)
                .filter(|(_, claim)| by.is_none_or(|holder| claim.holder == *holder))
                .map(|(slot, _)| slot)
                .collect();
            for slot in slots {
                self.claims.remove(&(base.clone(), slot));
            }
        }
        let mut keys = Vec::with_capacity(take.len());
        for take in take {
            let slot = match self.free_slot(take, now)? {
                Ok(slot) => slot,
                Err(refused) => return Ok(Err(refused)),
            };
            let row = ClaimRow {
                holder: take.holder.clone(),
                expires_ms: take.expires_at.map(|at| at.as_millisecond()),
                note: take.note.as_ref().map(|note| note.to_string()),
            };
            self.claims.insert((take.base.clone(), slot), row);
            keys.push(claim_key(&take.base, slot));
        }
        Ok(Ok(keys))
    }

    fn put_back(&mut self, before: Vec<Before>) {
        for (key, row) in before {
            match row {
                Some(row) => self.claims.insert(key, row),
                None => self.claims.remove(&key),
            };
        }
    }

    /// Every row that claims of these bases may change, as it stands.
    fn touched(&self, release: &[Release], take: &[Take]) -> Vec<Before> {
        let mut bases: BTreeSet<&String> = take.iter().map(|take| &take.base).collect();
        for release in release {
            let (Release::Holder { base, .. } | Release::All { base }) = release;
            bases.insert(base);
        }
        let mut rows: Vec<_> = take
            .iter()
            .flat_map(|take| (0..=take.slots.unwrap_or(0)).map(|slot| ((take.base.clone(), slot), None)))
            .collect();
        // What is there comes last, so that it is there again in the end.
        for base in bases {
            rows.extend(self.under(base).map(|(slot, row)| ((base.clone(), slot), Some(row.clone()))));
        }
        rows
    }

    fn free_slot(&self, take: &Take, now: i64) -> Result<Result<u32, Refused>, Fault> {
        let held = |slot: u32| self.claims.get(&(take.base.clone(), slot)).filter(|claim| claim.lives(now));
        let Some(slots) = take.slots else {
            let holder = held(0).filter(|_| !self.makes(Mistake::GivesHeldClaims));
            return Ok(match holder {
                None => Ok(0),
                Some(claim) => Err(Refused::ClaimHeld {
                    key: take.base.clone(),
                    holder: claim.holder.clone(),
                    note: claim.note.as_deref().map(stored_json).transpose()?,
                }),
            });
        };
        if self.makes(Mistake::GivesHeldSlots) {
            return Ok(Ok(1));
        }
        let free = (1..=slots).find(|slot| held(*slot).is_none());
        Ok(free.ok_or_else(|| Refused::SlotsFull { base: take.base.clone() }))
    }

    fn write(&mut self, write: &WriteRows, now: i64) {
        if write.entries.is_empty() && write.view.is_none() {
            return;
        }
        let keeps_old = self.makes(Mistake::KeepsOldViews);
        let row = self.cases.entry(write.case.clone()).or_insert_with(|| CaseRow {
            kind: write.case_kind.clone(),
            version: 0,
            created_ms: now,
            updated_ms: now,
            view: None,
        });
        // Where the version was not looked at, the entries go on from where the case stands.
        let shift = row.version - write.expected_version.min(row.version);
        row.version = write.expected_version + shift + write.entries.len() as u64;
        row.updated_ms = now;
        if let Some(view) = &write.view
            && !(keeps_old && row.view.is_some() && row.version.is_multiple_of(5))
        {
            row.view = Some(view.clone());
        }
        for entry in &write.entries {
            let at = self.entries.len();
            let mut entry = entry.clone();
            entry.version += shift;
            self.by_id.insert(entry.id.clone(), at);
            self.by_case.entry(entry.case.clone()).or_default().insert(entry.version, at);
            self.pending.insert((entry.stream.code(), at));
            self.entries.push(Arc::new(entry));
        }
    }

    fn add_tasks(&mut self, tasks: &[TaskRow]) {
        for task in tasks {
            self.tasks_given += 1;
            if self.makes(Mistake::LosesTasks) && self.tasks_given.is_multiple_of(7) {
                continue;
            }
            let due_ms = task.run_at.as_millisecond();
            self.due.insert((task.kind.clone(), due_ms, task.id.clone()));
            let entry = TaskEntry {
                row: task.clone(),
                state: TaskStage::Waits,
                due_ms,
                attempt: 0,
                epoch: 0,
                worker: None,
                reason: None,
            };
            self.tasks.insert(task.id.clone(), entry);
        }
    }

    fn drop_task(&mut self, id: &str) {
        if let Some(task) = self.tasks.remove(id) {
            self.due.remove(&(task.row.kind, task.due_ms, task.row.id));
        }
    }

    fn add_people(&mut self, rows: &CommitRows) {
        let sealed = rows.writes.iter().flat_map(|write| &write.entries).flat_map(|entry| &entry.sealed);
        self.subjects.extend(sealed.map(|field| field.subject.clone()));
        for row in &rows.index {
            self.subjects.insert(row.subject.clone());
            let key = PersonRow {
                purpose: row.purpose.clone(),
                hex: row.value.hex.clone(),
                key_version: row.value.key_version,
                subject: row.subject.clone(),
                case: row.case.clone(),
            };
            let rest = PersonRest { class: row.class, institution: row.institution.clone() };
            self.people.entry(key).or_insert(rest);
        }
    }

    fn lease(&mut self, request: &LeaseRequest) -> Result<Vec<LeasedTask>, Fault> {
        let now = request.now.as_millisecond();
        let twice = self.makes(Mistake::LeasesTwice);
        let mut due: Vec<(i64, String)> = Vec::new();
        let kinds: BTreeSet<&String> = request.kinds.iter().collect();
        for kind in kinds {
            let from = (kind.clone(), i64::MIN, String::new());
            let of_kind = self.due.range(from..).take_while(|(of, at, _)| of == kind && *at <= now);
            due.extend(of_kind.take(request.limit as usize).map(|(_, at, id)| (*at, id.clone())));
        }
        if twice {
            let leased = self.tasks.values().filter(|task| task.state == TaskStage::Leased);
            due.extend(leased.map(|task| (task.due_ms, task.row.id.clone())));
        }
        due.sort();
        due.dedup();
        due.truncate(request.limit as usize);
        let mut leased = Vec::with_capacity(due.len());
        for (_, id) in due {
            let until = request.until.as_millisecond();
            let task = self.tasks.get_mut(&id).ok_or(Fault::Damaged("a task"))?;
            self.due.remove(&(task.row.kind.clone(), task.due_ms, id.clone()));
            if !(twice && task.state == TaskStage::Leased) {
                task.attempt += 1;
                task.epoch += 1;
            }
            task.state = TaskStage::Leased;
            task.due_ms = until;
            task.worker = Some(request.worker.clone());
            self.due.insert((task.row.kind.clone(), until, id.clone()));
            leased.push(LeasedTask {
                case: task.row.case.clone(),
                kind: task.row.kind.clone(),
                effect: task.row.effect,
                payload: stored_json(&task.row.payload)?,
                attempt: task.attempt,
                lease_epoch: task.epoch,
                lease_until: time(until)?,
                run_at: task.row.run_at,
                id,
            });
        }
        Ok(leased)
    }

    fn settle(&mut self, id: &str, epoch: u64, word: &Settle) -> Result<(), Refused> {
        let held = self.held(id, epoch);
        let Some(task) = self.tasks.get_mut(id).filter(|_| held) else {
            return Err(Refused::Fenced { task: id.to_owned() });
        };
        self.due.remove(&(task.row.kind.clone(), task.due_ms, id.to_owned()));
        match word {
            Settle::Postpone(at) => {
                task.state = TaskStage::Waits;
                task.row.run_at = *at;
                task.due_ms = at.as_millisecond();
                task.worker = None;
            }
            Settle::Extend(until) => task.due_ms = task.due_ms.max(until.as_millisecond()),
            Settle::Dead(reason) => {
                task.state = TaskStage::Dead;
                task.reason = Some(reason.clone());
                task.worker = None;
                return Ok(());
            }
        }
        self.due.insert((task.row.kind.clone(), task.due_ms, id.to_owned()));
        Ok(())
    }

    fn revive(&mut self, id: &str, run_at: i64) -> bool {
        let Some(task) = self.tasks.get_mut(id).filter(|task| task.is_dead()) else { return false };
        let Ok(at) = time(run_at) else { return false };
        task.state = TaskStage::Waits;
        task.row.run_at = at;
        task.due_ms = run_at;
        task.reason = None;
        self.due.insert((task.row.kind.clone(), run_at, id.to_owned()));
        true
    }

    fn give_numbers(
        &mut self,
        stream: crate::entry::Stream,
        expected: u64,
        entries: &[String],
        tasks: &[TaskRow],
    ) -> Result<Result<u64, NumberingRefused>, Fault> {
        let (head, code) = (self.head(stream), stream.code());
        if head != expected && !self.makes(Mistake::ForgetsHeads) {
            return Ok(Err(NumberingRefused::HeadMoved { head }));
        }
        let mut listed: Vec<usize> = Vec::with_capacity(entries.len());
        let mut seen = HashSet::with_capacity(entries.len());
        for id in entries {
            let not_pending = || NumberingRefused::NotPending { entry: id.clone() };
            let found = self
                .by_id
                .get(id)
                .copied()
                .filter(|at| self.pending.contains(&(code, *at)) || self.makes(Mistake::ForgetsHeads));
            let Some(at) = found else { return Ok(Err(not_pending())) };
            // Invariant: where the entry just before has a number, all before that have theirs too.
            let entry = &self.entries[at];
            let before = self.by_case.get(&entry.case).and_then(|of| {
                let earlier = of.range(..entry.version).rev().map(|(_, at)| *at);
                earlier.into_iter().find(|at| self.entries[*at].stream == stream)
            });
            if before.is_some_and(|at| !seen.contains(&at) && self.pending.contains(&(code, at))) {
                return Ok(Err(NumberingRefused::OutOfOrder { entry: id.clone() }));
            }
            if !seen.insert(at) {
                return Ok(Err(not_pending()));
            }
            listed.push(at);
        }
        self.check_tasks(tasks)?;
        let mut next = expected;
        for at in listed {
            next += 1;
            self.pending.remove(&(code, at));
            self.number_of.insert(at, next);
            self.numbers.insert((code, next), at);
        }
        self.heads.insert(code, next);
        self.add_tasks(tasks);
        Ok(Ok(next))
    }

    fn destroy(&mut self, destruction: &Destruction, mark: JournalMark) {
        let subject = &destruction.subject;
        self.people.retain(|row, rest| {
            row.subject != *subject || !destruction.covers(rest.institution.as_deref(), rest.class)
        });
        for class in &destruction.classes {
            self.destroyed.insert((subject.clone(), *class, destruction.institution.clone()));
        }
        if mark.count > self.mark.count {
            self.mark = mark;
        }
    }

    fn retire(&mut self, subject: &str) -> bool {
        let unknown = !self.subjects.contains(subject);
        if unknown {
            self.destroyed.extend(RetentionClass::ALL.map(|class| (subject.to_owned(), class, None)));
        }
        unknown
    }

    fn sweep(&mut self, now: i64, limit: u32) -> u64 {
        let mut over: Vec<(i64, (String, u32))> = self
            .claims
            .iter()
            .filter_map(|(key, claim)| claim.expires_ms.filter(|at| *at <= now).map(|at| (at, key.clone())))
            .collect();
        over.sort();
        over.truncate(limit as usize);
        for (_, key) in &over {
            self.claims.remove(key);
        }
        over.len() as u64
    }
}
