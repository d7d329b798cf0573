//! Korea's administrative divisions, as printed on cards by offices and in addresses.
//!
//! A lexicon helps where print is unclear and never overrules clear print: towns are renamed, and a list is
//! always a year behind. Names by the local-government law (지방자치법) and its city-district ordinances.

/// Provinces and their cities, counties and districts; city districts stand after their city, with a space.
/// Former names stay, since cards outlive them.
const DIVISIONS: [(&str, &str); 20] = [
    (
        "서울특별시",
        "종로구,중구,용산구,성동구,광진구,동대문구,중랑구,성북구,강북구,도봉구,노원구,은평구,서대문구,마포구,양천구,강서구,구로구,금천구,영등포구,동작구,관악구,서초구,강남구,송파구,강동구",
    ),
    (
        "부산광역시",
        "중구,서구,동구,영도구,부산진구,동래구,남구,북구,해운대구,사하구,금정구,강서구,연제구,수영구,사상구,기장군",
    ),
    ("대구광역시", "중구,동구,서구,남구,북구,수성구,달서구,달성군,군위군"),
    ("인천광역시", "중구,동구,미추홀구,남구,연수구,남동구,부평구,계양구,서구,강화군,옹진군"),
    ("광주광역시", "동구,서구,남구,북구,광산구"),
    ("대전광역시", "동구,중구,서구,유성구,대덕구"),
    ("울산광역시", "중구,남구,동구,북구,울주군"),
    ("세종특별자치시", ""),
    (
        "경기도",
        "수원시,수원시 장안구,수원시 권선구,수원시 팔달구,수원시 영통구,성남시,성남시 수정구,성남시 중원구,성남시 분당구,의정부시,안양시,안양시 만안구,안양시 동안구,부천시,부천시 원미구,부천시 소사구,부천시 오정구,광명시,평택시,동두천시,안산시,안산시 상록구,안산시 단원구,고양시,고양시 덕양구,고양시 일산동구,고양시 일산서구,과천시,구리시,남양주시,오산시,시흥시,군포시,의왕시,하남시,용인시,용인시 처인구,용인시 기흥구,용인시 수지구,파주시,이천시,안성시,김포시,화성시,광주시,양주시,포천시,여주시,연천군,가평군,양평군",
    ),
    ("강원특별자치도", GANGWON),
    ("강원도", GANGWON),
    (
        "충청북도",
        "청주시,청주시 상당구,청주시 서원구,청주시 흥덕구,청주시 청원구,충주시,제천시,보은군,옥천군,영동군,증평군,진천군,괴산군,음성군,단양군",
    ),
    (
        "충청남도",
        "천안시,천안시 동남구,천안시 서북구,공주시,보령시,아산시,서산시,논산시,계룡시,당진시,금산군,부여군,서천군,청양군,홍성군,예산군,태안군",
    ),
    ("전북특별자치도", JEONBUK),
    ("전라북도", JEONBUK),
    (
        "전라남도",
        "목포시,여수시,순천시,나주시,광양시,담양군,곡성군,구례군,고흥군,보성군,화순군,장흥군,강진군,해남군,영암군,무안군,함평군,영광군,장성군,완도군,진도군,신안군",
    ),
    (
        "경상북도",
        "포항시,포항시 남구,포항시 북구,경주시,김천시,안동시,구미시,영주시,영천시,상주시,문경시,경산시,의성군,청송군,영양군,영덕군,청도군,고령군,성주군,칠곡군,예천군,봉화군,울진군,울릉군",
    ),
    (
        "경상남도",
        "창원시,창원시 의창구,창원시 성산구,창원시 마산합포구,창원시 마산회원구,창원시 진해구,진주시,통영시,사천시,김해시,밀양시,거제시,양산시,의령군,함안군,창녕군,고성군,남해군,하동군,산청군,함양군,거창군,합천군",
    ),
    ("제주특별자치도", "제주시,서귀포시"),
    ("제주도", "제주시,서귀포시,북제주군,남제주군"),
];

const GANGWON: &str = "춘천시,원주시,강릉시,동해시,태백시,속초시,삼척시,홍천군,횡성군,영월군,평창군,정선군,철원군,화천군,양구군,인제군,고성군,양양군";
const JEONBUK: &str = "전주시,전주시 완산구,전주시 덕진구,군산시,익산시,정읍시,남원시,김제시,완주군,진안군,무주군,장수군,임실군,순창군,고창군,부안군";

/// What the lexicon makes of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The entry, spaced as it is printed.
    pub text: String,
    /// Syllables by which the text differed; 0 is an exact match, spaces aside.
    pub distance: usize,
    /// Characters of the text, spaces aside, that the entry stands for.
    pub taken: usize,
}

/// The office that a whole text names: `서울특별시 강남구청장`, `경기도 양평군수`, with its province or without.
pub fn office(text: &str) -> Option<Match> {
    let text = compact(text);
    let entries = DIVISIONS.iter().flat_map(|(province, districts)| {
        let own = if *province == "세종특별자치시" { format!("{province}장") } else { String::new() };
        let offices = districts.split(',').filter(|d| !d.is_empty()).map(move |district| {
            let head = match district.chars().last() {
                Some('군') => district.trim_end_matches('군').to_owned() + "군수",
                Some('구') => format!("{district}청장"),
                _ => format!("{district}장"),
            };
            format!("{province} {head}")
        });
        offices.chain((!own.is_empty()).then_some(own))
    });
    let taken = text.len();
    nearest(entries, |entry| distance(&text, entry))
        .filter(|(_, distance)| *distance <= text.len() / 5)
        .map(|(text, distance)| Match { text, distance, taken })
}

/// The divisions with which an address begins: `경기도 수원시 팔달구`.
pub fn beginning(address: &str) -> Option<Match> {
    let text = compact(address);
    let entries = DIVISIONS.iter().flat_map(|(province, districts)| {
        let inner = districts
            .split(',')
            .filter(|d| !d.is_empty())
            .map(move |district| format!("{province} {district}"));
        inner.chain((*province == "세종특별자치시").then(|| (*province).to_owned()))
    });
    // Longer entries first, so that a city's district wins over the city alone.
    let mut entries: Vec<String> = entries.collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.chars().count()));
    nearest(entries.into_iter(), |entry| {
        let head = &text[..entry.len().min(text.len())];
        distance(head, entry)
    })
    .filter(|(entry, distance)| *distance <= compact(entry).len() / 5)
    .map(|(text, distance)| Match { taken: compact(&text).len(), text, distance })
}

/// An office that the list lacks, spaced as it is printed: `대구광역시 예시구청장`. `None` unless the text begins with
/// a province and ends with an office's title.
pub fn unlisted_office(text: &str) -> Option<String> {
    let text: String = compact(text).into_iter().collect();
    let province =
        DIVISIONS.iter().map(|(province, _)| *province).find(|province| text.starts_with(province))?;
    let rest = &text[province.len()..];
    let title = ["구청장", "시장", "군수"]
        .into_iter()
        .find(|title| rest.ends_with(title) && rest.len() > title.len())?;
    // A district of a city has the city's name before it.
    let head = &rest[..rest.len() - title.len()];
    let city = head.rfind('시').filter(|at| *at > 0).map(|at| at + '시'.len_utf8());
    Some(match city {
        Some(end) if title == "구청장" && end < head.len() => {
            format!("{province} {} {}", &rest[..end], &rest[end..])
        }
        _ => format!("{province} {rest}"),
    })
}

/// Regions as old licences print them before the number. Longer names stand first.
pub const LICENCE_REGIONS: [&str; 18] = [
    "경기북부",
    "경기남부",
    "서울",
    "부산",
    "경기",
    "강원",
    "충북",
    "충남",
    "전북",
    "전남",
    "경북",
    "경남",
    "제주",
    "대구",
    "인천",
    "광주",
    "대전",
    "울산",
];

/// The police of a province, by its present name (`서울특별시경찰청장`) or the one until 2020 (`서울지방경찰청장`).
pub fn police(text: &str) -> Option<Match> {
    let now = DIVISIONS.iter().map(|(province, _)| format!("{province}경찰청장"));
    let parted = ["남부", "북부"].into_iter().map(|half| format!("경기도{half}경찰청장"));
    let before = LICENCE_REGIONS.iter().map(|region| format!("{region}지방경찰청장"));
    listed(text, now.chain(parted).chain(before))
}

/// Seats of immigration offices; some are heads of an office (청장), the others of a branch (사무소장).
const IMMIGRATION: [&str; 19] = [
    "서울",
    "서울남부",
    "부산",
    "인천",
    "인천공항",
    "수원",
    "제주",
    "대구",
    "대전",
    "여수",
    "양주",
    "울산",
    "김해공항",
    "광주",
    "창원",
    "전주",
    "춘천",
    "청주",
    "천안",
];

/// An immigration office: `서울출입국·외국인청장`.
pub fn immigration(text: &str) -> Option<Match> {
    let of = |seat: &&str| ["청장", "사무소장"].map(|head| format!("{seat}출입국·외국인{head}"));
    listed(text, IMMIGRATION.iter().flat_map(of))
}

/// Classes of licences (도로교통법 §80).
const CLASSES: [&str; 10] = [
    "1종대형",
    "1종보통",
    "1종소형",
    "1종특수",
    "대형견인차",
    "소형견인차",
    "구난차",
    "2종보통",
    "2종소형",
    "2종원동기장치자전거",
];

/// A class of licence.
pub fn licence_class(text: &str) -> Option<Match> {
    listed(text, CLASSES.iter().map(|class| (*class).to_owned()))
}

/// Statuses of stay (출입국관리법 시행령, annexes 1 to 1-3).
const STATUSES: [(&str, &str); 36] = [
    ("A-1", "외교"),
    ("A-2", "공무"),
    ("A-3", "협정"),
    ("B-1", "사증면제"),
    ("B-2", "관광통과"),
    ("C-1", "일시취재"),
    ("C-3", "단기방문"),
    ("C-4", "단기취업"),
    ("D-1", "문화예술"),
    ("D-2", "유학"),
    ("D-3", "기술연수"),
    ("D-4", "일반연수"),
    ("D-5", "취재"),
    ("D-6", "종교"),
    ("D-7", "주재"),
    ("D-8", "기업투자"),
    ("D-9", "무역경영"),
    ("D-10", "구직"),
    ("E-1", "교수"),
    ("E-2", "회화지도"),
    ("E-3", "연구"),
    ("E-4", "기술지도"),
    ("E-5", "전문직업"),
    ("E-6", "예술흥행"),
    ("E-7", "특정활동"),
    ("E-8", "계절근로"),
    ("E-9", "비전문취업"),
    ("E-10", "선원취업"),
    ("F-1", "방문동거"),
    ("F-2", "거주"),
    ("F-3", "동반"),
    ("F-4", "재외동포"),
    ("F-5", "영주"),
    ("F-6", "결혼이민"),
    ("G-1", "기타"),
    ("H-2", "방문취업"),
];

/// A status of stay as printed: `일반연수(D-4)`. Its name alone tells it, since recognisers trip over the bracket.
pub fn visa_status(text: &str) -> Option<Match> {
    let printed = |(code, name): &(&str, &str)| format!("{name}({code})");
    let name: String = compact(text).into_iter().take_while(|c| ('가'..='힣').contains(c)).collect();
    let named = STATUSES.iter().find(|(_, entry)| *entry == name).map(printed);
    let (letters, taken) = (compact(text), compact(text).len());
    match named {
        Some(text) => Some(Match { distance: distance(&letters, &compact(&text)), text, taken }),
        None => listed(text, STATUSES.iter().map(printed)),
    }
}

/// The entry of a list that a whole text means, slips in a fifth of its letters (and always one) forgiven.
fn listed(text: &str, entries: impl Iterator<Item = String>) -> Option<Match> {
    let text = compact(text);
    let taken = text.len();
    nearest(entries, |entry| distance(&text, entry))
        .filter(|(_, distance)| taken > 0 && *distance <= (taken / 5).max(1))
        .map(|(text, distance)| Match { text, distance, taken })
}

/// Syllables by which two texts differ, spaces aside: insertions, deletions and changes.
pub fn syllables_apart(a: &str, b: &str) -> usize {
    distance(&compact(a), &compact(b))
}

fn compact(text: &str) -> Vec<char> {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// The entry that differs least; none where two different ones are equally near but not exact.
fn nearest(
    entries: impl Iterator<Item = String>,
    apart: impl Fn(&[char]) -> usize,
) -> Option<(String, usize)> {
    let mut best: Option<(String, usize)> = None;
    let mut tied = false;
    for entry in entries {
        let distance = apart(&compact(&entry));
        match &best {
            Some((_, least)) if distance > *least => {}
            Some((_, least)) if distance == *least => tied = true,
            _ => {
                best = Some((entry, distance));
                tied = false;
            }
        }
    }
    best.filter(|(_, distance)| *distance == 0 || !tied)
}

fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offices_are_spaced_and_slips_repaired() {
        let check = |text: &str, expected: Option<(&str, usize)>| {
            let found = office(text).map(|m| (m.text, m.distance));
            assert_eq!(found, expected.map(|(text, distance)| (text.to_owned(), distance)), "{text}");
        };
        check("서 울 특별시 강 남 구 청장", Some(("서울특별시 강남구청장", 0)));
        check("강 원 특 별 자치도 춘 천 시 종", Some(("강원특별자치도 춘천시장", 1)));
        check("경기도 수원시팔달구청장", Some(("경기도 수원시 팔달구청장", 0)));
        check("경기도 양평군수", Some(("경기도 양평군수", 0)));
        check("세종특별자치시장", Some(("세종특별자치시장", 0)));
        check("이웃나라 어딘가읍장", None);
        check("", None);
    }

    #[test]
    fn an_unlisted_office_is_spaced_by_its_form() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(unlisted_office(text).as_deref(), expected, "{text}")
        };
        check("대 구 광역시 견 본 구청장", Some("대구광역시 견본구청장"));
        check("전북특별자치도예시시표본구청장", Some("전북특별자치도 예시시 표본구청장"));
        check("강원특별자치도 보기군수", Some("강원특별자치도 보기군수"));
        check("어딘가구청장", None);
        check("서울특별시 구청장", None);
    }

    #[test]
    fn a_slip_that_fits_two_districts_is_left() {
        // 부산 has 동구, 서구, 남구 and more: one wrong syllable fits them all.
        assert_eq!(office("부산광역시 멍구청장"), None);
    }

    #[test]
    fn an_address_begins_with_the_longest_division() {
        let found = beginning("경기도 수원시 팔 달구 효원로 1").unwrap();
        assert_eq!((found.text.as_str(), found.distance, found.taken), ("경기도 수원시 팔달구", 0, 9));
        assert_eq!(beginning("전북 특별자치도 전주시 중앙로").unwrap().text, "전북특별자치도 전주시");
    }
}
