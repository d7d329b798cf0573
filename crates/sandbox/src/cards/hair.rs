//! Hair of the specimen portraits: what falls behind the head and what lies before the face.
//!
//! Refuses to know anything but a shape and a colour. Units are those of `portrait`.

use super::portrait::Hair;

/// Marks behind the head and marks before the face.
pub(super) fn marks(hair: Hair, colour: &str) -> (String, String) {
    let behind = match hair {
        Hair::Bob => fill(
            colour,
            "M22 50c-3-26 10-39 28-39s31 13 28 39c0 12 1 20 3 27-6 5-14 5-18 2H37c-4 3-12 3-18-2 2-7 3-15 3-27z",
        ),
        Hair::Long => fill(
            colour,
            "M22 50c-3-26 10-39 28-39s31 13 28 39c0 20 3 34 6 50-7 5-17 4-22 0H38c-5 4-15 5-22 0 3-16 6-30 6-50z",
        ),
        Hair::Wavy => fill(
            colour,
            "M21 48c-3-25 11-38 29-38s32 13 29 38c-1 7 5 10 4 18s-5 9-3 17 4 13-2 17-13 3-17-1H39c-4 4-11 5-17 1s-4-9-2-17-2-9-3-17 5-11 4-18z",
        ),
        Hair::Ponytail => fill(
            colour,
            "M24 50c-2-26 9-38 26-38s28 12 26 38c0 8 4 12 6 22 2 11 1 21-4 28-5-6-7-13-7-21V60H26z",
        ),
        Hair::Bun => {
            format!(
                r##"<circle cx="50" cy="10.5" r="9.5" fill="{colour}"/><path d="M44 8q6-5 12 0M43 12q7-5 14 0" fill="none" stroke="#FFFFFF" stroke-opacity=".18" stroke-width="1.2" stroke-linecap="round"/>{}"##,
                fill(colour, "M25 54c-2-25 8-38 25-38s27 13 25 38z")
            )
        }
        Hair::Perm => fill(
            colour,
            "M24 58c-6-2-7-9-3-13-4-5-1-11 4-12-1-7 4-11 9-11 2-6 8-8 13-6 5-4 12-1 14 4 6-1 11 4 10 10 6 2 8 8 5 13 4 4 3 12-3 15z",
        ),
        Hair::Crop | Hair::SidePart | Hair::Fringe | Hair::Buzz | Hair::Receding | Hair::Bald => {
            String::new()
        }
    };
    let before = match hair {
        Hair::Crop => shaped(
            colour,
            "M27 52c-4-17-1-29 8-34 5-5 12-7 19-6 11 0 19 8 20 19 1 7 0 14-2 21-1-6-2-11-5-15-4-5-11-6-17-5-6-1-13 0-17 5-3 4-5 9-6 15z",
            "M38 20q7-5 16-4M35 25q9-6 20-4",
        ),
        Hair::SidePart => shaped(
            colour,
            "M27 52c-4-20 0-33 12-38 13-5 29-1 33 13 2 8 2 17 0 25-1-7-3-12-6-16-12 1-22-2-28-9-1 7-7 12-9 16-1 3-2 6-2 9z",
            "M40 22q10 8 26 8M44 17q10 6 22 8",
        ),
        Hair::Fringe => shaped(
            colour,
            "M26.5 53c-4-22 2-41 24-41s27 19 23 41c-1-4-2-8-3-11l-4-4-2 4-5-5-3 5-6-5-4 5-5-4-3 5-4-4-4 5c-2 3-3 6-4 9z",
            "M36 21q9-6 19-4M33 27q12-8 26-5",
        ),
        Hair::Buzz => shaped(
            colour,
            "M28 50c-3-20 4-34 22-34s25 14 22 34c-1-8-3-14-6-18-5-4-27-4-32 0-3 4-5 10-6 18z",
            "",
        ),
        Hair::Receding => shaped(
            colour,
            "M27 53c-3-17 0-27 7-32 9-7 25-7 33 1 6 6 8 17 6 31-1-8-2-13-5-17-1-6-6-10-9-9-4-5-15-5-18 0-4 0-7 4-9 9-3 4-4 9-5 17z",
            "M42 20q8-3 16 0",
        ),
        Hair::Bald => shaped(
            colour,
            "M26.8 56c-2.6-7-2.6-13 .6-18 2.6 2 3.1 5 2.6 9-.2 3-1.6 5-3.2 9zM73.2 56c2.6-7 2.6-13-.6-18-2.6 2-3.1 5-2.6 9 .2 3 1.6 5 3.2 9z",
            "",
        ),
        Hair::Bob => shaped(
            colour,
            "M26 55c-5-27 4-42 24-42s29 15 24 42c-1-6-2-10-3-14-13 3-29 3-42 0-1 4-2 8-3 14z",
            "M36 22q12-7 26-2M33 29q16-8 34-2",
        ),
        Hair::Long => shaped(
            colour,
            "M50 20c-9 4-17 13-21 24-1 5-2 9-3 13-5-26 4-44 24-44s29 18 24 44c-1-4-2-8-3-13-4-11-12-20-21-24z",
            "M44 17q-9 5-13 15M56 17q9 5 13 15",
        ),
        Hair::Wavy => shaped(
            colour,
            "M42 19c-5 10-10 15-13 23-1 5-2 9-3 14-5-26 3-44 24-44s29 17 24 44c0-5-1-9-2-13-12-3-23-11-30-24z",
            "M50 18q8 12 20 17M38 18q-6 6-8 13",
        ),
        Hair::Bun => shaped(
            colour,
            "M27 53c-3-22 5-37 23-37s26 15 23 37c-1-9-3-16-8-21-8-6-22-6-30 0-5 5-7 12-8 21z",
            "M39 24q5-4 9-5M61 24q-5-4-9-5M50 18v8",
        ),
        Hair::Ponytail => shaped(
            colour,
            "M27 54c-4-24 4-40 23-40s27 16 23 40c-1-8-3-14-6-18-9 0-19-4-26-11-3 7-9 11-11 16-1 4-2 8-3 13z",
            "M43 20q10 9 25 11M50 17q9 6 18 8",
        ),
        Hair::Perm => shaped(
            colour,
            "M28 47c-3-21 8-31 22-31s25 10 22 31c-3-7-8-9-12-9s-16 0-21 1-9 3-11 8zM26 51c-4-4-3-9 1-11-1-6 3-9 7-9 1-5 7-6 10-4 4-3 10-2 12 1 5-1 9 1 10 5 5 1 7 5 6 9 3 2 3 6 1 9-1-4-3-7-5-8-2 1-5 0-6-3-4 2-8 1-10-2-3 3-8 3-10 0-2 3-6 4-9 2-2 3-4 4-6 4-1 2-1 4-1 7z",
            "M30 33q3-5 8-4M45 22q5-4 10-1M62 26q5 1 6 6",
        ),
    };
    (behind, before)
}

fn fill(colour: &str, path: &str) -> String {
    format!(r#"<path d="{path}" fill="{colour}"/>"#)
}

/// A shape with a few strands of light, so that dark hair does not read as a hole.
fn shaped(colour: &str, path: &str, strands: &str) -> String {
    let strands = if strands.is_empty() {
        String::new()
    } else {
        format!(
            r##"<path d="{strands}" fill="none" stroke="#FFFFFF" stroke-opacity=".16" stroke-width="1.4" stroke-linecap="round"/>"##
        )
    };
    format!("{}{strands}", fill(colour, path))
}
