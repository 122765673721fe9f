//! The release server under load.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

const PORT: u16 = 4986;

/// A running server; ended when it is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
}

/// The program beside this one, built with it; another with `BENCH_SERVER`.
pub fn program() -> PathBuf {
    let given = std::env::var_os("BENCH_SERVER").map(PathBuf::from);
    given.unwrap_or_else(|| std::env::current_exe().unwrap().with_file_name("ogelbase"))
}

/// Settings that all commands of the program share.
pub fn command(database: &str, data: &Path) -> Command {
    let mut command = Command::new(program());
    command
        .env("OGELBASE_DATABASE_URL", database)
        .env("OGELBASE_DATA_DIR", data)
        .env("OGELBASE_LOG", "warn")
        .env("OGELBASE_LISTEN", format!("127.0.0.1:{PORT}"));
    command
}

/// Where the server keeps its secrets.
pub fn data() -> PathBuf {
    let folder = std::env::current_exe().unwrap().with_file_name("bench-data");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

impl Server {
    pub fn start(database: &str, connections: u32) -> Self {
        let mut command = command(database, &data());
        // The load is one person's.
        command.env("OGELBASE_USER_COST_PER_MINUTE", "0").env("OGELBASE_ANONYMOUS_COST_PER_MINUTE", "0");
        command.arg("serve").env("OGELBASE_DATABASE_CONNECTIONS", connections.to_string());
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut server = Self { child };
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", PORT)).is_ok() {
                return server;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        drop(server.child.kill());
        let mut said = String::new();
        drop(server.child.stderr.take().unwrap().read_to_string(&mut said));
        panic!("the server did not start: {said}");
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn url() -> String {
        format!("http://127.0.0.1:{PORT}/graphql")
    }

    /// The answer to one request, which must have no errors.
    pub async fn ask(&self, body: &str, token: Option<&str>) -> Value {
        let mut request = reqwest::Client::new().post(Self::url()).header("content-type", "application/json");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer: Value = request.body(body.to_owned()).send().await.unwrap().json().await.unwrap();
        assert!(answer.get("errors").is_none(), "{answer:#}");
        answer
    }

    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}
