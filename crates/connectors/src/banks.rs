//! Standard codes of three digits of Korean banks and securities houses, as data.
//!
//! Source: the code table that KFTC open banking uses. Names are those people know, not registered company names.

use ingam_cases::values::BankCode;

/// What sort of house it is, for the order on a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A bank or mutual that people hold accounts at.
    Bank,
    /// A foreign bank's branch; few people hold accounts there.
    Branch,
    /// A securities house.
    Securities,
    /// Takes no deposits from people, or no longer exists.
    Closed,
    /// Open banking's test bank.
    Test,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct House {
    code: &'static str,
    /// Korean name.
    pub ko: &'static str,
    /// English name.
    pub en: &'static str,
    /// What sort it is.
    pub kind: Kind,
}

impl House {
    /// The standard code.
    pub fn code(&self) -> BankCode {
        BankCode::parse(self.code).expect("a test reads every code of the table")
    }
}

/// The house with a code.
pub fn find(code: BankCode) -> Option<&'static House> {
    HOUSES.iter().find(|house| house.code == code.as_str())
}

const fn house(code: &'static str, ko: &'static str, en: &'static str, kind: Kind) -> House {
    House { code, ko, en, kind }
}

/// The whole table, by code.
pub const HOUSES: &[House] = &[
    house("001", "한국은행", "Bank of Korea", Kind::Closed),
    house("002", "산업은행", "KDB", Kind::Bank),
    house("003", "기업은행", "IBK", Kind::Bank),
    house("004", "국민은행", "KB Kookmin", Kind::Bank),
    house("005", "(구)외환은행", "former KEB", Kind::Closed),
    house("007", "수협은행", "Suhyup", Kind::Bank),
    house("008", "수출입은행", "Korea Eximbank", Kind::Closed),
    house("011", "농협은행", "NH NongHyup", Kind::Bank),
    house("012", "지역농·축협", "Local NongHyup", Kind::Bank),
    house("020", "우리은행", "Woori", Kind::Bank),
    house("023", "SC제일은행", "SC First", Kind::Bank),
    house("027", "한국씨티은행", "Citibank Korea", Kind::Bank),
    house("031", "iM뱅크(대구)", "iM Bank", Kind::Bank),
    house("032", "부산은행", "BNK Busan", Kind::Bank),
    house("034", "광주은행", "Kwangju", Kind::Bank),
    house("035", "제주은행", "Jeju", Kind::Bank),
    house("037", "전북은행", "Jeonbuk", Kind::Bank),
    house("039", "경남은행", "BNK Kyongnam", Kind::Bank),
    house("045", "새마을금고", "MG Saemaul", Kind::Bank),
    house("048", "신협", "Shinhyup", Kind::Bank),
    house("050", "저축은행", "Savings banks", Kind::Bank),
    house("052", "모간스탠리은행", "Morgan Stanley", Kind::Branch),
    house("054", "HSBC", "HSBC", Kind::Branch),
    house("055", "도이치은행", "Deutsche Bank", Kind::Branch),
    house("057", "JP모간체이스은행", "JPMorgan Chase", Kind::Branch),
    house("058", "미즈호은행", "Mizuho", Kind::Branch),
    house("059", "MUFG은행", "MUFG", Kind::Branch),
    house("060", "BOA은행", "Bank of America", Kind::Branch),
    house("061", "BNP파리바은행", "BNP Paribas", Kind::Branch),
    house("062", "중국공상은행", "ICBC", Kind::Branch),
    house("063", "중국은행", "Bank of China", Kind::Branch),
    house("064", "산림조합", "Forestry Cooperatives", Kind::Bank),
    house("067", "중국건설은행", "China Construction Bank", Kind::Branch),
    house("071", "우체국", "Korea Post", Kind::Bank),
    house("081", "하나은행", "Hana", Kind::Bank),
    house("088", "신한은행", "Shinhan", Kind::Bank),
    house("089", "케이뱅크", "K bank", Kind::Bank),
    house("090", "카카오뱅크", "KakaoBank", Kind::Bank),
    house("092", "토스뱅크", "Toss Bank", Kind::Bank),
    house("097", "오픈은행", "Open Bank (test)", Kind::Test),
    house("209", "유안타증권", "Yuanta Securities", Kind::Securities),
    house("218", "KB증권", "KB Securities", Kind::Securities),
    house("225", "IBK투자증권", "IBK Securities", Kind::Securities),
    house("227", "다올투자증권", "Daol Securities", Kind::Securities),
    house("238", "미래에셋증권", "Mirae Asset Securities", Kind::Securities),
    house("240", "삼성증권", "Samsung Securities", Kind::Securities),
    house("243", "한국투자증권", "Korea Investment & Securities", Kind::Securities),
    house("247", "NH투자증권", "NH Securities", Kind::Securities),
    house("261", "교보증권", "Kyobo Securities", Kind::Securities),
    house("262", "iM증권", "iM Securities", Kind::Securities),
    house("263", "현대차증권", "Hyundai Motor Securities", Kind::Securities),
    house("264", "키움증권", "Kiwoom Securities", Kind::Securities),
    house("265", "LS증권", "LS Securities", Kind::Securities),
    house("266", "SK증권", "SK Securities", Kind::Securities),
    house("267", "대신증권", "Daishin Securities", Kind::Securities),
    house("269", "한화투자증권", "Hanwha Securities", Kind::Securities),
    house("270", "하나증권", "Hana Securities", Kind::Securities),
    house("271", "토스증권", "Toss Securities", Kind::Securities),
    house("278", "신한투자증권", "Shinhan Securities", Kind::Securities),
    house("279", "DB증권", "DB Securities", Kind::Securities),
    house("280", "유진투자증권", "Eugene Securities", Kind::Securities),
    house("287", "메리츠증권", "Meritz Securities", Kind::Securities),
    house("288", "카카오페이증권", "Kakao Pay Securities", Kind::Securities),
    house("290", "부국증권", "Bookook Securities", Kind::Securities),
    house("291", "신영증권", "Shinyoung Securities", Kind::Securities),
    house("292", "케이프투자증권", "Cape Securities", Kind::Securities),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_one_and_stands_once_in_order() {
        let codes: Vec<BankCode> = HOUSES.iter().map(House::code).collect();
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(find(BankCode::parse("088").unwrap()).unwrap().ko, "신한은행");
        assert!(find(BankCode::parse("999").unwrap()).is_none());
    }
}
