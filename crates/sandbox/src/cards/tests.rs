//! What the specimen cards promise: same bytes for the same request, every glyph there, the right size,
//! and never without the word SPECIMEN.

use std::path::Path;

use axum::body::Body;
use axum::http::Request;
use tower::ServiceExt as _;

use super::*;

fn kim() -> SpecimenPerson {
    people().iter().find(|person| person.id == "kim-minsu").cloned().expect("the first specimen")
}

fn small() -> Scene {
    Scene { width: 400, height: 300, ..Scene::default() }
}

#[test]
fn every_card_says_that_it_is_a_specimen() {
    for person in people() {
        let svg = resident_card_svg(person);
        assert!(svg.matches("SPECIMEN").count() >= 3, "{}: photograph, corner and foot", person.id);
        assert!(svg.contains("견본"), "{}", person.id);
    }
}

#[test]
fn every_character_of_every_card_has_a_glyph() {
    for person in people() {
        let unknown = unknown_glyphs(&resident_card_svg(person)).expect("a Korean font is installed");
        assert_eq!(unknown, Vec::<String>::new(), "{}", person.id);
    }
}

#[test]
fn a_character_without_a_glyph_is_a_fault_that_names_it() {
    let person = SpecimenPerson { name: "김\u{1F9A9}수".to_owned(), ..kim() };
    match render_card(&person, 200) {
        Err(CardFault::UnknownGlyphs { characters, .. }) => assert_eq!(characters, ["\u{1F9A9}"]),
        other => panic!("expected unknown glyphs, got {other:?}"),
    }
}

#[test]
fn text_becomes_dark_print_where_the_layout_says() {
    let picture = render_card(&kim(), 1284).expect("a card");
    let (w, h) = picture.dimensions();
    // Ink in a band of the card, as a share of its pixels.
    let ink = |x0: f32, x1: f32, y: f32| {
        let (mut dark, mut all) = (0, 0);
        for py in ((y - 0.025) * h as f32) as u32..((y + 0.025) * h as f32) as u32 {
            for px in (x0 * w as f32) as u32..(x1 * w as f32) as u32 {
                all += 1;
                dark += u32::from(picture.get_pixel(px, py).0.iter().all(|&c| c < 110));
            }
        }
        dark as f32 / all as f32
    };
    for (field, x0, x1, y) in [
        ("title", 0.06, 0.40, 0.14),
        ("name", 0.06, 0.30, 0.30),
        ("number", 0.06, 0.36, 0.42),
        ("address", 0.06, 0.36, 0.505),
        ("date", 0.36, 0.54, 0.74),
        ("issuer", 0.30, 0.60, 0.84),
    ] {
        assert!(ink(x0, x1, y) > 0.06, "{field}: {}", ink(x0, x1, y));
    }
    assert!(ink(0.10, 0.60, 0.225) < 0.01, "nothing between title and name");
}

#[test]
fn a_card_has_the_ratio_of_id_1() {
    assert_eq!(render_card(&kim(), 856).expect("a card").dimensions(), (856, 540));
    assert!(matches!(render_card(&kim(), 0), Err(CardFault::Size { .. })));
    assert!(matches!(render_card(&kim(), 9000), Err(CardFault::Size { .. })));
}

#[test]
fn markup_in_a_name_stays_text() {
    let person = SpecimenPerson { name: "<b>&\"".to_owned(), hanja: None, ..kim() };
    assert!(resident_card_svg(&person).contains("&lt;b&gt;&amp;&quot;"));
    render_card(&person, 200).expect("still a drawing");
}

#[test]
fn the_same_scene_gives_the_same_bytes_and_another_seed_does_not() {
    let first = render_photo(&kim(), &small()).expect("a photograph");
    assert_eq!(first, render_photo(&kim(), &small()).expect("again"));
    assert_ne!(first, render_photo(&kim(), &Scene { noise_seed: 2, ..small() }).expect("other grain"));
    assert_eq!(&first[..3], [0xFF, 0xD8, 0xFF], "JPEG");
}

#[test]
fn a_reflection_whitens_the_field_it_lies_on_and_no_other() {
    let light = |glare: Option<Glare>, field: (f32, f32)| {
        let scene = Scene { rotation_deg: 0.0, pitch_deg: 0.0, yaw_deg: 0.0, noise: 0.0, glare, ..small() };
        let bytes = render_photo(&kim(), &scene).expect("a photograph");
        let picture = image::load_from_memory(&bytes).expect("a JPEG").to_luma8();
        let (cw, ch) = (400.0 * scene.card_width, 400.0 * scene.card_width / 1.5858);
        let (x, y) = (200.0 + (field.0 - 0.5) * cw, 150.0 + (field.1 - 0.5) * ch);
        let mut sum = 0u32;
        for dy in 0..5 {
            for dx in 0..21 {
                sum += u32::from(picture.get_pixel(x as u32 + dx - 10, y as u32 + dy - 2).0[0]);
            }
        }
        sum as f32 / 105.0
    };
    let date = Some(Glare { field: Field::IssueDate, strength: 1.0 });
    assert!(light(date, (0.45, 0.74)) > light(None, (0.45, 0.74)) + 20.0);
    assert!((light(date, (0.2, 0.14)) - light(None, (0.2, 0.14))).abs() < 4.0);
}

#[test]
fn a_turned_card_is_where_geometry_puts_it() {
    // A white card edge on a dark desk: at 90 degrees the card stands upright.
    let scene = Scene { rotation_deg: 90.0, pitch_deg: 0.0, yaw_deg: 0.0, card_width: 0.4, ..small() };
    let bytes = render_photo(&kim(), &scene).expect("a photograph");
    let picture = image::load_from_memory(&bytes).expect("a JPEG").to_luma8();
    let bright = |x: u32, y: u32| picture.get_pixel(x, y).0[0] > 150;
    assert!(bright(200, 150 - 74) && bright(200, 150 + 74), "as tall as it was wide");
    assert!(!bright(200 - 62, 150) && !bright(200 + 66, 150), "as wide as it was tall");
}

#[test]
fn a_film_has_the_frames_and_bytes_its_header_says_and_ends_still() {
    let film = Film { frames: 8, fps: 10, scene: Scene { width: 160, height: 120, noise: 0.0, ..small() } };
    let mut y4m = Vec::new();
    render_video_y4m(&kim(), &film, &mut y4m).expect("a film");
    let head = b"YUV4MPEG2 W160 H120 F10:1 Ip A1:1 C420jpeg\n";
    assert!(y4m.starts_with(head));
    let frame = 6 + 160 * 120 * 3 / 2;
    assert_eq!(y4m.len(), head.len() + 8 * frame);
    let luma = |n: usize| &y4m[head.len() + n * frame + 6..][..160 * 120];
    let moved = |a: usize, b: usize| {
        let difference: u32 = luma(a).iter().zip(luma(b)).map(|(&a, &b)| u32::from(a.abs_diff(b))).sum();
        difference / (160 * 120)
    };
    assert!(moved(0, 7) > 10, "comes in: {}", moved(0, 7));
    assert!(moved(6, 7) < 4, "held still: {}", moved(6, 7));

    let mut mjpeg = Vec::new();
    render_video_mjpeg(&kim(), &film, &mut mjpeg).expect("a film");
    let starts = mjpeg.windows(4).filter(|w| w[..3] == [0xFF, 0xD8, 0xFF]).count();
    assert_eq!(starts, 8);
    let odd = Film { scene: Scene { width: 161, ..film.scene.clone() }, ..film };
    assert!(matches!(render_video_y4m(&kim(), &odd, &mut Vec::new()), Err(CardFault::Size { .. })));
}

#[test]
fn people_are_made_up_and_told_apart() {
    let mut faces = std::collections::HashSet::new();
    for person in people() {
        assert!(person.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
        assert!(faces.insert(&person.portrait), "{}: two people look the same", person.id);
        // 97 to 99 stood in no number that was given before October 2020.
        let digits: Vec<char> = person.resident_number.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(digits.len(), 13, "{}", person.id);
        assert!(digits[7] == '9' && digits[8] >= '7', "{}", person.id);
    }
}

#[test]
fn specimens_are_written_for_every_person() {
    let dir = tempfile::tempdir().expect("a directory");
    let film = Film { frames: 2, fps: 5, scene: Scene { width: 160, height: 120, ..Scene::default() } };
    write_specimens(dir.path(), &[kim()], &Videos::Y4m(film)).expect("written");
    let size =
        |name: &str| std::fs::metadata(dir.path().join(Path::new("kim-minsu")).join(name)).map(|m| m.len());
    for name in ["portrait.svg", "card.png", "photo.jpg", "video.y4m"] {
        assert!(size(name).expect(name) > 1000, "{name}");
    }
}

async fn get(router: &axum::Router, path: &str) -> (u16, String, Vec<u8>) {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let answer = router.clone().oneshot(request).await.expect("an answer");
    let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), 1 << 24).await.expect("a body");
    (status, kind, body.to_vec())
}

#[tokio::test]
async fn pictures_are_served_and_bad_addresses_refused() {
    let router = router();
    let check = async |path: &str, status: u16, kind: &str| {
        let answer = get(&router, path).await;
        assert_eq!((answer.0, answer.1.as_str()), (status, kind), "{path}");
        answer.2
    };
    let first =
        check("/people/kim-minsu/photo.jpg?width=320&glare=issue_date&rotation=4", 200, "image/jpeg").await;
    let again =
        check("/people/kim-minsu/photo.jpg?width=320&glare=issue_date&rotation=4", 200, "image/jpeg").await;
    assert_eq!(first, again);
    check("/people/kim-minsu/card.png?width=320", 200, "image/png").await;
    check("/people/kim-minsu/card.svg", 200, "image/svg+xml").await;
    check("/people/kim-minsu/portrait.svg", 200, "image/svg+xml").await;
    check("/people/nobody/card.png", 404, "application/problem+json").await;
    for query in ["width=99999", "rotation=NaN", "blur=-1", "glare=moon", "width=abc", "unknown=1"] {
        let path = format!("/people/kim-minsu/photo.jpg?{query}");
        check(&path, 400, "application/problem+json").await;
    }
}
