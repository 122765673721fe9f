//! The program. Everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ogelbase::cli::main()
}
