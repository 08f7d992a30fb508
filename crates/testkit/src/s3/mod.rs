//! A private S3 server: one bucket, and one key that opens it. It checks signatures as Amazon's own does and keeps everything
//! in memory, so its weather is made by a [`proxy`](crate::proxy) in front of it, and not by killing it.
//!
//! It is moto, run by the Python that `TRUNKLINE_TEST_PYTHON` names (`cargo xtask test` sets it).

use std::env;
use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const RUN: &str = include_str!("run.py");

/// A server that runs until it is dropped, or its process dies by whatever death.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
    key_id: String,
    secret: String,
}

impl Server {
    /// Starts a server with this bucket; when this returns it answers.
    ///
    /// # Errors
    /// There is no such Python, or it lacks the packages of `xtask/python.txt`.
    pub fn start(bucket: &str) -> io::Result<Self> {
        let python = env::var("TRUNKLINE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let mut child = Command::new(python)
            .args(["-c", RUN, bucket])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        if let Some(said) = child.stdout.as_mut() {
            BufReader::new(said).read_line(&mut line)?;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let [port, key_id, secret] = words[..] else {
            return Err(io::Error::other("moto does not start: run `cargo xtask test`, which installs it"));
        };
        let port = port.parse().map_err(io::Error::other)?;
        Ok(Self { port, key_id: key_id.to_owned(), secret: secret.to_owned(), child })
    }

    /// Its port on this machine.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The id of the key that opens the bucket.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The key's secret.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
