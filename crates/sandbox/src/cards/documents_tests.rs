//! What the other specimen documents promise: the mark, every glyph, numbers that belong to nobody, and pictures of
//! the right shape.

use super::*;

fn documents() -> Vec<(&'static str, Format, String)> {
    let drivers = drivers().into_iter().map(|face| ("driver", Format::Id1, driver_licence_svg(&face)));
    let aliens = aliens().into_iter().map(|face| ("alien", Format::Id1, alien_card_svg(&face)));
    let pages = travellers().into_iter().map(|face| ("passport", Format::Id3, passport_page_svg(&face)));
    drivers.chain(aliens).chain(pages).collect()
}

#[test]
fn every_document_says_that_it_is_a_specimen() {
    for (kind, _, svg) in documents() {
        assert!(svg.matches("SPECIMEN").count() >= 3, "{kind}: photograph, ground and foot");
        assert!(svg.contains("견본 見本"), "{kind}");
    }
}

#[test]
fn every_character_of_every_document_has_a_glyph() {
    for (kind, _, svg) in documents() {
        assert_eq!(unknown_glyphs(&svg).expect("a Korean font is installed"), Vec::<String>::new(), "{kind}");
    }
}

#[test]
fn numbers_belong_to_nobody() {
    let nobody = |number: &str| {
        let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
        digits.len() == 13 && digits[7] == '9' && digits[8] >= '7'
    };
    for face in drivers() {
        assert!(nobody(&face.resident_number), "{}", face.name);
        let parts: Vec<&str> = face.licence_number.split('-').collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [2, 2, 6, 2]);
        assert!(parts[2].starts_with("999"), "{}", face.licence_number);
    }
    for face in aliens() {
        assert!(nobody(&face.registration_number), "{:?}", face.name);
        assert!(('5'..='8').contains(&face.registration_number.chars().nth(7).expect("a seventh digit")));
    }
    for face in travellers() {
        assert!(face.number.ends_with("9999"), "{}", face.number);
    }
}

#[test]
fn machine_lines_are_those_of_doc_9303() {
    let hong = PassportFace {
        code: "P".to_owned(),
        number: "M123A4567".to_owned(),
        surname: "HONG".to_owned(),
        given_names: "GIL DONG".to_owned(),
        birth_date: jiff::civil::date(1990, 1, 1),
        sex: "F".to_owned(),
        expiry_date: jiff::civil::date(2031, 12, 31),
        ..travellers().swap_remove(0)
    };
    assert_eq!(
        hong.machine_lines(),
        ["P<KORHONG<<GIL<DONG<<<<<<<<<<<<<<<<<<<<<<<<<", "M123A45674KOR9001011F3112319<<<<<<<<<<<<<<00"]
    );
    let long = PassportFace { given_names: "A".repeat(60), ..hong };
    assert!(long.machine_lines().iter().all(|line| line.len() == 44));
}

#[test]
fn documents_are_drawn_and_photographed_in_their_shape() {
    let scene = Scene { width: 320, height: 240, ..Scene::default() };
    for (kind, format, svg) in [documents().swap_remove(0), documents().pop().expect("a passport")] {
        let flat = render_document(&svg, format, 500).expect("a drawing");
        assert_eq!(flat.height(), if format == Format::Id1 { 315 } else { 352 }, "{kind}");
        let photo = photograph_document(&svg, format, &scene).expect("a photograph");
        assert_eq!(photo, photograph_document(&svg, format, &scene).expect("again"), "{kind}");
        assert_eq!(&photo[..3], [0xFF, 0xD8, 0xFF], "{kind}");
    }
}

#[test]
fn whoever_has_a_document_in_the_catalogue_can_hold_it() {
    let holders = holders();
    for person in &crate::catalogue::Catalogue::built_in().people {
        let held = |id: &str| {
            let holder = holders.iter().find(|holder| holder.id == id);
            holder.map(|holder| holder.documents.iter().map(|drawn| drawn.held).collect::<Vec<_>>())
        };
        let held = held(&person.id).unwrap_or_default();
        let documents = &person.documents;
        assert_eq!(held.contains(&Held::Driver), documents.licence.is_some(), "{}", person.id);
        assert_eq!(held.contains(&Held::Passport), documents.passport.is_some(), "{}", person.id);
        assert_eq!(held.contains(&Held::Alien), documents.alien_card.is_some(), "{}", person.id);
    }
    let mut unknown = Vec::new();
    for drawn in holders.iter().flat_map(|holder| &holder.documents) {
        unknown.extend(unknown_glyphs(&drawn.svg()).expect("a Korean font is installed"));
    }
    assert_eq!(unknown, Vec::<String>::new());
}
