//! A moment that a case set for itself comes, whatever the clocks of those who watch for it do meanwhile.

use super::house::House;
use crate::work::{self, Held};
use ingam_cases::verification::End;
use ingam_sandbox::catalogue::Catalogue;

const DAY_MS: i64 = 86_400_000;

async fn lease(house: &House) -> Vec<Held> {
    work::lease(&house.app, 16).await.unwrap()
}

#[tokio::test]
async fn a_task_that_a_wrong_clock_handed_out_too_early_is_done_in_its_time() {
    let house = House::with(Catalogue::built_in(), 2_000).await;
    let id = house.open().await;
    let ended = async || house.app.verification(&id).await.unwrap().unwrap().state.end();

    house.app.clock.move_to(DAY_MS);
    let early = lease(&house).await;
    assert_eq!(early.len(), 1, "the end of the verification's time");
    house.app.clock.move_to(0);
    work::settle(&house.app, &early[0]).await;
    assert_eq!(ended().await, None);
    assert!(lease(&house).await.is_empty(), "it waits");

    house.app.clock.move_to(DAY_MS);
    for task in lease(&house).await {
        work::settle(&house.app, &task).await;
    }
    assert_eq!(ended().await, Some(End::Expired));
}
