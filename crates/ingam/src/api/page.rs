//! Lists: one page of items and an opaque cursor to the next.

use super::problem::Problem;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use utoipa::ToSchema;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub data: Vec<T>,
    /// Give it as `cursor` for the next page; null at the end.
    pub next_cursor: Option<String>,
}

/// A page of a short list that is in memory, newest first. `all` comes oldest first.
///
/// # Errors
/// Where the cursor is none of ours.
pub fn newest_first<K: AsRef<str>, T>(
    all: impl DoubleEndedIterator<Item = (K, T)>,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<T>, Problem> {
    let after = cursor.map(|text| read(text).ok_or(Problem::query("cursor", "malformed"))).transpose()?;
    let mut rest = all.rev().filter(|(key, _)| after.as_deref().is_none_or(|after| key.as_ref() < after));
    let mut data = Vec::new();
    let mut last = None;
    for (key, item) in rest.by_ref().take(limit) {
        last = Some(URL_SAFE_NO_PAD.encode(key.as_ref()));
        data.push(item);
    }
    let more = rest.next().is_some();
    Ok(Page { data, next_cursor: last.filter(|_| more) })
}

fn read(cursor: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok().filter(|bytes| (1..=64).contains(&bytes.len()))?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_one_another_without_gap_or_repeat() {
        let all = ["a", "b", "c", "d", "e"];
        let page =
            |cursor: Option<&str>, limit| newest_first(all.iter().map(|k| (*k, *k)), cursor, limit).unwrap();
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let next = page(cursor.as_deref(), 2);
            seen.extend(next.data);
            match next.next_cursor {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, ["e", "d", "c", "b", "a"]);
        assert_eq!(page(None, 5).next_cursor, None);
        assert!(newest_first(all.iter().map(|k| (*k, *k)), Some("%%%"), 2).is_err());
    }
}
