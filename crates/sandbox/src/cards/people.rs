//! The specimen people who can be held before a camera: how they look and what their cards say.
//!
//! Refuses to know their fate: which institution answers what belongs to the catalogue. No district called
//! 견본구 exists. The eighth and ninth digits of every number are 97 to 99, which no office ever had before
//! October 2020 (later ones are random), so that none of these numbers can be a living person's old one.

use std::sync::LazyLock;

use jiff::civil::{Date, date};

use super::SpecimenPerson;
use super::portrait::{Age, Face, Garment, Glasses, Hair, PortraitStyle, Skin};

pub(super) const BLACK: &str = "#26221F";
pub(super) const BROWN_BLACK: &str = "#3A2B23";
pub(super) const BROWN: &str = "#5A3D2B";
pub(super) const GREY: &str = "#8E8C8A";
const WHITE: &str = "#D9D7D3";

static PEOPLE: LazyLock<Vec<SpecimenPerson>> =
    LazyLock::new(|| [first_row(), super::cast::second_row()].concat());

/// The people, in the order in which they are shown.
pub fn people() -> &'static [SpecimenPerson] {
    &PEOPLE
}

/// The twelve who have a key of their own in the studio.
fn first_row() -> Vec<SpecimenPerson> {
    vec![
        person(
            "kim-minsu",
            ("김민수", Some("金敏洙")),
            "900415-1981237",
            &["서울특별시 견본구 보기로 12,", "101동 1203호 (샘플동, 견본아파트)"],
            date(2020, 3, 9),
            "서울특별시 견본구청장",
            PortraitStyle::new(Skin::Light, (Hair::SidePart, BLACK), (Garment::Suit, "#3F587C"), Age::Young),
        ),
        person(
            "lee-seoyeon",
            ("이서연", Some("李瑞姸")),
            "950822-2971486",
            &["부산광역시 보기구 표본대로 48,", "505호 (예시동)"],
            date(2021, 11, 17),
            "부산광역시 보기구청장",
            PortraitStyle::new(
                Skin::Porcelain,
                (Hair::Long, BLACK),
                (Garment::Blouse, "#6D4A6E"),
                Age::Young,
            )
            .soft()
            .studs(),
        ),
        person(
            "park-doyun",
            ("박도윤", Some("朴度潤")),
            "830207-1990342",
            &["대구광역시 예시구 견본로5길 7"],
            date(2016, 6, 30),
            "대구광역시 예시구청장",
            PortraitStyle::new(Skin::Warm, (Hair::Crop, BLACK), (Garment::Blazer, "#2F5D50"), Age::Middle)
                .face(Face::Square),
        ),
        person(
            "choi-eunji",
            ("최은지", Some("崔恩智")),
            "880519-2982754",
            &["인천광역시 표본구 샘플로 230,", "2층 (보기동)"],
            date(2019, 12, 24),
            "인천광역시 표본구청장",
            PortraitStyle::new(
                Skin::Porcelain,
                (Hair::Bun, BROWN_BLACK),
                (Garment::Turtleneck, "#5B4B8A"),
                Age::Young,
            )
            .soft()
            .face(Face::Long),
        ),
        person(
            "jung-hajun",
            ("정하준", Some("鄭夏準")),
            "790930-1971569",
            &["광주광역시 견본구 예시대로 91,", "가동 302호"],
            date(2014, 8, 5),
            "광주광역시 견본구청장",
            PortraitStyle::new(Skin::Sand, (Hair::Receding, BLACK), (Garment::Shirt, "#2E4A63"), Age::Middle)
                .glasses(Glasses::Square),
        ),
        person(
            "han-oksun",
            ("한옥순", Some("韓玉順")),
            "420311-2991823",
            &["강원특별자치도 보기군 샘플면", "견본길 34"],
            date(2009, 7, 1),
            "강원특별자치도 보기군수",
            PortraitStyle::new(Skin::Warm, (Hair::Perm, WHITE), (Garment::Hanbok, "#8FA9B8"), Age::Elder)
                .face(Face::Round),
        ),
        person(
            "lin-tao",
            ("린타오", None),
            "910126-1984091",
            &["경기도 표본시 예시구 보기로 160,", "1704호 (샘플동, 표본타워)"],
            date(2022, 5, 20),
            "경기도 표본시 예시구청장",
            PortraitStyle::new(Skin::Tan, (Hair::Bob, BLACK), (Garment::Knit, "#B0593D"), Age::Young).soft(),
        ),
        person(
            "yoon-ain",
            ("윤아인", Some("尹雅仁")),
            "080614-4975216",
            &["대전광역시 견본구 표본로 77,", "203동 901호 (예시동, 보기마을)"],
            date(2025, 7, 14),
            "대전광역시 견본구청장",
            PortraitStyle::new(
                Skin::Porcelain,
                (Hair::Ponytail, BROWN_BLACK),
                (Garment::Cardigan, "#2F7F8F"),
                Age::Teen,
            )
            .face(Face::Round),
        ),
        person(
            "kang-taeo",
            ("강태오", Some("姜泰旿")),
            "931102-1972648",
            &["울산광역시 샘플구 보기5로 19"],
            date(2018, 10, 2),
            "울산광역시 샘플구청장",
            PortraitStyle::new(Skin::Light, (Hair::Fringe, BLACK), (Garment::Hoodie, "#55606B"), Age::Young)
                .glasses(Glasses::Round),
        ),
        person(
            "oh-sera",
            ("오세라", Some("吳世羅")),
            "860728-2990157",
            &["세종특별자치시 견본로 256,", "1102동 2401호", "(보기동, 세종표본마을11단지)"],
            date(2023, 2, 28),
            "세종특별자치시장",
            PortraitStyle::new(Skin::Warm, (Hair::Wavy, BROWN), (Garment::Blazer, "#8A6438"), Age::Young)
                .soft()
                .studs(),
        ),
        person(
            "seo-jun",
            ("서준", Some("徐俊")),
            "970305-1983475",
            &["전북특별자치도 예시시 표본구", "샘플로 8-3"],
            date(2017, 4, 11),
            "전북특별자치도 예시시 표본구청장",
            PortraitStyle::new(Skin::Light, (Hair::Buzz, BLACK), (Garment::Knit, "#54677A"), Age::Young)
                .face(Face::Long)
                .beard(),
        ),
        person(
            "moon-garam",
            ("문가람", None),
            "680917-1995820",
            &["제주특별자치도 보기시 견본로 61,", "나동 104호 (예시동)"],
            date(2012, 9, 27),
            "제주특별자치도 보기시장",
            PortraitStyle::new(Skin::Brown, (Hair::Bald, GREY), (Garment::Suit, "#5E3742"), Age::Middle)
                .glasses(Glasses::HalfRim),
        ),
    ]
}

pub(super) fn person(
    id: &str,
    (name, hanja): (&str, Option<&str>),
    resident_number: &str,
    address: &[&str],
    issue_date: Date,
    issuer: &str,
    portrait: PortraitStyle,
) -> SpecimenPerson {
    SpecimenPerson {
        id: id.to_owned(),
        name: name.to_owned(),
        hanja: hanja.map(str::to_owned),
        resident_number: resident_number.to_owned(),
        address: address.iter().map(|line| (*line).to_owned()).collect(),
        issue_date,
        issuer: issuer.to_owned(),
        portrait,
    }
}
