//! A program of an outside team: started, killed, waited for.

use super::PATIENCE;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running program; killed when dropped.
pub struct Program {
    child: Child,
    said: PathBuf,
}

impl Program {
    /// Starts it; what it says goes to `said`.
    pub fn start(command: &mut Command, said: &Path) -> Self {
        let file = File::create(said).unwrap();
        let child = command
            .env_remove("LIENTHONG_GATEWAY")
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let said = said.to_owned();
        Self { child, said }
    }

    /// Ends it at once (SIGKILL).
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// What it said until now.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap()
    }

    /// Fails if it has ended.
    pub fn runs(&mut self) {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none(), "{ended:?}: {}", self.said());
    }

    /// Waits until it ends well and gives what it said.
    pub async fn ends_well(mut self) -> String {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < PATIENCE, "it goes on: {}", self.said());
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let said = self.said();
        assert!(status.success(), "{status}: {said}");
        said
    }

    /// Waits for a line that it says, and gives it.
    pub async fn line(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        loop {
            let said = self.said();
            let whole = said.rsplit_once('\n').map_or("", |(whole, _)| whole);
            if let Some(line) = whole.lines().find(|line| wanted(line)) {
                return line.to_owned();
            }
            self.runs();
            assert!(began.elapsed() < PATIENCE, "never said: {said}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
