//! Eyes that read the same card on every picture: what the simulation is about happens before and after them.
//! Everyone types what their own card says.

use crate::eyes::Eyes;
use crate::fault::Fault;
use async_trait::async_trait;
use ingam_vision::day::Day;
use ingam_vision::decode::BadPicture;
use ingam_vision::geometry::Rect;
use ingam_vision::{CardReading, Elapsed, Field, Kind, Unreadable};
use std::collections::BTreeMap;

/// See the module.
pub(super) struct SameCard;

#[async_trait]
impl Eyes for SameCard {
    async fn look(&self, picture: Vec<u8>) -> Result<Result<Vec<u8>, BadPicture>, Fault> {
        Ok(Ok(picture))
    }

    async fn read(&self, _: Vec<u8>, _: Day) -> Result<Result<CardReading, Unreadable>, Fault> {
        let field = |value: &str| Field {
            value: value.to_owned(),
            confidence: 0.99,
            area: Rect { left: 0, top: 0, right: 1, bottom: 1 },
            doubtful: false,
        };
        let fields = BTreeMap::from([
            ("name", field("표본희")),
            ("resident_number", field("900101-1970000")),
            ("issue_date", field("2020-01-01")),
        ]);
        Ok(Ok(CardReading {
            kind: Kind::Resident,
            subkind: None,
            fields,
            quality: vec![],
            forgery: vec![],
            card_quad: None,
            masked_jpeg: b"a masked card".to_vec(),
            crops: BTreeMap::from([("name", b"a name".to_vec()), ("issue_date", b"a day".to_vec())]),
            portrait: None,
            elapsed_ms: Elapsed::default(),
            model: "same/1".to_owned(),
        }))
    }
}
