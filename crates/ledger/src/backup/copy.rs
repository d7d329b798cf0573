//! Copying a ledger from one place straight into another, of the same kind or not: how an installation moves.
//! Whoever wrote must have stopped, and nothing is sealed anew: rows, keys and blobs go over as they are.

use serde::Serialize;

use super::{Place, Progress, Watching};
use crate::error::Fault;
use crate::portable::{Part, Portable, Row};

/// What was copied.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// Rows by part, in their order.
    pub rows: Vec<(&'static str, u64)>,
    /// Blobs that the disk had damaged before; they can't be opened here either.
    pub blobs_damaged: u64,
}

/// Copies everything into a place that is empty. The keys come last: without them the copy is of no use, so one
/// that broke off is not taken for a whole one.
pub async fn copy(from: &Place, into: &Place, watching: Watching<'_>) -> Result<Copied, Fault> {
    let mut copied = Copied::default();
    rows(&*from.ledger, &*into.ledger, Some(Part::Entries), &mut copied, watching).await?;
    rows(&*from.blobs, &*into.blobs, None, &mut copied, &|_| ()).await?;
    rows(&*from.keys, &*into.keys, Some(Part::DataKeys), &mut copied, &|_| ()).await?;
    Ok(copied)
}

/// `counted` are those rows that the moment knows the number of.
async fn rows(
    from: &dyn Portable,
    into: &dyn Portable,
    counted: Option<Part>,
    copied: &mut Copied,
    watching: Watching<'_>,
) -> Result<(), Fault> {
    let mut export = from.export().await?;
    let mut import = into.import().await?;
    let of = export.moment().rows;
    let mut entries = 0;
    while let Some(page) = export.page().await? {
        for row in &page {
            let part = row.part();
            entries += u64::from(Some(part) == counted);
            copied.blobs_damaged += u64::from(matches!(row, Row::Blob(blob) if !blob.whole()));
            match copied.rows.last_mut() {
                Some((last, count)) if *last == part.code() => *count += 1,
                _ => copied.rows.push((part.code(), 1)),
            }
        }
        import.page(page).await?;
        watching(Progress { entries, done: entries, of: of.max(entries) });
    }
    import.finish().await?;
    if entries == of { Ok(()) } else { Err(Fault::Damaged("another number of rows came than was counted")) }
}
