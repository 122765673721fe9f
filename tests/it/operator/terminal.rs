//! The password on a terminal: asked for twice, never shown.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    time::Duration,
};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::{Operator, sign_in};
use crate::support::app::App;

/// What the terminal showed, once the program has ended; `typed` is typed line by line as it is asked for.
async fn type_at(operator: &Operator<'_>, email: &str, typed: &[&str]) -> (bool, String) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let path = ptsname(&master, Vec::new()).unwrap();
    let terminal = || OpenOptions::new().read(true).write(true).open(path.to_str().unwrap()).unwrap();
    let mut command = operator.home.command(&["admin", "set-password", email]);
    command.envs(operator.settings()).stdin(terminal()).stdout(terminal()).stderr(terminal());
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut master = File::from(master);
    let typed: Vec<String> = typed.iter().map(|line| format!("{line}\n")).collect();
    let shown = tokio::task::spawn_blocking(move || {
        let mut shown = Vec::new();
        let mut lines = typed.iter();
        let mut asked = 0;
        let mut buffer = [0; 1_024];
        // Reading fails when the last program at the terminal has ended.
        while let Ok(count @ 1..) = master.read(&mut buffer) {
            shown.extend_from_slice(&buffer[..count]);
            let text = String::from_utf8_lossy(&shown);
            let prompts = text.matches("New password: ").count() + text.matches("The same again: ").count();
            for _ in asked..prompts {
                master.write_all(lines.next().unwrap().as_bytes()).unwrap();
            }
            asked = prompts;
        }
        String::from_utf8(shown).unwrap()
    });
    let status = tokio::time::timeout(Duration::from_secs(60), child.wait()).await.expect("an end in time").unwrap();
    (status.success(), shown.await.unwrap())
}

#[tokio::test]
async fn a_password_is_asked_for_twice_and_never_shown() {
    let app = App::start().await;
    let operator = Operator::of(&app);
    let (done, shown) = type_at(&operator, "owner@acme.test", &["typed in secret", "typed in secreT"]).await;
    assert!(!done && shown.contains("the password was not typed the same twice"), "{shown}");
    assert!(!shown.contains("typed in"), "{shown}");
    app.owner().await;

    let (done, shown) = type_at(&operator, "owner@acme.test", &["short"]).await;
    assert!(!done && shown.contains("must have at least 8 characters"), "{shown}");

    let (done, shown) = type_at(&operator, "owner@acme.test", &["typed in secret", "typed in secret"]).await;
    assert!(done && shown.contains("owner@acme.test has a new password"), "{shown}");
    assert!(!shown.contains("typed in"), "{shown}");
    assert!(sign_in(&app, "owner@acme.test", "typed in secret").await.codes().is_empty());
}
