//! The private PostgreSQL: that it starts, survives every sudden death of itself or its server, and keeps others out.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper's failure is the test's")]

mod owner;

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::{Uid, User};
use ogelbase::db::embedded::{EmbeddedError, EmbeddedPostgres, Settings, Status};
use rustix::process::{Pid, Signal, kill_process};
use sea_orm::ConnectionTrait;

use owner::*;

#[tokio::test]
async fn starts_empty_and_finds_its_rows_again() {
    let dir = TempDir::new();
    let postgres = start(&dir.data()).await;
    let db = connect(&postgres.url()).await;
    db.execute_unprepared("CREATE TABLE kept (name text)").await.expect("a table");
    db.execute_unprepared("INSERT INTO kept VALUES ('first')").await.expect("a row");
    assert_eq!(text(&db, "SHOW fsync").await, "on");
    assert_eq!(text(&db, "SHOW data_checksums").await, "on");
    assert_eq!(text(&db, "SHOW listen_addresses").await, "");
    assert_eq!(
        text(&db, "SELECT upper('\u{e4}') || current_database() || current_user").await,
        "\u{c4}ogelbaseogelbase_login"
    );
    let socket_dir = fs::metadata(postgres.socket_dir()).expect("the socket's directory");
    assert_eq!(socket_dir.mode() & 0o777, 0o700);
    assert_ne!(fs::metadata(dir.data().join("postgres")).expect("the cluster").uid(), 0);
    let pid = postgres.pid();
    postgres.stop().await.expect("a stop");
    assert!(!lives(pid));

    let begun = Instant::now();
    let postgres = start(&dir.data()).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "a restart took {:?}", begun.elapsed());
    let db = connect(&postgres.url()).await;
    assert_eq!(text(&db, "SELECT name FROM kept").await, "first");
    postgres.stop().await.expect("a stop");
}

#[tokio::test]
async fn dies_with_its_server_and_the_next_start_loses_nothing() {
    let dir = TempDir::new();
    for round in 1..=3 {
        let mut owner = Owner::spawn(&dir.data(), None);
        let (pid, url) = owner.ready();
        let db = connect(&url).await;
        db.execute_unprepared("CREATE TABLE IF NOT EXISTS kept (round int)").await.expect("a table");
        db.execute_unprepared(&format!("INSERT INTO kept VALUES ({round})")).await.expect("a row");
        owner.kill();
        if round == 1 {
            until("the database died", || !lives(pid));
        }
        // In the other rounds the next start meets it dying.
    }
    let postgres = start(&dir.data()).await;
    let db = connect(&postgres.url()).await;
    assert_eq!(text(&db, "SELECT string_agg(round::text, ',' ORDER BY round) FROM kept").await, "1,2,3");
    postgres.stop().await.expect("a stop");
}

#[tokio::test]
async fn a_killed_database_comes_back_by_itself() {
    let dir = TempDir::new();
    let postgres = start(&dir.data()).await;
    let db = connect(&postgres.url()).await;
    db.execute_unprepared("CREATE TABLE kept (name text)").await.expect("a table");
    db.execute_unprepared("INSERT INTO kept VALUES ('first')").await.expect("a row");
    // A session that does not look up from its work, and so does not see that its postmaster is gone.
    let busy = connect(&postgres.url()).await;
    let busy = tokio::spawn(async move {
        busy.execute_unprepared("DO $$ BEGIN LOOP END LOOP; END $$").await.err().map(|error| error.to_string())
    });
    tokio::time::sleep(Duration::from_millis(200)).await;

    let first = postgres.pid();
    let mut status = postgres.status();
    status.mark_unchanged();
    kill_9(first);
    let wait = status.wait_for(|status| matches!(status, Status::Running { pid } if *pid != first));
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("back in time").expect("a keeper");
    let db = connect(&postgres.url()).await;
    assert_eq!(text(&db, "SELECT name FROM kept").await, "first");
    assert!(busy.await.expect("a task").is_some());
    postgres.stop().await.expect("a stop");
}

#[tokio::test]
async fn a_database_that_keeps_dying_is_given_up() {
    let dir = TempDir::new();
    let postgres = start(&dir.data()).await;
    let failure = async { postgres.failure().await.to_string() };
    let killing = async {
        let mut status = postgres.status();
        while let Ok(found) =
            status.wait_for(|status| matches!(status, Status::Running { .. })).await.map(|it| it.clone())
        {
            let Status::Running { pid } = found else { continue };
            kill_9(pid);
            let _ = status.wait_for(|status| !matches!(status, Status::Running { pid: now } if *now == pid)).await;
        }
        std::future::pending::<()>().await;
    };
    let message: String = tokio::select! {
        message = failure => message,
        () = killing => String::new(),
        () = tokio::time::sleep(Duration::from_secs(60)) => String::new(),
    };
    assert!(message.contains("is not started again: signal 9"), "{message}");
}

#[tokio::test]
async fn a_removed_data_directory_is_not_taken_for_its_successor() {
    let dir = TempDir::new();
    let postgres = start(&dir.data()).await;
    fs::rename(dir.data(), dir.0.join("elsewhere")).expect("a rename");
    kill_9(postgres.pid());
    let failure = tokio::time::timeout(Duration::from_secs(20), postgres.failure()).await.expect("a verdict");
    assert!(matches!(*failure, EmbeddedError::Removed { .. }), "{failure}");
}

#[tokio::test]
async fn a_pid_file_whose_pid_belongs_to_another_program_is_no_obstacle() {
    let dir = TempDir::new();
    let postgres = start(&dir.data()).await;
    postgres.stop().await.expect("a stop");
    let cluster = dir.data().join("postgres");
    let owner = fs::metadata(&cluster).expect("the cluster");
    // As the same user, or else PostgreSQL itself sees that it cannot be one of its own.
    let mut other = Command::new("sleep").arg("600").uid(owner.uid()).gid(owner.gid()).spawn().expect("sleep");
    let socket_dir = dir.data().join("run");
    let stale = format!(
        "{}\n{}\n1700000000\n5432\n{}\n\n  0 0\nready   \n",
        other.id(),
        cluster.display(),
        socket_dir.display()
    );
    fs::write(cluster.join("postmaster.pid"), &stale).expect("a stale pid file");
    fs::write(socket_dir.join(".s.PGSQL.5432.lock"), &stale).expect("a stale lock file");
    fs::write(socket_dir.join(".s.PGSQL.5432"), "").expect("a stale socket");
    let postgres = start(&dir.data()).await;
    assert!(lives(other.id()), "the other program was left alone");
    postgres.stop().await.expect("a stop");
    other.kill().and_then(|()| other.wait()).expect("an end");
}

#[tokio::test]
async fn a_second_server_is_refused() {
    let dir = TempDir::new();
    let mut owner = Owner::spawn(&dir.data(), None);
    let (pid, _) = owner.ready();
    let refused = EmbeddedPostgres::start(settings(&dir.data())).await.expect_err("a refusal").to_string();
    let expected = format!("another ogelbase (pid {}) is using {}", owner.0.id(), dir.data().display());
    assert!(refused.starts_with(&expected), "{refused}");
    assert!(lives(pid), "the first one's database was left alone");
}

#[tokio::test]
async fn of_two_first_starts_at_once_one_wins() {
    let dir = TempDir::new();
    let (one, two) =
        tokio::join!(EmbeddedPostgres::start(settings(&dir.data())), EmbeddedPostgres::start(settings(&dir.data())));
    let (winner, loser) = match (one, two) {
        (Ok(winner), Err(loser)) | (Err(loser), Ok(winner)) => (winner, loser),
        other => panic!("one of two: {other:?}"),
    };
    assert!(matches!(loser, EmbeddedError::InUse { .. }), "{loser}");
    winner.stop().await.expect("a stop");
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_is_no_obstacle() {
    let dir = TempDir::new();
    let data = dir.0.join("long, \"odd\" name ".repeat(8));
    let postgres = start(&data).await;
    assert!(!postgres.socket_dir().starts_with(&dir.0), "{}", postgres.socket_dir().display());
    let db = connect(&postgres.url()).await;
    assert_eq!(text(&db, "SELECT 'here'").await, "here");
    let socket_dir = postgres.socket_dir().to_path_buf();
    postgres.stop().await.expect("a stop");

    // Open to others: not to be trusted with a database that has no password.
    fs::set_permissions(&socket_dir, fs::Permissions::from_mode(0o755)).expect("permissions");
    let refused = EmbeddedPostgres::start(settings(&data)).await.expect_err("a refusal");
    assert!(matches!(refused, EmbeddedError::UnsafeDirectory { .. }), "{refused}");
    fs::remove_dir_all(&socket_dir).expect("a removal");
    symlink("/tmp", &socket_dir).expect("a link");
    let refused = EmbeddedPostgres::start(settings(&data)).await.expect_err("a refusal");
    assert!(matches!(refused, EmbeddedError::UnsafeDirectory { .. }), "{refused}");
    fs::remove_file(&socket_dir).expect("a removal");
}

#[tokio::test]
async fn a_path_with_odd_letters_is_no_obstacle() {
    let dir = TempDir::new();
    let postgres = start(&dir.0.join("a b \"c\" + d%20'\u{e9}\\")).await;
    assert!(postgres.socket_dir().starts_with(&dir.0));
    let db = connect(&postgres.url()).await;
    assert_eq!(text(&db, "SELECT 'here'").await, "here");
    postgres.stop().await.expect("a stop");
}

#[tokio::test]
async fn a_first_start_killed_at_any_moment_is_begun_anew() {
    let dir = TempDir::new();
    for milliseconds in [5, 30, 120, 300, 500, 700, 900, 1100] {
        let mut owner = Owner::spawn(&dir.data(), None);
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        owner.kill();
    }
    fs::create_dir_all(dir.data().join("postgres.new-7/base")).expect("a leftover");
    let postgres = start(&dir.data()).await;
    let db = connect(&postgres.url()).await;
    assert_eq!(text(&db, "SELECT 'here'").await, "here");
    postgres.stop().await.expect("a stop");
    let left = fs::read_dir(dir.data()).expect("a listing").flatten().map(|entry| entry.file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().contains(".new-")));
}

#[tokio::test]
async fn a_start_given_up_leaves_the_place_free() {
    let dir = TempDir::new();
    for milliseconds in [1, 100, 400, 900, 1300] {
        let _ =
            tokio::time::timeout(Duration::from_millis(milliseconds), EmbeddedPostgres::start(settings(&dir.data())))
                .await;
    }
    let begun = Instant::now();
    let postgres = loop {
        match EmbeddedPostgres::start(settings(&dir.data())).await {
            Ok(postgres) => break postgres,
            // The last one given up may have to finish a checkpoint on a busy disk.
            Err(EmbeddedError::InUse { .. }) if begun.elapsed() < Duration::from_secs(30) => {}
            Err(error) => panic!("{error}"),
        }
    };
    postgres.stop().await.expect("a stop");
}

#[tokio::test]
async fn what_is_no_database_of_ours_is_left_alone() {
    let dir = TempDir::new();
    fs::create_dir_all(dir.data().join("postgres")).expect("a directory");
    give_away(&dir.data().join("postgres"));
    fs::write(dir.data().join("postgres/letters.txt"), "mine").expect("a file");
    let refused = EmbeddedPostgres::start(settings(&dir.data())).await.expect_err("a refusal");
    assert!(matches!(refused, EmbeddedError::NotACluster { .. }), "{refused}");

    fs::write(dir.data().join("postgres/PG_VERSION"), "9\n").expect("a file");
    let refused = EmbeddedPostgres::start(settings(&dir.data())).await.expect_err("a refusal").to_string();
    assert!(refused.contains("was made by PostgreSQL 9, and no working PostgreSQL 9 was found"), "{refused}");
    assert!(dir.data().join("postgres/letters.txt").exists());
}

#[tokio::test]
async fn programs_that_are_too_old_are_passed_over() {
    let dir = TempDir::new();
    for program in ["postgres", "initdb"] {
        let path = dir.0.join(program);
        fs::write(&path, "#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n").expect("a program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("permissions");
    }
    let settings = Settings { pg_bin_dir: Some(dir.0.clone()), ..settings(&dir.data()) };
    let postgres = EmbeddedPostgres::start(settings).await.expect("a newer one");
    postgres.stop().await.expect("a stop");
}

#[tokio::test]
async fn a_database_started_by_hand_is_left_alone() {
    let dir = TempDir::new();
    let postgres = start(&dir.data()).await;
    let programs = programs_of(postgres.pid());
    postgres.stop().await.expect("a stop");
    let cluster = dir.data().join("postgres");
    let owner = fs::metadata(&cluster).expect("the cluster");
    let mut by_hand = Command::new(programs);
    by_hand.arg("-D").arg(&cluster).args(["-c", "listen_addresses=", "-k"]).arg(dir.data().join("run"));
    let mut by_hand =
        by_hand.uid(owner.uid()).gid(owner.gid()).current_dir("/").stderr(Stdio::null()).spawn().expect("postgres");
    let ready = || fs::read_to_string(cluster.join("postmaster.pid")).is_ok_and(|text| text.contains("ready"));
    until("it is ready", ready);
    let refused = EmbeddedPostgres::start(settings(&dir.data())).await.expect_err("a refusal");
    assert!(matches!(&refused, EmbeddedError::Foreign { .. }), "{refused}");
    assert!(lives(by_hand.id()));
    kill_process(Pid::from_child(&by_hand), Signal::INT).expect("a signal");
    by_hand.wait().expect("an end");
}

#[tokio::test]
async fn runs_for_an_ordinary_user() {
    if !Uid::effective().is_root() {
        return; // Then every other test shows it.
    }
    let dir = TempDir::new();
    let nobody = User::from_name("nobody").ok().flatten().expect("a user nobody");
    fs::set_permissions(&dir.0, fs::Permissions::from_mode(0o777)).expect("permissions");
    let mut owner = Owner::spawn(&dir.data(), Some((&nobody, &dir.0)));
    let (pid, url) = owner.ready();
    assert_eq!(fs::metadata(format!("/proc/{pid}")).expect("a process").uid(), nobody.uid.as_raw());
    assert_eq!(fs::metadata(dir.data()).expect("the data directory").mode() & 0o777, 0o700);
    let db = connect(&url).await;
    assert_eq!(text(&db, "SELECT 'here'").await, "here");
    owner.kill();
    until("the database died", || !lives(pid));

    // Root then finds it, and leaves it its owner's.
    let postgres = start(&dir.data()).await;
    assert_eq!(fs::metadata(format!("/proc/{}", postgres.pid())).expect("a process").uid(), nobody.uid.as_raw());
    postgres.stop().await.expect("a stop");
}

#[tokio::test]
async fn runs_for_root_below_a_closed_directory() {
    if !Uid::effective().is_root() {
        return;
    }
    let dir = TempDir::new();
    let closed = dir.0.join("closed");
    fs::DirBuilder::new().mode(0o700).create(&closed).expect("a directory");
    let data = closed.join("data");
    let postgres = start(&data).await;
    let cluster = fs::read_link(data.join("postgres")).expect("a link");
    assert!(cluster.starts_with("/var/lib/ogelbase"), "{}", cluster.display());
    let db = connect(&postgres.url()).await;
    db.execute_unprepared("CREATE TABLE kept (name text)").await.expect("a table");
    postgres.stop().await.expect("a stop");

    let postgres = start(&data).await;
    let db = connect(&postgres.url()).await;
    assert_eq!(text(&db, "SELECT count(*)::text FROM kept").await, "0");
    postgres.stop().await.expect("a stop");

    // A copy of the data directory leads to the same database: one at a time.
    let copy = dir.0.join("copy");
    fs::create_dir(&copy).expect("a directory");
    symlink(&cluster, copy.join("postgres")).expect("a link");
    let postgres = start(&copy).await;
    let refused = EmbeddedPostgres::start(settings(&data)).await.expect_err("a refusal");
    assert!(matches!(refused, EmbeddedError::InUse { .. }), "{refused}");
    postgres.stop().await.expect("a stop");

    // Begun anew: empty, and the old one kept.
    fs::remove_dir_all(&data).expect("a removal");
    let postgres = start(&data).await;
    let db = connect(&postgres.url()).await;
    assert_eq!(text(&db, "SELECT count(*)::text FROM pg_tables WHERE tablename = 'kept'").await, "0");
    postgres.stop().await.expect("a stop");
    assert!(cluster.with_file_name("postgres.old-0").exists());

    let home = cluster.parent().expect("a parent").to_path_buf();
    fs::remove_dir_all(home).expect("a removal");
    let refused = EmbeddedPostgres::start(settings(&data)).await.expect_err("a refusal");
    assert!(matches!(refused, EmbeddedError::Lost { .. }), "{refused}");
}

/// Not a test: the process that [`Owner`] starts, and that the tests kill.
#[tokio::test]
#[ignore = "a part of other tests"]
async fn own_until_killed() {
    let Some(data_dir) = std::env::var_os("OWN_DATA_DIR") else { return };
    let launcher = std::env::var_os("OWN_LAUNCHER").expect("a launcher");
    let settings = Settings { launcher: launcher.into(), ..settings(Path::new(&data_dir)) };
    match EmbeddedPostgres::start(settings).await {
        Ok(postgres) => {
            eprintln!("READY {} {}", postgres.pid(), postgres.url());
            tokio::time::sleep(Duration::from_secs(600)).await;
        }
        Err(error) => eprintln!("FAILED {error}"),
    }
}
