//! The machine-readable zone of passports: the vectors of ICAO Doc 9303 and our own, repairs, and anything at all.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use ingam_vision::day::Day;
use ingam_vision::mrz::{Checks, LINE, Mrz, NotTd3, Part, check_digit, read};
use proptest::prelude::*;

const HONG: [&str; 2] =
    ["P<KORHONG<<GIL<DONG<<<<<<<<<<<<<<<<<<<<<<<<<", "M123A45674KOR9001011F3112319<<<<<<<<<<<<<<00"];
const ERIKSSON: [&str; 2] =
    ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];
const OPTIONAL: &str = "M123456788KOR8505051M27050441234567<<<<<<<46";

fn today() -> Day {
    Day::new(2026, 11, 26).unwrap()
}

fn zone(first: &str, second: &str) -> Mrz {
    read(&format!("{first}\n{second}"), today()).unwrap()
}

fn day(day: Option<Day>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

#[test]
fn the_vectors_are_read() {
    let hong = zone(HONG[0], HONG[1]);
    assert_eq!((hong.code.as_str(), hong.issuer.as_str(), hong.nationality.as_str()), ("P", "KOR", "KOR"));
    assert_eq!((hong.surname.as_str(), hong.given_names.as_str()), ("HONG", "GIL DONG"));
    assert_eq!((hong.number.as_str(), hong.sex, hong.optional.as_str()), ("M123A4567", Some('F'), ""));
    assert_eq!((day(hong.birth).as_str(), day(hong.expiry).as_str()), ("1990-01-01", "2031-12-31"));
    assert!(hong.checks.all() && hong.repaired.is_empty());

    let anna = zone(ERIKSSON[0], ERIKSSON[1]);
    assert_eq!((anna.surname.as_str(), anna.given_names.as_str()), ("ERIKSSON", "ANNA MARIA"));
    assert_eq!((anna.number.as_str(), anna.optional.as_str()), ("L898902C3", "ZE184226B"));
    assert_eq!((day(anna.birth).as_str(), day(anna.expiry).as_str()), ("1974-08-12", "2012-04-15"));
    assert!(anna.checks.all() && anna.repaired.is_empty());

    let with_data = zone(HONG[0], OPTIONAL);
    assert_eq!((with_data.number.as_str(), with_data.optional.as_str()), ("M12345678", "1234567"));
    assert!(with_data.checks.all() && with_data.repaired.is_empty());
}

#[test]
fn spaces_small_letters_and_angle_quotes_are_forgiven() {
    let spaced = zone(
        "p<korhong «gil<dong<<<<<<<<<<<<<<<<<<<<<<<<<",
        "M123A45674 KOR 9001011F3112319<<<<<<<<<<<<<<00",
    );
    assert_eq!(spaced, zone(HONG[0], HONG[1]));
}

#[test]
fn letters_among_digits_are_repaired_where_the_check_digit_then_fits() {
    let right = zone(HONG[0], HONG[1]);
    let check = |second: &str, repaired: &[Part]| {
        let zone = zone(HONG[0], second);
        assert_eq!(zone.lines, right.lines, "{second}");
        assert_eq!(zone.repaired, repaired, "{second}");
        assert!(zone.checks.all(), "{second}");
    };
    check("M123A45674KOR9OO1O11F3112319<<<<<<<<<<<<<<00", &[Part::Birth]);
    check("M123A45674KOR90010I1F311Z319<<<<<<<<<<<<<<00", &[Part::Birth, Part::Expiry]);
    check("M123A4S674KOR9001011F3112319<<<<<<<<<<<<<<0O", &[Part::Number, Part::Composite]);
    check("M1Z3A45674K0R9001011F3112319<<<<<<<<<<<<<<00", &[Part::Number, Part::Nationality]);
    // What was a letter by the form of Korean numbers is one again.
    let b = zone(HONG[0], "M123845674KOR9001011F3112319<<<<<<<<<<<<<<00");
    assert!(!b.checks.number, "B does not fit where A stood, and so stays as it was read");
    assert_eq!(b.number, "M12384567");
}

#[test]
fn a_repair_that_does_not_fit_is_undone() {
    let wrong = zone(HONG[0], "M123A45674KOR9OO2O11F3112319<<<<<<<<<<<<<<00");
    assert!(!wrong.checks.birth && !wrong.checks.composite);
    assert_eq!((wrong.birth, wrong.repaired.as_slice()), (None, &[][..]));
    assert!(wrong.lines[1].contains("9OO2O1"));
    assert!(wrong.checks.number && wrong.checks.expiry);
}

#[test]
fn g_and_6_are_told_apart_by_the_form_of_the_number() {
    // Both count 6 modulo 10, so the check digit fits either way.
    let second = |number: &str| {
        let digit = check_digit(number.chars());
        format!("{number}{digit}KOR9001011F3112319<<<<<<<<<<<<<<00")
    };
    let repaired = zone(HONG[0], &second("M12GA4567"));
    assert_eq!((repaired.number.as_str(), repaired.checks.number), ("M126A4567", true));
    assert_eq!(repaired.repaired, [Part::Number]);
    let foreign = zone(HONG[0], &second("M12GA4567").replace("KOR9", "UTO9"));
    assert_eq!(foreign.number, "M12GA4567");
}

#[test]
fn digits_among_letters_become_letters_and_are_told() {
    let zone = zone("P<K0RH0NG<<G1L<D0NG<<<<<<<<<<<<<<<<<<<<<<<<<", HONG[1]);
    assert_eq!(
        (zone.issuer.as_str(), zone.surname.as_str(), zone.given_names.as_str()),
        ("KOR", "HONG", "GIL DONG")
    );
    assert_eq!(zone.repaired, [Part::Issuer, Part::Names]);
}

#[test]
fn births_lie_in_the_past_and_last_days_near() {
    let check = |birth: &str, expiry: &str, expected: [&str; 2]| {
        let second = format!(
            "M123A45674KOR{birth}{}F{expiry}{}<<<<<<<<<<<<<<00",
            check_digit(birth.chars()),
            check_digit(expiry.chars())
        );
        let zone = zone(HONG[0], &second);
        assert_eq!([day(zone.birth), day(zone.expiry)], expected, "{birth} {expiry}");
    };
    check("261126", "361126", ["2026-11-26", "2036-11-26"]);
    check("261127", "260101", ["1926-11-27", "2026-01-01"]);
    check("000229", "990101", ["2000-02-29", "1999-01-01"]);
    check("990229", "231301", ["", ""]);
    // A day that only one century has.
    check("270101", "760101", ["1927-01-01", "2076-01-01"]);
}

#[test]
fn other_zones_and_other_texts_are_refused() {
    let check = |text: String, expected: NotTd3| assert_eq!(read(&text, today()), Err(expected), "{text}");
    let lines = |n: usize, len: usize| vec!["I".repeat(len); n].join("\n");
    check(lines(3, 30), NotTd3::Td1);
    check(lines(2, 36), NotTd3::Td2);
    check(lines(2, 44), NotTd3::NoPassport);
    check(lines(1, 44), NotTd3::Form);
    check(String::new(), NotTd3::Form);
    check(HONG.join("\n").replace('F', "가"), NotTd3::Form);
    check(HONG.join("\n").replace("<0", "0"), NotTd3::Form);
}

#[test]
fn debug_shows_no_value() {
    let shown = format!("{:?}", zone(HONG[0], HONG[1]));
    for secret in ["HONG", "M123", "1990", "9001"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

fn anything() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,100}",
        "[A-Z0-9<]{44}\n[A-Z0-9<]{44}",
        "P[A-Z<][A-Z0-9<]{42}\n[A-Z0-9<]{44}",
        "[A-Z0-9<\n ]{0,140}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered_and_what_fits_fits(text in anything()) {
        if let Ok(zone) = read(&text, today()) {
            let [first, second] = &zone.lines;
            prop_assert!(first.len() == LINE && second.len() == LINE);
            let fits = |from: usize, to: usize| {
                second[to..].chars().next().and_then(|c| c.to_digit(10)) == Some(check_digit(second[from..to].chars()))
            };
            prop_assert!(!zone.checks.number || fits(0, 9));
            prop_assert!(!zone.checks.birth || fits(13, 19));
            prop_assert!(!zone.checks.expiry || fits(21, 27));
            prop_assert!(zone.birth.is_none_or(|birth| birth <= today()));
            // What was repaired needs no second repair.
            let again = read(&zone.lines.join("\n"), today()).unwrap();
            prop_assert_eq!((again.lines, again.checks), (zone.lines.clone(), zone.checks));
        }
    }

    #[test]
    fn a_zone_that_is_written_is_read_back(
        number in "[A-Z][0-9]{3}[A-Z][0-9]{4}", surname in "[A-Z]{1,12}", given in "[A-Z]{1,9}( [A-Z]{1,9})?",
        (year, month, dom) in (1927u32..2026, 1u32..=12, 1u32..=28), sex in "[MF<]",
    ) {
        let birth = Day::new(year, month, dom).unwrap();
        let yymmdd = birth.to_string()[2..].replace('-', "");
        let names = format!("{surname}<<{}", given.replace(' ', "<"));
        let first = format!("PMKOR{names:<<39}");
        let with_digit = |field: &str| format!("{field}{}", check_digit(field.chars()));
        let second = format!("{}KOR{}{sex}{}", with_digit(&number), with_digit(&yymmdd), with_digit("311231"));
        let second = with_composite(&format!("{second}<<<<<<<<<<<<<<0"));
        let zone = read(&format!("{first}\n{second}"), today()).unwrap();
        prop_assert!(zone.checks.all());
        prop_assert_eq!((zone.number, zone.surname, zone.given_names), (number, surname, given));
        prop_assert_eq!(zone.birth, Some(birth));
        prop_assert_eq!(zone.checks, Checks { number: true, birth: true, expiry: true, optional: true, composite: true });
    }
}

/// The line with its last check digit.
fn with_composite(line: &str) -> String {
    let covered = [&line[0..10], &line[13..20], &line[21..43]].concat();
    format!("{line}{}", check_digit(covered.chars()))
}
