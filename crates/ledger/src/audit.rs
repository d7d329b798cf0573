//! The audit: replays every case from its clear parts, compares with its view, recomputes every leaf, and
//! checks versions, numbers, tasks and claims. It opens sealed fields to check their commitments and gives none of
//! them out, so it writes no access record. Refuses to know how a case is folded: the program brings that.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use serde::Serialize;
use serde_json::Value;

use crate::commit::Case;
use crate::entry::{ClearEntry, EntryRow, Stream};
use crate::error::Fault;
use crate::jcs;
use crate::leaf;
use crate::ledger::{Ledger, check_id};
use crate::query::{CaseQuery, EntryQuery, TaskQuery};
use crate::reading::Opened;
use crate::text;

/// Rows read at once; with entries of megabytes this bounds the memory, not the time.
const PAGE: u32 = 64;

/// Entries of a page of cases that are read at once. Most cases have few.
const TOGETHER: u32 = 6 * PAGE;

/// Chunks of cases that are checked at once: as many as stores read at once, so that every core has work while
/// others wait for rows.
const AT_ONCE: usize = 4;

/// Findings kept in full; beyond it they are counted.
const KEPT: usize = 1000;

/// Folds the clear parts of all entries of a case of this kind into its view's state, or says why not.
pub type Fold<'a> = &'a (dyn Fn(&str, &[ClearEntry]) -> Result<Value, String> + Sync);

/// What the audit saw.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// Cases replayed.
    pub cases: u64,
    /// Entries whose leaf was recomputed.
    pub entries: u64,
    /// Sealed fields opened and compared with their commitment.
    pub sealed_checked: u64,
    /// Sealed fields whose key was destroyed: their commitments stand, nobody can open them.
    pub sealed_destroyed: u64,
    /// Numbered entries, over all streams.
    pub numbered: u64,
    /// The last number given in each stream.
    pub heads: Vec<(Stream, u64)>,
    /// The sum of all entries.
    pub entries_sum: EntriesSum,
    /// Tasks that are not done.
    pub tasks: u64,
    /// Claims that are held, or have run out and were not swept.
    pub claims: u64,
    /// What is wrong, the first thousand.
    pub findings: Vec<Finding>,
    /// How many things are wrong.
    pub findings_total: u64,
}

/// A sum over all entries, in any order: of each the hash of its id, stream, number and leaf. Two ledgers have the
/// same sum where they have the same entries. It tells copies that went wrong, not forgeries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EntriesSum([u64; 4]);

impl EntriesSum {
    fn add(&mut self, row: &EntryRow) {
        let number = row.number.unwrap_or(0).to_be_bytes();
        let hash = leaf::sha256(&[row.stream.word().as_bytes(), &number, &row.leaf, row.id.as_bytes()]);
        let (words, _) = hash.as_chunks::<8>();
        self.join(EntriesSum(std::array::from_fn(|at| u64::from_be_bytes(words[at]))));
    }

    fn join(&mut self, other: EntriesSum) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, more)| *sum = sum.wrapping_add(more));
    }
}

impl Serialize for EntriesSum {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text::to_hex(&self.0.map(u64::to_be_bytes).concat()))
    }
}

impl AuditReport {
    /// Whether nothing is wrong.
    pub fn clean(&self) -> bool {
        self.findings_total == 0
    }

    /// Takes over what was seen elsewhere.
    fn join(&mut self, other: AuditReport) {
        self.cases += other.cases;
        self.entries += other.entries;
        self.sealed_checked += other.sealed_checked;
        self.sealed_destroyed += other.sealed_destroyed;
        self.entries_sum.join(other.entries_sum);
        self.findings_total += other.findings_total;
        let room = KEPT.saturating_sub(self.findings.len());
        self.findings.extend(other.findings.into_iter().take(room));
    }

    fn add(
        &mut self,
        code: &'static str,
        case: Option<&str>,
        entry: Option<&str>,
        detail: impl Into<String>,
    ) {
        self.findings_total += 1;
        if self.findings.len() < KEPT {
            self.findings.push(Finding {
                code,
                case: case.map(str::to_owned),
                entry: entry.map(str::to_owned),
                detail: detail.into(),
            });
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable code: `version_gap`, `entry_beyond_version`, `clear_unreadable`, `commitment_mismatch`,
    /// `leaf_mismatch`, `sealed_unreadable`, `key_missing`, `fold_failed`, `view_mismatch`, `number_order`,
    /// `number_gap`, `task_without_case`, `task_inconsistent`, `claim_damaged`.
    pub code: &'static str,
    /// The case, where it concerns one.
    pub case: Option<String>,
    /// The entry, where it concerns one.
    pub entry: Option<String>,
    /// More for people; holds no field's value.
    pub detail: String,
}

/// Audits the whole ledger, also while it is in use. Memory grows with the longest cases and by one bit for each
/// number, not with the number of cases.
pub async fn audit(ledger: &Ledger, fold: Fold<'_>) -> Result<AuditReport, Fault> {
    audit_watched(ledger, fold, &|_| ()).await
}

/// The same, telling how many entries were looked at so far.
pub async fn audit_watched(
    ledger: &Ledger,
    fold: Fold<'_>,
    watching: &(dyn Fn(u64) + Send + Sync),
) -> Result<AuditReport, Fault> {
    let mut report = AuditReport::default();
    // Before the cases: an entry that has its number by now is met among them.
    let mut numbers = Vec::new();
    for stream in Stream::ALL {
        let head = ledger.head(stream).await?;
        report.heads.push((stream, head));
        numbers.push(Numbers::up_to(stream, head)?);
    }
    let mut checking = VecDeque::new();
    let mut after = None;
    let mut more = true;
    while more || !checking.is_empty() {
        while more && checking.len() < AT_ONCE {
            let page = ledger.store().cases(CaseQuery::Scan { after: after.clone(), limit: PAGE }).await?;
            match page.last() {
                Some(last) => {
                    after = Some(last.id.clone());
                    checking.push_back(tokio::spawn(check_cases(ledger.clone(), page)));
                }
                None => more = false,
            }
        }
        // In the order of the cases, so that two audits of the same ledger find the same first.
        let Some(checked) = checking.pop_front() else { break };
        for checked in checked.await.map_err(|_| Fault::Closed)?? {
            report.join(checked.report);
            for (stream, number) in checked.numbers {
                numbers.iter_mut().for_each(|numbers| numbers.saw(stream, number));
            }
            if !checked.cut_off {
                compare_view(&checked.case, &checked.entries, fold, &mut report);
            }
        }
        watching(report.entries);
    }
    numbers.iter().for_each(|numbers| numbers.judge(&mut report));
    audit_tasks(ledger, &mut report).await?;
    audit_claims(ledger, &mut report).await?;
    Ok(report)
}

/// What was seen of one case.
struct Checked {
    case: Case,
    entries: Vec<ClearEntry>,
    /// Its last entries are missing, so there is nothing to fold.
    cut_off: bool,
    numbers: Vec<(Stream, u64)>,
    report: AuditReport,
}

async fn check_cases(ledger: Ledger, cases: Vec<Case>) -> Result<Vec<Checked>, Fault> {
    let mut all = Vec::with_capacity(cases.len());
    let mut together = read_together(&ledger, &cases).await?;
    for case in cases {
        let report = AuditReport { cases: 1, ..AuditReport::default() };
        let mut checked = Checked { case, entries: Vec::new(), cut_off: false, numbers: Vec::new(), report };
        let rows = together.remove(&checked.case.id);
        checked.read(&ledger, rows).await?;
        all.push(checked);
    }
    Ok(all)
}

/// All entries of those cases that have few: a question for each would take longer than the answers.
async fn read_together(ledger: &Ledger, cases: &[Case]) -> Result<HashMap<String, Vec<EntryRow>>, Fault> {
    let ids = cases.iter().map(|case| case.id.clone()).collect();
    let rows = ledger.store().entries(EntryQuery::Cases { cases: ids, limit: TOGETHER }).await?;
    let full = rows.len() == TOGETHER as usize;
    let last = rows.last().map(|row| row.case.clone());
    let mut by_case: HashMap<String, Vec<EntryRow>> = HashMap::new();
    for row in rows {
        by_case.entry(row.case.clone()).or_default().push(row);
    }
    if let Some(last) = last.filter(|_| full) {
        // Of this one there may be more.
        by_case.remove(&last);
    }
    Ok(by_case)
}

impl Checked {
    /// `known`: all entries of the case, where they were read already.
    async fn read(&mut self, ledger: &Ledger, mut known: Option<Vec<EntryRow>>) -> Result<(), Fault> {
        let Checked { case, report, .. } = self;
        let mut version = 0;
        // Entries are never changed, so those up to the version that came with the view belong to it. One more is
        // asked for, to see whether there is one.
        loop {
            let (mut rows, last) = match known.take() {
                Some(rows) => (rows, true),
                None => {
                    let limit = u32::try_from(case.version - version).unwrap_or(PAGE).min(PAGE) + 1;
                    let page = EntryQuery::Case { case: case.id.clone(), after: version, limit };
                    let rows = ledger.store().entries(page).await?;
                    let last = rows.len() < limit as usize;
                    (rows, last)
                }
            };
            let beyond = rows.iter().position(|row| row.version > case.version);
            if let Some(at) = beyond {
                let row = rows.swap_remove(at);
                rows.truncate(at);
                self.numbers.extend(row.number.map(|number| (row.stream, number)));
                if ledger.case(&case.id).await?.is_none_or(|now| now.version < row.version) {
                    let detail = format!("the case is at {}", case.version);
                    report.add("entry_beyond_version", Some(&case.id), Some(&row.id), detail);
                }
            }
            check_order(&rows, report);
            for row in &rows {
                if row.version != version + 1 {
                    let detail = format!("version {} after {version}", row.version);
                    report.add("version_gap", Some(&case.id), Some(&row.id), detail);
                }
                version = row.version;
                report.entries += 1;
                report.entries_sum.add(row);
                self.numbers.extend(row.number.map(|number| (row.stream, number)));
                self.entries.extend(audit_entry(ledger, row, report).await?);
            }
            if last || beyond.is_some() {
                break;
            }
        }
        if version < case.version {
            let detail = format!("no entry after version {version}");
            report.add("version_gap", Some(&case.id), None, detail);
            self.cut_off = true;
        }
        Ok(())
    }
}

fn compare_view(case: &Case, entries: &[ClearEntry], fold: Fold<'_>, report: &mut AuditReport) {
    let Some(view) = &case.view else { return };
    match fold(&case.kind, entries) {
        Err(why) => report.add("fold_failed", Some(&case.id), None, why),
        Ok(state) if state != view.state => {
            report.add("view_mismatch", Some(&case.id), None, format!("at version {}", case.version));
        }
        Ok(_) => {}
    }
}

/// Which numbers of a stream were met.
struct Numbers {
    stream: Stream,
    head: u64,
    /// One bit for each number, from 1.
    met: Vec<u64>,
    /// The first number that two entries have.
    twice: Option<u64>,
}

impl Numbers {
    fn up_to(stream: Stream, head: u64) -> Result<Numbers, Fault> {
        let words = usize::try_from(head.div_ceil(64)).map_err(|_| Fault::Damaged("a head"))?;
        let mut met = Vec::new();
        met.try_reserve_exact(words).map_err(|_| Fault::Damaged("a head"))?;
        met.resize(words, 0);
        Ok(Numbers { stream, head, met, twice: None })
    }

    /// Later numbers were given since, and are for the next audit.
    fn saw(&mut self, stream: Stream, number: u64) {
        if stream != self.stream || number > self.head || number == 0 {
            return;
        }
        let (word, bit) = ((number - 1) / 64, 1 << ((number - 1) % 64));
        let word = &mut self.met[word as usize];
        if *word & bit != 0 {
            self.twice.get_or_insert(number);
        }
        *word |= bit;
    }

    fn judge(&self, report: &mut AuditReport) {
        let met = |number: u64| self.met[((number - 1) / 64) as usize] & (1 << ((number - 1) % 64)) != 0;
        report.numbered += self.met.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
        if let Some(number) = self.twice {
            report.add("number_gap", None, None, format!("{:?}: two entries have {number}", self.stream));
        }
        let mut number = 1;
        while number <= self.head {
            if met(number) {
                number += 1;
                continue;
            }
            let first = number;
            while number <= self.head && !met(number) {
                number += 1;
            }
            let detail = format!("{:?}: nobody has {first} to {}", self.stream, number - 1);
            report.add("number_gap", None, None, detail);
        }
    }
}

fn check_order(rows: &[EntryRow], report: &mut AuditReport) {
    for stream in Stream::ALL {
        let mut before: Option<&EntryRow> = None;
        for row in rows.iter().filter(|row| row.stream == stream) {
            // Both come from one snapshot: a later entry with a number means the earlier had its own.
            let ordered = match (before.map(|before| before.number), row.number) {
                (Some(Some(before)), Some(number)) => before < number,
                (Some(None), Some(_)) => false,
                _ => true,
            };
            if !ordered {
                report.add(
                    "number_order",
                    Some(&row.case),
                    Some(&row.id),
                    "numbered before an earlier entry of its case",
                );
            }
            before = Some(row);
        }
    }
}

/// A field whose commitment is to be recomputed.
enum Field<'a> {
    Clear(&'a Value, &'a [u8; 32]),
    Sealed(&'a str),
}

async fn audit_entry(
    ledger: &Ledger,
    row: &EntryRow,
    report: &mut AuditReport,
) -> Result<Option<ClearEntry>, Fault> {
    let (case, entry) = (Some(row.case.as_str()), Some(row.id.as_str()));
    let clear = row.to_clear().ok().filter(|clear| clear.clear.len() * 32 == row.clear_salts.len());
    let Some(clear) = clear else {
        report.add("clear_unreadable", case, entry, "");
        return Ok(None);
    };
    let commitments = row.commitments.as_chunks::<32>().0;
    let mut open: Vec<(Cow<'_, str>, &Value)> =
        clear.clear.iter().map(|(name, value)| (jcs::nfc(name), value)).collect();
    // The salts stand in this order.
    open.sort_by(|a, b| jcs::name_order(&a.0, &b.0));
    let salted = open.into_iter().zip(row.clear_salts.as_chunks::<32>().0);
    let mut fields: Vec<(Cow<'_, str>, Field<'_>)> = salted
        .map(|((name, value), salt)| (name, Field::Clear(value, salt)))
        .chain(row.sealed.iter().map(|field| (jcs::nfc(&field.name), Field::Sealed(&field.name))))
        .collect();
    fields.sort_by(|a, b| jcs::name_order(&a.0, &b.0));
    if fields.len() != commitments.len() {
        report.add("commitment_mismatch", case, entry, "another number of fields");
        return Ok(Some(clear));
    }
    for ((name, field), expected) in fields.iter().zip(commitments) {
        let found = match field {
            Field::Clear(value, salt) => leaf::commitment(name, value, salt),
            Field::Sealed(name) => match ledger.open_row(row, name).await {
                Ok(Opened::Value(opening)) => {
                    report.sealed_checked += 1;
                    leaf::commitment(&opening.name, &opening.value, &opening.salt)
                }
                Ok(Opened::Destroyed | Opened::Absent) => {
                    report.sealed_destroyed += 1;
                    continue;
                }
                Err(Fault::KeyMissing) => {
                    report.add("key_missing", case, entry, format!("field {name}"));
                    continue;
                }
                Err(Fault::Sealed(_)) => {
                    report.add("sealed_unreadable", case, entry, format!("field {name}"));
                    continue;
                }
                Err(fault) => return Err(fault),
            },
        };
        if found.ok() != Some(*expected) {
            report.add("commitment_mismatch", case, entry, format!("field {name}"));
        }
    }
    if leaf::leaf(&row.header(), commitments) != row.leaf {
        report.add("leaf_mismatch", case, entry, "");
    }
    Ok(Some(clear))
}

async fn audit_tasks(ledger: &Ledger, report: &mut AuditReport) -> Result<(), Fault> {
    let mut after = None;
    loop {
        let page = ledger.tasks(TaskQuery::All { after: after.clone(), limit: PAGE }).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.task.id.clone());
        for state in page {
            report.tasks += 1;
            let (case, detail) = (Some(state.task.case.as_str()), format!("task {}", state.task.id));
            if ledger.case(&state.task.case).await?.is_none() {
                report.add("task_without_case", case, None, detail.clone());
            }
            let handed_out = state.attempt > 0 && state.lease_epoch > 0;
            if (state.leased.is_some() || state.dead.is_some()) && !handed_out {
                report.add("task_inconsistent", case, None, detail);
            }
        }
    }
}

async fn audit_claims(ledger: &Ledger, report: &mut AuditReport) -> Result<(), Fault> {
    let mut after = None;
    loop {
        let page = match ledger.store().scan_claims(after.clone(), PAGE).await {
            Ok(page) => page,
            Err(Fault::Damaged(what)) => {
                // Whom it keeps out, and from what, can't be known any more.
                report.add("claim_damaged", None, None, format!("{what}, after {after:?}"));
                return Ok(());
            }
            Err(fault) => return Err(fault),
        };
        let Some(last) = page.last() else { return Ok(()) };
        after = Some((last.base.clone(), last.slot));
        for claim in &page {
            report.claims += 1;
            if check_id(&claim.base).is_err() || check_id(&claim.holder).is_err() {
                report.add("claim_damaged", None, None, "no name or no holder");
            }
        }
    }
}
