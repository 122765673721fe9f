//! PostgreSQL's programs from a package, for machines without any: fetched once by npm, checked, unpacked into a cache.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use nix::unistd::Uid;
use sha2::{Digest, Sha512};

use super::tool;

/// The packaging calls every one of its releases a beta; the PostgreSQL inside is the released one.
const VERSION: &str = "18.4.0-beta.17";

/// The PostgreSQL in it.
pub(super) const MAJOR: u32 = 18;

/// System, processor, the package's name for them, and what it must hash to (`npm view <package>@<version> dist.integrity`).
const PACKAGES: [(&str, &str, &str, &str); 4] = [
    (
        "linux",
        "x86_64",
        "linux-x64",
        "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
    ),
    (
        "linux",
        "aarch64",
        "linux-arm64",
        "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
    ),
    (
        "macos",
        "x86_64",
        "darwin-x64",
        "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
    ),
    (
        "macos",
        "aarch64",
        "darwin-arm64",
        "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
    ),
];

/// Some 24 MB, over whatever line there is.
const FETCH_LIMIT: Duration = Duration::from_secs(600);
const UNPACK_LIMIT: Duration = Duration::from_secs(120);

/// One link the package could not carry, because npm packs none.
#[derive(serde::Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// Root's is the system's: the database's user must be able to run what is in it.
pub(super) fn cache_dir() -> Result<PathBuf, String> {
    if Uid::effective().is_root() {
        return Ok(PathBuf::from("/var/cache/ogelbase"));
    }
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|dir| dir.is_absolute());
    let caches = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    caches.map(|dir| dir.join("ogelbase")).ok_or_else(|| "there is no HOME to keep a cache in".to_owned())
}

/// The folder of the programs, from the cache, or fetched into it with `npm` (the program's name).
pub(super) fn cached_or_fetched(cache: &Path, npm: &str, unwanted: &dyn Fn() -> bool) -> Result<PathBuf, String> {
    let here = (std::env::consts::OS, std::env::consts::ARCH);
    let Some((.., platform, integrity)) = PACKAGES.into_iter().find(|(os, arch, ..)| (*os, *arch) == here) else {
        return Err(format!("there is no package for {} on {}", here.0, here.1));
    };
    let kept = cache.join(format!("postgres-{VERSION}-{platform}"));
    if !kept.is_dir() {
        let say =
            |what: &'static str, path: &Path, error: io::Error| format!("cannot {what} {}: {error}", path.display());
        create_trusted(cache).map_err(|error| say("use", cache, error))?;
        // One at a time; the others then find it in the cache.
        let lock = cache.join("lock");
        let held = File::create(&lock).map_err(|error| say("create", &lock, error))?;
        held.lock().map_err(|error| say("lock", &lock, error))?;
        if !kept.is_dir() {
            let work = cache.join("fetching");
            // What a fetch that was killed left behind.
            let _ = fs::remove_dir_all(&work);
            fs::create_dir(&work).map_err(|error| say("create", &work, error))?;
            let package = format!("@embedded-postgres/{platform}@{VERSION}");
            let outcome = fetch(&work, npm, &package, integrity, unwanted);
            let outcome =
                outcome.and_then(|native| fs::rename(&native, &kept).map_err(|error| say("keep", &kept, error)));
            let _ = fs::remove_dir_all(&work);
            outcome?;
        }
    }
    Ok(kept.join("bin"))
}

/// Downloads, checks and unpacks into `work`; the answer is the unpacked folder, complete.
fn fetch(
    work: &Path,
    npm: &str,
    package: &str,
    integrity: &str,
    unwanted: &dyn Fn() -> bool,
) -> Result<PathBuf, String> {
    tracing::info!(package, "no PostgreSQL on this machine: fetching one with npm, once");
    let mut pack = Command::new(npm);
    // Without a network it should say so soon.
    pack.args(["pack", package, "--loglevel=error", "--fetch-retries=1", "--ignore-scripts", "--pack-destination"]);
    pack.arg(work).current_dir(work);
    run(pack, "npm", FETCH_LIMIT, unwanted)?;

    let entries = fs::read_dir(work).map_err(|error| error.to_string())?;
    let mut archives =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|it| it == "tgz"));
    let archive = archives.next().ok_or_else(|| format!("npm pack {package} left no archive"))?;
    let bytes = fs::read(&archive).map_err(|error| error.to_string())?;
    let digest = BASE64_STANDARD.encode(Sha512::digest(&bytes));
    if digest != integrity {
        return Err(format!(
            "{package} is not what it should be (sha512 {digest} instead of {integrity}), so it is not used"
        ));
    }

    // Root's umask may be tighter than the database's user can stand.
    let mut tar = Command::new("sh");
    tar.args(["-c", "umask 022 && exec tar -xzf \"$0\" -C \"$1\" --no-same-owner"]).arg(&archive).arg(work);
    run(tar, "tar", UNPACK_LIMIT, unwanted)?;
    let unpacked = work.join("package");
    make_links(&unpacked).map_err(|error| format!("cannot make the links of {package}: {error}"))?;
    Ok(unpacked.join("native"))
}

fn run(mut command: Command, name: &str, limit: Duration, unwanted: &dyn Fn() -> bool) -> Result<(), String> {
    match tool::run(command.env_remove("npm_config_dry_run"), None, limit, unwanted) {
        Ok(outcome) if outcome.status.success() => Ok(()),
        // Both say what is wrong first and give advice after.
        Ok(outcome) => {
            Err(format!("{name} failed: {}", tool::last_words(outcome.text.lines().take(5).map(str::to_owned))))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(format!("{name} is not installed")),
        Err(error) => Err(format!("{name} failed: {error}")),
    }
}

/// Makes the links of `pg-symlinks.json` again, without which the programs do not find their libraries.
fn make_links(package: &Path) -> io::Result<()> {
    let links: Vec<Link> = serde_json::from_slice(&fs::read(package.join("native/pg-symlinks.json"))?)?;
    for Link { source, target } in links {
        let plain = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
        let (Some(name), true) = (source.file_name(), source.parent() == target.parent()) else {
            return Err(io::Error::other(format!("{} leads out of its folder", target.display())));
        };
        if !plain(&target) || !plain(&source) {
            return Err(io::Error::other(format!("{} leads out of the package", target.display())));
        }
        match symlink(name, package.join(&target)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// What is in it will be run, so nobody else may write there.
fn create_trusted(cache: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o755).create(cache)?;
    let found = cache.symlink_metadata()?;
    if !found.is_dir() || found.uid() != Uid::effective().as_raw() || found.mode() & 0o022 != 0 {
        return Err(io::Error::other("it is a link, belongs to another user or can be written by others"));
    }
    if Uid::effective().is_root() {
        fs::set_permissions(cache, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Stands in for npm; the seventh argument is where the archive belongs.
    fn with_npm(name: &str, script: &str) -> String {
        let dir = std::env::temp_dir().join(format!("ogelbase-npm-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        let npm = dir.join("npm");
        fs::write(&npm, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&npm, Permissions::from_mode(0o755)).unwrap();
        let reason = cached_or_fetched(&dir.join("cache"), npm.to_str().unwrap(), &|| false).unwrap_err();
        let left: Vec<_> = fs::read_dir(dir.join("cache")).unwrap().flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(left, ["lock"], "nothing of it stays");
        fs::remove_dir_all(&dir).unwrap();
        reason
    }

    #[test]
    fn another_package_than_ours_is_refused() {
        let reason = with_npm("other", "echo other > \"$7/embedded.tgz\"");
        assert!(reason.contains("is not what it should be (sha512 "), "{reason}");
    }

    #[test]
    fn what_npm_says_is_passed_on() {
        let reason = with_npm("failing", "echo 'npm error no network' >&2; exit 1");
        assert_eq!(reason, "npm failed: npm error no network");
    }

    #[test]
    fn no_link_leads_out_of_the_package() {
        let dir = std::env::temp_dir().join(format!("ogelbase-links-{}", std::process::id()));
        fs::create_dir_all(dir.join("native/lib")).unwrap();
        let write = |links: &str| fs::write(dir.join("native/pg-symlinks.json"), links).unwrap();
        write(r#"[{"source":"native/lib/a.so.1","target":"native/lib/a.so"}]"#);
        make_links(&dir).unwrap();
        assert_eq!(fs::read_link(dir.join("native/lib/a.so")).unwrap(), Path::new("a.so.1"));
        for links in [
            r#"[{"source":"../x/a","target":"../x/b"}]"#,
            r#"[{"source":"/etc/a","target":"/etc/b"}]"#,
            r#"[{"source":"native/lib/a","target":"native/b"}]"#,
        ] {
            write(links);
            assert!(make_links(&dir).is_err(), "{links}");
        }
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    #[ignore = "downloads 24 MB"]
    fn the_real_package_is_what_it_should_be() {
        let cache = std::env::temp_dir().join(format!("ogelbase-fetch-{}", std::process::id()));
        let bin = cached_or_fetched(&cache, "npm", &|| false).unwrap();
        let version = Command::new(bin.join("postgres")).arg("--version").output().unwrap();
        assert!(String::from_utf8_lossy(&version.stdout).starts_with(&format!("postgres (PostgreSQL) {MAJOR}.")));
        fs::remove_dir_all(&cache).unwrap();
    }
}
