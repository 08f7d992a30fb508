//! The server does what a test asks of it, and leaves nothing behind.

use super::*;
use std::net::TcpStream;

fn exists(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn databases_are_apart_and_go_with_their_tests() {
    let server = Server::shared();
    let (one, two) = (server.database().unwrap(), server.database().unwrap());
    one.sql("CREATE TABLE calls (n int); INSERT INTO calls VALUES (7)").unwrap();
    assert_eq!(one.sql("SELECT n FROM calls").unwrap(), "7\n");
    assert!(two.sql("SELECT n FROM calls").unwrap_err().to_string().contains("does not exist"));
    let name = one.name.clone();
    drop(one);
    assert_eq!(
        server
            .sql("postgres", &format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'"))
            .unwrap(),
        "0\n"
    );
}

#[test]
fn a_killed_server_refuses_and_comes_back_on_its_port_with_what_was_committed() {
    let server = Server::start().unwrap();
    let database = server.database().unwrap();
    database.sql("CREATE TABLE calls (n int)").unwrap();
    server.kill().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", server.port())).is_err());
    server.begin().unwrap();
    assert_eq!(database.sql("SELECT count(*) FROM calls").unwrap(), "0\n");
    server.stop().unwrap();
    server.begin().unwrap();
    assert_eq!(database.sql("SELECT count(*) FROM calls").unwrap(), "0\n");
}

#[test]
fn a_frozen_server_takes_connections_and_answers_when_it_goes_on() {
    let server = Server::start().unwrap();
    server.freeze().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", server.port())).is_ok());
    let (asked, answered) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| asked.send(server.sql("postgres", "SELECT 1")).unwrap());
        assert!(answered.recv_timeout(Duration::from_millis(500)).is_err(), "a frozen server answered");
        server.thaw().unwrap();
        assert_eq!(answered.recv_timeout(PATIENCE).unwrap().unwrap(), "1\n");
    });
}

#[test]
fn nothing_is_left_of_a_server_when_its_test_dies() {
    let server = Server::start().unwrap();
    let pid = server.postmaster().as_ref().unwrap().id();
    let folder = server.folder.clone();
    let mut server = std::mem::ManuallyDrop::new(server);
    // What the system does when a process dies: its end of the pipe is closed.
    drop(server.watchdog.stdin.take());
    server.watchdog.wait().unwrap();
    // Nobody but this process could bury it.
    server.postmaster().take().unwrap().wait().unwrap();
    assert!(!exists(pid) && !folder.exists());
}
