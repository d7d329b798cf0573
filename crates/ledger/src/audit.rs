//! The audit: replays every case from its clear parts, compares with its view, recomputes every leaf, and
//! checks versions, numbers, tasks and claims. It opens sealed fields to check their commitments and gives none of
//! them out, so it writes no access record. Refuses to know how a case is folded: the program brings that.

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
use crate::seal_fields::clear_openings;

/// Rows read at once; with entries of megabytes this bounds the memory, not the time.
const PAGE: u32 = 64;

/// Findings kept in full; beyond it they are counted.
const KEPT: usize = 1000;

/// Folds the clear parts of all entries of a case of this kind into its view's state, or says why not.
pub type Fold<'a> = &'a (dyn Fn(&str, &[ClearEntry]) -> Result<Value, String> + Sync);

/// What the audit saw.
#[derive(Debug, Clone, Default, Serialize)]
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
    /// Tasks that are not done.
    pub tasks: u64,
    /// Claims that are held, or have run out and were not swept.
    pub claims: u64,
    /// What is wrong, the first thousand.
    pub findings: Vec<Finding>,
    /// How many things are wrong.
    pub findings_total: u64,
}

impl AuditReport {
    /// Whether nothing is wrong.
    pub fn clean(&self) -> bool {
        self.findings_total == 0
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

/// Audits the whole ledger, also while it is in use. Memory grows with the longest case, not with the
/// number of cases.
pub async fn audit(ledger: &Ledger, fold: Fold<'_>) -> Result<AuditReport, Fault> {
    let mut report = AuditReport::default();
    let mut after = None;
    loop {
        let page = ledger.store().cases(CaseQuery::Scan { after: after.clone(), limit: PAGE }).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        for case in &page {
            audit_case(ledger, case, fold, &mut report).await?;
        }
    }
    for stream in Stream::ALL {
        audit_numbers(ledger, stream, &mut report).await?;
    }
    audit_tasks(ledger, &mut report).await?;
    audit_claims(ledger, &mut report).await?;
    Ok(report)
}

async fn audit_case(
    ledger: &Ledger,
    case: &Case,
    fold: Fold<'_>,
    report: &mut AuditReport,
) -> Result<(), Fault> {
    report.cases += 1;
    let mut entries: Vec<ClearEntry> = Vec::new();
    let mut version = 0;
    // Entries are never changed, so those up to the version that came with the view belong to it.
    while version < case.version {
        let limit = u32::try_from(case.version - version).unwrap_or(PAGE).min(PAGE);
        let page = EntryQuery::Case { case: case.id.clone(), after: version, limit };
        let rows = ledger.store().entries(page).await?;
        if rows.is_empty() {
            report.add("version_gap", Some(&case.id), None, format!("no entry after version {version}"));
            return Ok(());
        }
        check_order(&rows, report);
        for row in &rows {
            if row.version != version + 1 {
                report.add(
                    "version_gap",
                    Some(&case.id),
                    Some(&row.id),
                    format!("version {} after {version}", row.version),
                );
            }
            version = row.version;
            report.entries += 1;
            if let Some(clear) = audit_entry(ledger, row, report).await? {
                entries.push(clear);
            }
        }
    }
    let beyond = EntryQuery::Case { case: case.id.clone(), after: case.version, limit: 1 };
    if let Some(row) = ledger.store().entries(beyond).await?.first()
        && ledger.case(&case.id).await?.is_none_or(|now| now.version < row.version)
    {
        report.add(
            "entry_beyond_version",
            Some(&case.id),
            Some(&row.id),
            format!("the case is at {}", case.version),
        );
    }
    if let Some(view) = &case.view {
        match fold(&case.kind, &entries) {
            Err(why) => report.add("fold_failed", Some(&case.id), None, why),
            Ok(state) if state != view.state => {
                report.add("view_mismatch", Some(&case.id), None, format!("at version {}", case.version));
            }
            Ok(_) => {}
        }
    }
    Ok(())
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

async fn audit_entry(
    ledger: &Ledger,
    row: &EntryRow,
    report: &mut AuditReport,
) -> Result<Option<ClearEntry>, Fault> {
    let (case, entry) = (Some(row.case.as_str()), Some(row.id.as_str()));
    let openings = row.to_clear().and_then(|clear| Ok((clear, clear_openings(row)?)));
    let Ok((clear, openings)) = openings else {
        report.add("clear_unreadable", case, entry, "");
        return Ok(None);
    };
    let commitments = row.commitment_list();
    let mut names: Vec<String> =
        clear.clear.keys().chain(row.sealed.iter().map(|field| &field.name)).cloned().collect();
    names.sort_by(|a, b| jcs::name_order(&jcs::nfc(a), &jcs::nfc(b)));
    if names.len() != commitments.len() {
        report.add("commitment_mismatch", case, entry, "another number of fields");
        return Ok(Some(clear));
    }
    for (name, commitment) in names.iter().zip(&commitments) {
        let opening = match openings.iter().find(|opening| opening.name == *name) {
            Some(opening) => opening.clone(),
            None => match ledger.open_row(row, name).await {
                Ok(Opened::Value(opening)) => {
                    report.sealed_checked += 1;
                    opening
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
        if leaf::commitment(&opening.name, &opening.value, &opening.salt).ok() != Some(*commitment) {
            report.add("commitment_mismatch", case, entry, format!("field {name}"));
        }
    }
    if leaf::leaf(&row.header(), &commitments) != row.leaf {
        report.add("leaf_mismatch", case, entry, "");
    }
    Ok(Some(clear))
}

async fn audit_numbers(ledger: &Ledger, stream: Stream, report: &mut AuditReport) -> Result<(), Fault> {
    let head = ledger.head(stream).await?;
    let mut last = 0;
    while last < head {
        let page = EntryQuery::Numbered { stream, institution: None, after: last, limit: PAGE };
        let rows = ledger.store().entries(page).await?;
        if rows.is_empty() {
            report.add(
                "number_gap",
                None,
                None,
                format!("{stream:?}: nothing after {last}, the head is {head}"),
            );
            return Ok(());
        }
        for row in rows {
            let number = row.number.unwrap_or(0);
            if number != last + 1 {
                report.add(
                    "number_gap",
                    Some(&row.case),
                    Some(&row.id),
                    format!("{stream:?}: {number} after {last}"),
                );
            }
            last = number.max(last + 1);
            report.numbered += 1;
        }
    }
    Ok(())
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
