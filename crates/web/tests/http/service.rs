//! The beginning and the end of service.

use crate::house::House;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use trunkline_web::Limits;

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_kept_for_the_next_request() {
    let house = House::open().await;
    let twice = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut stream = TcpStream::connect(house.server).await.unwrap();
    stream.write_all(twice).await.unwrap();
    let mut both = String::new();
    stream.read_to_string(&mut both).await.unwrap();
    assert_eq!(both.matches("HTTP/1.1 200").count(), 2, "{both}");
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_a_request_in_work_is_finished_and_no_new_one_is_taken() {
    let house = House::open().await;
    let mut stream = TcpStream::connect(house.server).await.unwrap();
    stream.write_all(b"POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nke").await.unwrap();
    // The request is in work once another one on a later connection was answered.
    house.get("/healthz", &[]).await;
    house.shutdown.cancel();
    stream.write_all(b"y=x").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    house.serving.await.unwrap();
    assert!(TcpStream::connect(house.server).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_who_never_finishes_is_cut_off() {
    let limits = Limits { drain: Duration::from_millis(50), ..Limits::default() };
    let house = House::with_limits(limits).await;
    let mut stream = TcpStream::connect(house.server).await.unwrap();
    stream.write_all(b"POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nke").await.unwrap();
    house.get("/healthz", &[]).await;
    house.shutdown.cancel();
    house.serving.await.unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    assert!(bytes.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_live_streams_close() {
    let house = House::open().await;
    let cookie = house.sign_in().await;
    let mut stream = TcpStream::connect(house.server).await.unwrap();
    let ask = format!("GET /events/stream HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut head = [0; 15];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    house.shutdown.cancel();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    house.serving.await.unwrap();
}
