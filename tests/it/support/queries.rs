//! The canonical queries, which users copy.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The files of `examples/queries` with their texts.
pub fn canonical() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/queries");
    let files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect();
    assert!(files.len() >= 8, "only {} files were found", files.len());
    files
}
