//! Clothes of the specimen portraits, from the neck to the lower edge.
//!
//! Refuses to know anything but a garment and a colour. Units are those of `portrait`.

use super::portrait::Garment;

/// Shoulders, symmetrical about x = 50, down to below the edge.
const SHOULDERS: &str = "M3 122c1-19 13-26 26-29l11-5c4 8 16 8 20 0l11 5c13 3 25 10 26 29z";

/// The marks of one garment.
pub(super) fn marks(garment: Garment, colour: &str) -> String {
    let base = format!(r#"<path d="{SHOULDERS}" fill="{colour}"/>"#);
    let over = match garment {
        Garment::Suit => {
            r##"<path d="M39 88l11 32 11-32c-4 7-18 7-22 0z" fill="#FDFDFB"/><path d="M47 97h6l1.5 5-1.8 3 2.8 17h-11l2.8-17-1.8-3z" fill="#8A2F3A"/><path d="M39 87.5l-3.5 3.5 9 9 5.5-4zM61 87.5l3.5 3.5-9 9-5.5-4z" fill="#FFFFFF"/><path d="M35.5 90.5L31 99l6 3-3 4 14 16h-5L24 104l5-11zM64.5 90.5L69 99l-6 3 3 4-14 16h5l19-18-5-11z" fill="#000000" fill-opacity=".22"/>"##.to_owned()
        }
        Garment::Blazer => {
            r##"<path d="M39 88c3 9 8 14 11 32 3-18 8-23 11-32-5 6-17 6-22 0z" fill="#F7F4EE"/><path d="M37 89.5L32 98l6 3-3 4 13 17h-6L25 104l5-11zM63 89.5L68 98l-6 3 3 4-13 17h6l17-18-5-11z" fill="#000000" fill-opacity=".2"/>"##.to_owned()
        }
        Garment::Shirt => {
            r##"<path d="M40 87l-6 5 10 12 6-8zM60 87l6 5-10 12-6-8z" fill="#FFFFFF" fill-opacity=".32"/><path d="M50 97v25" stroke="#000000" stroke-opacity=".2" stroke-width="1.2"/><circle cx="50" cy="106" r="1.1" fill="#000000" fill-opacity=".3"/><circle cx="50" cy="116" r="1.1" fill="#000000" fill-opacity=".3"/>"##.to_owned()
        }
        Garment::Knit => {
            r##"<path d="M38.5 88.5c4 10 19 10 23 0l3 1.5c-5 13-24 13-29 0z" fill="#000000" fill-opacity=".16"/><path d="M20 122v-16M80 122v-16" stroke="#000000" stroke-opacity=".14" stroke-width="1.4"/>"##.to_owned()
        }
        Garment::Turtleneck => {
            format!(
                r##"<path d="M39.5 79c5 4 16 4 21 0l2 13c-6 5-19 5-25 0z" fill="{colour}"/><path d="M39.5 79c5 4 16 4 21 0l.5 3c-6 4-16 4-22 0z" fill="#FFFFFF" fill-opacity=".14"/><path d="M37.5 92c6 5 19 5 25 0" fill="none" stroke="#000000" stroke-opacity=".2" stroke-width="1.3"/><path d="M20 122v-16M80 122v-16" stroke="#000000" stroke-opacity=".14" stroke-width="1.4"/>"##
            )
        }
        Garment::Blouse => {
            r##"<path d="M40 87.5l-5 3.5 8 15 7-9zM60 87.5l5 3.5-8 15-7-9z" fill="#FFFFFF" fill-opacity=".5"/><path d="M50 97l-3 25h6z" fill="#000000" fill-opacity=".08"/>"##.to_owned()
        }
        Garment::Hoodie => {
            r##"<path d="M36 88c-6 3-7 9-4 14 8 7 28 7 36 0 3-5 2-11-4-14-3 12-25 12-28 0z" fill="#000000" fill-opacity=".17"/><path d="M44 101v13M56 101v13" stroke="#FFFFFF" stroke-opacity=".85" stroke-width="1.5" stroke-linecap="round"/>"##.to_owned()
        }
        Garment::Hanbok => {
            r##"<path d="M38 88l6-1 20 27-5 4z" fill="#FFFFFF"/><path d="M62 88l-6-1-15 20 4 5z" fill="#FFFFFF"/><path d="M36 90l24 32h-9L33 93z" fill="#000000" fill-opacity=".14"/><path d="M58 116c5-1 9 1 11 6H57z" fill="#A93B4B"/><path d="M20 122c2-8 3-12 6-16M80 122c-2-8-3-12-6-16" fill="none" stroke="#000000" stroke-opacity=".14" stroke-width="1.4"/>"##.to_owned()
        }
        Garment::Cardigan => {
            r##"<path d="M39 88c2 14 5 22 6 34h10c1-12 4-20 6-34-4 8-18 8-22 0z" fill="#F5EFE4"/><path d="M38.5 88.5c1 14 4 22 5 33.5h3c-1-12-3-20-5-32zM61.5 88.5c-1 14-4 22-5 33.5h-3c1-12 3-20 5-32z" fill="#000000" fill-opacity=".2"/>"##.to_owned()
        }
    };
    base + &over
}
