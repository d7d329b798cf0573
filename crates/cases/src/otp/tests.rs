//! The vectors of RFC 4226, RFC 6238 and RFC 4648, and what they leave open.

use super::*;

/// `1234567890` over and over, as both RFCs have it.
fn secret(bytes: usize) -> OtpSecret {
    OtpSecret::new(b"1234567890".iter().copied().cycle().take(bytes).collect()).unwrap()
}

fn of(algorithm: Algorithm, digits: Digits) -> Form {
    Form { algorithm, digits }
}

fn code(text: &str) -> OtpCode {
    OtpCode::parse(text).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

#[test]
fn counters_have_the_codes_of_rfc_4226_appendix_d() {
    let vectors: [(u32, &str); 10] = [
        (1_284_755_224, "755224"),
        (1_094_287_082, "287082"),
        (137_359_152, "359152"),
        (1_726_969_429, "969429"),
        (1_640_338_314, "338314"),
        (868_254_676, "254676"),
        (1_918_287_922, "287922"),
        (82_162_583, "162583"),
        (673_399_871, "399871"),
        (645_520_489, "520489"),
    ];
    for (counter, (bits, text)) in vectors.into_iter().enumerate() {
        assert_eq!(truncated(&secret(20), Algorithm::Sha1, counter as u64), bits, "{counter}");
        assert_eq!(generate(&secret(20), Form::COMMON, counter as u64).expose(), text, "{counter}");
    }
}

#[test]
fn moments_have_the_codes_of_rfc_6238_appendix_b() {
    let vectors = [
        (59, "94287082", "46119246", "90693936"),
        (1_111_111_109, "07081804", "68084774", "25091201"),
        (1_111_111_111, "14050471", "67062674", "99943326"),
        (1_234_567_890, "89005924", "91819424", "93441116"),
        (2_000_000_000, "69279037", "90698825", "38618901"),
        (20_000_000_000, "65353130", "77737706", "47863826"),
    ];
    for (seconds, sha1, sha256, sha512) in vectors {
        let check = |algorithm, bytes, expected: &str| {
            let form = of(algorithm, Digits::Eight);
            let step = Step::Thirty.at(at(seconds));
            assert_eq!(generate(&secret(bytes), form, step).expose(), expected, "{seconds}");
            let tried = verify_clock(&secret(bytes), form, Step::Thirty, &code(expected), at(seconds), None);
            assert_eq!(tried, Tried::Right(step));
        };
        check(Algorithm::Sha1, 20, sha1);
        check(Algorithm::Sha256, 32, sha256);
        check(Algorithm::Sha512, 64, sha512);
    }
}

#[test]
fn base32_is_that_of_rfc_4648_section_10() {
    let vectors =
        [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB")];
    for (plain, text) in vectors.into_iter().chain([("foobar", "MZXW6YTBOI")]) {
        assert_eq!(to_base32(plain.as_bytes()), text);
        assert_eq!(from_base32(text).unwrap(), plain.as_bytes());
    }
    assert_eq!(from_base32("MZ"), Err(NotOtp::Character), "bits left over");
    assert_eq!(from_base32("M"), Err(NotOtp::Length));
    assert_eq!(from_base32("MZX"), Err(NotOtp::Length));
    assert_eq!(from_base32("M1"), Err(NotOtp::Character), "no 1, no 0, no 8, no 9");
}

#[test]
fn a_secret_is_read_as_people_write_it_and_never_printed() {
    let text = secret(20).expose();
    assert_eq!(text.as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    for written in ["gezd gnbv gy3t qojq gezd gnbv gy3t qojq", "GEZDGNBV-GY3TQOJQ-GEZDGNBV-GY3TQOJQ"] {
        assert_eq!(OtpSecret::parse(written).unwrap().expose(), text);
    }
    let padded = OtpSecret::parse("GEZDGNBVGY3TQOJQGEZDGNBVGY======").unwrap();
    assert_eq!(padded.expose().as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY");
    let check = |text: &str, expected: NotOtp| assert_eq!(OtpSecret::parse(text).unwrap_err(), expected);
    check("", NotOtp::Length);
    check("MZXW6YTB", NotOtp::Length);
    check("GEZDGNBVGY3TQOJQ비밀", NotOtp::Character);
    assert!(OtpSecret::new(vec![1; 15]).is_err() && OtpSecret::new(vec![1; 65]).is_err());
    assert!(OtpSecret::new(vec![1; 16]).is_ok() && OtpSecret::new(vec![1; 64]).is_ok());
    assert_eq!(format!("{:?} {:?}", secret(20), code("123456")), "OtpSecret(…) OtpCode(…)");
}

#[test]
fn a_code_is_read_as_it_is_typed() {
    assert_eq!(code(" 123 456 ").expose(), "123456");
    let check = |text: &str, expected: NotOtp| assert_eq!(OtpCode::parse(text).unwrap_err(), expected);
    check("12345", NotOtp::Length);
    check("123456789", NotOtp::Length);
    check("12345a", NotOtp::Character);
    // Digits of other scripts are no digits here.
    check("１２３４５６", NotOtp::Character);
}

#[test]
fn a_counter_is_found_within_its_window_and_not_before_it() {
    let check = |text: &str, next: u64, look_ahead: u8, expected: Tried| {
        let tried = verify_counter(&secret(20), Form::COMMON, &code(text), next, look_ahead);
        assert_eq!(tried, expected, "{text} from {next}");
    };
    check("755224", 0, 0, Tried::Right(0));
    check("969429", 0, 3, Tried::Right(3));
    check("969429", 0, 2, Tried::Wrong);
    check("755224", 1, 9, Tried::Wrong);
    check("520489", 9, 0, Tried::Right(9));
    // Eight digits are no six digits with two in front, nor the other way round.
    check("84755224", 0, 9, Tried::Wrong);
    let eight = of(Algorithm::Sha1, Digits::Eight);
    assert_eq!(verify_counter(&secret(20), eight, &code("755224"), 0, 9), Tried::Wrong);
    assert_eq!(verify_counter(&secret(20), eight, &code("84755224"), 0, 9), Tried::Right(0));
    let seven = of(Algorithm::Sha1, Digits::Seven);
    assert_eq!(generate(&secret(20), seven, 0).expose(), "4755224");
    // The end of all counters is an end, not a start.
    let last = generate(&secret(20), Form::COMMON, u64::MAX);
    let tried = verify_counter(&secret(20), Form::COMMON, &last, u64::MAX - 1, 9);
    assert_eq!(tried, Tried::Right(u64::MAX));
}

#[test]
fn a_clock_may_be_one_step_off_and_a_step_is_taken_once() {
    let now = at(1_111_111_111);
    let here = Step::Thirty.at(now);
    let check = |step: u64, used: Option<u64>, expected: Tried| {
        let code = generate(&secret(20), Form::COMMON, step);
        let tried = verify_clock(&secret(20), Form::COMMON, Step::Thirty, &code, now, used);
        assert_eq!(tried, expected, "{step} after {used:?}");
    };
    check(here, None, Tried::Right(here));
    check(here - 1, None, Tried::Right(here - 1));
    check(here + 1, None, Tried::Right(here + 1));
    check(here - 2, None, Tried::Wrong);
    check(here + 2, None, Tried::Wrong);
    check(here, Some(here), Tried::Used);
    check(here - 1, Some(here), Tried::Used);
    check(here + 1, Some(here), Tried::Right(here + 1));
    check(here, Some(here - 1), Tried::Right(here));
    // A minute's steps are half as many; before 1970 there are none.
    assert_eq!(Step::Sixty.at(now), here / 2);
    assert_eq!(Step::Thirty.at(at(-5)), 0);
}

#[test]
fn an_app_reads_the_address() {
    let uri = |form, step| secret(20).uri(form, step, "인감", "kim@bank");
    assert_eq!(
        uri(Form::COMMON, Step::Thirty).as_str(),
        "otpauth://totp/%EC%9D%B8%EA%B0%90:kim%40bank?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=%EC%9D%B8%EA%B0%90"
    );
    let other = uri(of(Algorithm::Sha512, Digits::Eight), Step::Sixty);
    assert!(other.ends_with("&algorithm=SHA512&digits=8&period=60"), "{}", other.as_str());
}
