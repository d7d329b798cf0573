//! The methods of non-face-to-face real-name verification (비대면 실명확인) and what counts.
//!
//! Source: FSC guideline of 2015-05-18 and 2015-12-02 as the associations' rule book numbers it: at least two
//! different methods of ① to ⑤; ⑥ and ⑦ are recommended extras and never count.

use serde::{Deserialize, Serialize};

/// One way to know who a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// ① A copy of the ID *and* its confirmation by the issuer. One method, however many checks it takes.
    IdDocument,
    /// ② A video call in which an employee compares face and ID.
    VideoCall,
    /// ③ Identity checked when an access medium (card, OTP token, security card) is handed over.
    Delivery,
    /// ③ An access medium enrolled earlier (OTP, security card). Together with `Delivery` it counts once.
    Device,
    /// ④ An account that the person already owns elsewhere, proved by 1 won.
    ExistingAccount,
    /// ⑤ Biometrics registered beforehand.
    Biometric,
    /// ⑥ A phone in the person's name. Never counts.
    Phone,
    /// ⑦ Data cross-checked with a credit bureau. Never counts.
    CreditBureau,
    /// The ID's portrait against the live face. Strengthens ① and counts to none by itself.
    Face,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 9] = [
        Self::IdDocument,
        Self::VideoCall,
        Self::Delivery,
        Self::Device,
        Self::ExistingAccount,
        Self::Biometric,
        Self::Phone,
        Self::CreditBureau,
        Self::Face,
    ];

    /// The guideline's number if the method counts towards the two.
    pub fn counts_as(self) -> Option<u8> {
        match self {
            Self::IdDocument => Some(1),
            Self::VideoCall => Some(2),
            Self::Delivery | Self::Device => Some(3),
            Self::ExistingAccount => Some(4),
            Self::Biometric => Some(5),
            Self::Phone | Self::CreditBureau | Self::Face => None,
        }
    }
}

/// How many different methods of ① to ⑤ the given ones make.
pub fn distinct(methods: impl IntoIterator<Item = Method>) -> usize {
    let mut seen = [false; 6];
    for number in methods.into_iter().filter_map(Method::counts_as) {
        seen[usize::from(number)] = true;
    }
    seen.iter().filter(|s| **s).count()
}

/// The least number of different methods that the guideline asks for.
pub const LEGAL_FLOOR: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_different_methods_of_the_pool_count() {
        let check = |methods: &[Method], expected: usize| {
            assert_eq!(distinct(methods.iter().copied()), expected, "{methods:?}");
        };
        check(&[Method::IdDocument, Method::ExistingAccount], 2);
        check(&[Method::IdDocument, Method::IdDocument], 1);
        check(&[Method::IdDocument, Method::Face, Method::Phone, Method::CreditBureau], 1);
        check(&[Method::Delivery, Method::Device], 1);
        check(&Method::ALL, 5);
    }
}
