//! Power cuts: a kill does not test fsync, since what was written outlives the process. Here the disk loses what
//! was not synced, and the program must still keep its word. INGAM_CUTS says how often.

use crate::kill::{Load, outside_is_right};
use crate::support::disk::{Cut, Disk};
use crate::support::walk::Walker;
use crate::support::{Dice, Stage, count};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::timeout;

/// Runs a shell script in the root of a disk that loses what was not synced.
fn script(disk: &Disk, text: &str) {
    let status =
        Command::new("sh").args(["-ec", text]).current_dir(disk.root()).envs(disk.environment()).status();
    assert!(status.unwrap().success(), "{text}");
}

#[test]
fn the_power_cut_takes_what_was_not_synced_and_nothing_else() {
    let check = |text: &str, expected: &[(&str, &str)]| {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::in_dir(dir.path());
        fs::write(disk.root().join("old"), "old").unwrap();
        script(&disk, text);
        disk.cut(Cut::Everything);
        let mut left: Vec<(String, String)> = fs::read_dir(disk.root())
            .unwrap()
            .map(|file| file.unwrap().path())
            .map(|path| {
                (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
            })
            .collect();
        left.sort();
        let expected: Vec<(String, String)> =
            expected.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        assert_eq!(left, expected, "{text}");
    };
    check("printf new > a", &[("old", "old")]);
    check("printf new > a; sync a", &[("old", "old")]);
    check("printf new > a; sync .", &[("a", ""), ("old", "old")]);
    check("printf new > a; sync a .", &[("a", "new"), ("old", "old")]);
    check("printf new > a; sync a .; printf er >> a; printf x > b", &[("a", "new"), ("old", "old")]);
    check("printf newer > old", &[("old", "old")]);
    check("printf newer > old; sync old; printf x > old", &[("old", "newer")]);
    check("printf x > a; sync a; mv a old", &[("old", "old")]);
    check("printf x > a; sync a; mv a old; sync .", &[("old", "x")]);
    check("rm old", &[("old", "old")]);
    check("rm old; sync .", &[]);
    check("mkdir d; printf x > d/a; sync d/a d", &[("old", "old")]);
}

#[test]
fn chance_may_keep_any_sector_of_the_unsynced() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Disk::in_dir(dir.path());
    fs::write(disk.root().join("a"), vec![0; 4096]).unwrap();
    script(
        &disk,
        "dd if=/dev/zero bs=4096 count=1 status=none | tr '\\0' x | dd of=a bs=4096 status=none iflag=fullblock conv=notrunc",
    );
    disk.cut(Cut::Some(&mut Dice::new(1)));
    let left = fs::read(disk.root().join("a")).unwrap();
    let kept = left.chunks(512).filter(|sector| sector.iter().all(|byte| *byte == b'x')).count();
    let lost = left.chunks(512).filter(|sector| sector.iter().all(|byte| *byte == 0)).count();
    assert_eq!(kept + lost, 8, "sectors are written whole");
    assert!(kept > 0 && lost > 0, "{kept} kept, {lost} lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_lost_on_a_disk_that_lies_loses_what_was_acknowledged() {
    // The proof below can fail: where syncs do nothing, it sees the loss.
    let stage = Stage::set("").await;
    let bank = stage.institution("새솔은행").await;
    let disk = Disk::in_dir(stage.dir.path());
    let mut environment = disk.environment().to_vec();
    environment.push(("LOSSY_IGNORE_FSYNC", Path::new("1")));
    let server = stage.start_with(&environment).await;
    let policy = bank.policy().await;
    let load = Load::of(&bank, &policy);
    load.open("first").await;
    server.kill().await;
    assert!(disk.cut(Cut::Everything) > 0);
    let server = disk.start(&stage).await;
    let (status, _) = bank.get(&format!("/v1/policies/{policy}")).await.unwrap();
    assert_eq!(status, 404, "the policy was acknowledged, and this disk lost it");
    assert!(bank.all("/v1/verifications").await.is_empty());
    server.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_lost_at_any_moment_nothing_acknowledged_is_lost() {
    let cuts = count("INGAM_CUTS", 6);
    let mut dice = Dice::new(20_261_124);
    let stage = Stage::set("").await;
    let disk = Disk::in_dir(stage.dir.path());
    // The store is made, and the power fails at once: what the commands printed holds.
    let bank = stage.institution_on(&disk.environment(), "새솔은행").await;
    disk.cut(Cut::Everything);
    let mut server = disk.start(&stage).await;
    let load = Load::of(&bank, &bank.policy().await);
    let walker = Walker::new(&stage.desk, "kim-minsu", &load.notes).await;
    let mut unsynced = 0;
    for n in 0..cuts {
        // Somebody stands before the confirmation: their pictures are blobs that an entry names.
        let opened = load.open(&format!("walk-{n}")).await;
        let person = stage.person(opened["url"].as_str().unwrap()).await;
        let at = walker.walk(&person, "check", Duration::from_secs(60)).await;
        assert_eq!(at.as_deref(), Some("check"));
        let clerks = ["ga", "na"].map(|name| {
            let name: &'static str = Box::leak(format!("{name}-{n}").into_boxed_str());
            tokio::spawn(load.clone().clerk(name))
        });
        let walk = walker.walk(&person, "done", Duration::from_millis(100 + dice.below(1_500)));
        let reached = walk.await;
        server.kill().await;
        let how = if n % 2 == 0 { Cut::Everything } else { Cut::Some(&mut dice) };
        unsynced += disk.cut(how);
        server = disk.start(&stage).await;
        // The clerks come to the end of what they had begun, against the program that came back.
        load.stop.store(true, Ordering::Relaxed);
        for clerk in clerks {
            clerk.await.unwrap();
        }
        load.stop.store(false, Ordering::Relaxed);
        load.notes.hold(&bank.all("/v1/verifications").await);
        let (screen, version) = person.state().await.unwrap();
        load.notes.seen(person.page.trim_start_matches("/v/"), version);
        if reached.as_deref() == Some("done") {
            assert_eq!(screen, "done", "the person was told so");
        }
        if screen == "check" {
            let (status, picture) = person.bytes("/picture").await.unwrap();
            assert_eq!(
                (status, &picture[..2]),
                (200, &[0xff, 0xd8][..]),
                "a blob that an entry names is readable"
            );
        }
        let end = walker.walk(&person, "done", Duration::from_secs(60)).await;
        assert_eq!(end.as_deref(), Some("done"), "it goes on after the power came back");
    }
    timeout(Duration::from_secs(30), server.stop()).await.unwrap();
    stage.audit().await;
    outside_is_right(&stage).await;
    assert!(unsynced > 0, "the cuts took nothing: they prove nothing");
    println!(
        "{cuts} power cuts took {unsynced} unsynced changes; {} verifications acknowledged",
        load.notes.all().len()
    );
}
