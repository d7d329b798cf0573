//! The specimen people beyond the twelve of the first row: one for each rarer answer of an institution.
//!
//! Refuses to know which answer; the same rules hold as in `people`.

use jiff::civil::date;

use super::SpecimenPerson;
use super::people::{BLACK, BROWN, BROWN_BLACK, GREY, person};
use super::portrait::{Age, Face, Garment, Glasses, Hair, PortraitStyle, Skin};

/// The second row, in the order of the catalogue.
pub(super) fn second_row() -> Vec<SpecimenPerson> {
    vec![
        person(
            "jo-hana",
            ("조하나", Some("趙荷娜")),
            "840125-2972016",
            &["충청북도 견본시 보기구 표본로 3", "(샘플동)"],
            date(2010, 5, 3),
            "충청북도 견본시 보기구청장",
            PortraitStyle::new(Skin::Light, (Hair::Bob, BROWN), (Garment::Blouse, "#2F6F73"), Age::Middle)
                .soft()
                .glasses(Glasses::Round),
        ),
        person(
            "ryu-jiho",
            ("류지호", Some("柳志浩")),
            "770618-1983320",
            &["충청남도 예시군 표본읍 견본리", "산 14-2"],
            date(2015, 1, 22),
            "충청남도 예시군수",
            PortraitStyle::new(Skin::Tan, (Hair::Crop, GREY), (Garment::Knit, "#6A5A3C"), Age::Middle)
                .face(Face::Square)
                .beard(),
        ),
        person(
            "baek-sora",
            ("백소라", Some("白素羅")),
            "991201-2995543",
            &["전라남도 샘플시 보기로 512,", "가동 1701호 (견본동, 바다표본", "2차아파트)"],
            date(2018, 1, 8),
            "전라남도 샘플시장",
            PortraitStyle::new(Skin::Warm, (Hair::Ponytail, BLACK), (Garment::Hoodie, "#9B4F5F"), Age::Young)
                .soft(),
        ),
        person(
            "nam-gaon",
            ("남가온", None),
            "920229-1971187",
            &["경상북도 표본시 예시로17길 5-9"],
            date(2013, 11, 11),
            "경상북도 표본시장",
            PortraitStyle::new(
                Skin::Sand,
                (Hair::Fringe, BROWN_BLACK),
                (Garment::Shirt, "#48704C"),
                Age::Young,
            ),
        ),
        person(
            "shin-bora",
            ("신보라", Some("申寶羅")),
            "811010-2983306",
            &["경상남도 보기시 견본구 샘플대로 88,", "1203호 (표본동)"],
            date(2011, 3, 15),
            "경상남도 보기시 견본구청장",
            PortraitStyle::new(Skin::Light, (Hair::Wavy, BLACK), (Garment::Suit, "#4A4F73"), Age::Middle)
                .soft()
                .studs(),
        ),
        person(
            "ahn-daon",
            ("안다온", Some("安多溫")),
            "890303-2994412",
            &["서울특별시 견본구 표본로29가길", "31, 지층 B02호", "(보기동, 예시빌라)"],
            date(2019, 6, 7),
            "서울특별시 견본구청장",
            PortraitStyle::new(Skin::Sand, (Hair::Bun, BLACK), (Garment::Cardigan, "#A8683A"), Age::Young)
                .soft()
                .glasses(Glasses::Square),
        ),
        person(
            "im-haneul",
            ("임하늘", None),
            "940707-2981908",
            &["경기도 예시시 구름로 7 (견본동)"],
            date(2022, 8, 30),
            "경기도 예시시장",
            PortraitStyle::new(Skin::Porcelain, (Hair::Long, BROWN), (Garment::Knit, "#5F86A8"), Age::Young)
                .soft()
                .face(Face::Round),
        ),
        person(
            "alexandra",
            ("알렉산드라 마리아 페르난데스 가르시아 로드리게스", None),
            "850919-2978804",
            &["부산광역시 보기구 항구표본로 220,", "해오름견본주상복합 104동", "3506호"],
            date(2023, 9, 14),
            "부산광역시 보기구청장",
            PortraitStyle::new(
                Skin::Brown,
                (Hair::Wavy, BROWN_BLACK),
                (Garment::Blazer, "#B0483A"),
                Age::Middle,
            )
            .soft()
            .face(Face::Long),
        ),
        person(
            "bae-narae",
            ("배나래", None),
            "010315-4988821",
            &["인천광역시 표본구 예시로 64,", "408호 (샘플동)"],
            date(2019, 2, 1),
            "인천광역시 표본구청장",
            PortraitStyle::new(Skin::Warm, (Hair::Bob, BLACK), (Garment::Turtleneck, "#C28A2C"), Age::Young)
                .face(Face::Round),
        ),
        person(
            "heo-dam",
            ("허담", Some("許潭")),
            "751130-1990275",
            &["강원특별자치도 견본시 보기로 1004"],
            date(2016, 12, 12),
            "강원특별자치도 견본시장",
            PortraitStyle::new(
                Skin::Light,
                (Hair::Receding, GREY),
                (Garment::Blazer, "#3F4A3A"),
                Age::Middle,
            )
            .glasses(Glasses::HalfRim),
        ),
        person(
            "hong-gildong",
            ("홍길동", Some("洪吉童")),
            "880101-1971234",
            &["서울특별시 견본구 예시대로 1,", "1동 101호 (표본동, 율도아파트)"],
            date(2020, 1, 1),
            "서울특별시 견본구청장",
            PortraitStyle::new(
                Skin::Sand,
                (Hair::Crop, BROWN_BLACK),
                (Garment::Hanbok, "#3D5E8C"),
                Age::Young,
            ),
        ),
    ]
}
