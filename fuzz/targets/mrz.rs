//! Any text as the machine-readable zone of a passport: what is said to fit fits, and reading it again changes nothing.
#![no_main]

use ingam_fuzz::{edited, text};
use ingam_vision::day::Day;
use ingam_vision::mrz::{LINE, check_digit, read};
use libfuzzer_sys::fuzz_target;

const HONG: &str =
    "P<KORHONG<<GIL<DONG<<<<<<<<<<<<<<<<<<<<<<<<<\nM123A45674KOR9001011F3112319<<<<<<<<<<<<<<00";
const OPTIONAL: &str =
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nM123456788KOR8505051M27050441234567<<<<<<<46";

fuzz_target!(|data: &[u8]| {
    let text = text(&edited(&[HONG.as_bytes(), OPTIONAL.as_bytes()], data));
    let today = Day::new(2026, 11, 26).expect("a day");
    let Ok(zone) = read(&text, today) else { return };
    for line in &zone.lines {
        assert_eq!(line.len(), LINE);
    }
    let second: Vec<char> = zone.lines[1].chars().collect();
    let fits = |from: usize, to: usize| {
        second[to].to_digit(10) == Some(check_digit(second[from..to].iter().copied()))
    };
    assert!(!zone.checks.number || fits(0, 9));
    assert!(!zone.checks.birth || fits(13, 19));
    assert!(!zone.checks.expiry || fits(21, 27));
    assert!(zone.birth.is_none_or(|birth| birth <= today));
    let again = read(&zone.lines.join("\n"), today).expect("what was read once");
    assert_eq!((again.lines, again.checks), (zone.lines, zone.checks));
});
