//! What the targets share: inputs that begin near something valid. A fuzzer finds the way into JSON by itself, but
//! not into a JPEG or a chain of hashes.

/// An input made from one of `bases`: its first byte chooses, the rest edits. With 0, or without bases, the rest is
/// the input itself.
pub fn edited(bases: &[&[u8]], data: &[u8]) -> Vec<u8> {
    let Some((choice, edits)) = data.split_first() else { return Vec::new() };
    let Some(base) = usize::from(*choice).checked_sub(1).and_then(|at| bases.get(at)) else {
        return edits.to_vec();
    };
    let mut bytes = base.to_vec();
    for edit in edits.chunks_exact(4) {
        let at = usize::from(u16::from_be_bytes([edit[1], edit[2]])) % (bytes.len() + 1);
        let with = edit[3];
        match edit[0] % 4 {
            0 if at < bytes.len() => bytes[at] = with,
            1 => bytes.insert(at, with),
            2 => drop(bytes.drain(at..(at + usize::from(with)).min(bytes.len()))),
            // A piece of it once more.
            _ => {
                let piece = bytes[at..(at + usize::from(with)).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

/// The input as text; what is no UTF-8 is replaced.
pub fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}
