//! A card on a desk is found, at any turn; a desk without a card shows none.

mod specimen;

use ingam_vision::find_card::find_card;
use ingam_vision::geometry::Quad;
use specimen::{Dice, Person, Print, Shot};

/// Largest distance of a corner from the truth, in card widths, over the four ways to count corners.
fn error(found: &Quad, truth: &Quad) -> f64 {
    let width = truth.sides()[0];
    (0..4)
        .map(|turn| {
            let found = found.turned(turn);
            found.corners.iter().zip(&truth.corners).map(|(a, b)| a.distance(*b) / width).fold(0.0, f64::max)
        })
        .fold(f64::MAX, f64::min)
}

#[test]
fn cards_are_found_within_two_percent_of_their_width() {
    let mut good = 0;
    let cards = 60;
    for seed in 0..cards {
        let mut dice = Dice::new(seed);
        let shot = Shot::any(&mut dice, seed % 2 == 1);
        let print = Print::any(&mut dice);
        let card =
            specimen::card(&Person::made_up(&mut dice), &print, (f64::from(shot.width) * shot.fill) as u32);
        let photo = specimen::photo(&card, &shot);
        let found = find_card(&photo).card;
        let off = found.map(|card| error(&card.quad, &specimen::corners(&shot)));
        println!("{seed:2} score {:.2} off {off:.4?} {shot:?}", found.map_or(0.0, |c| c.score));
        if off.is_some_and(|off| off < 0.02) {
            good += 1;
        }
    }
    assert!(good * 100 >= cards * 95, "{good} of {cards}");
}
