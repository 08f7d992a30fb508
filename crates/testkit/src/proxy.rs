//! A TCP proxy that does to connections what networks do: slow, silent, refused, cut at the worst moment.
//!
//! Plain threads, two for each connection. What is to go wrong is set while it runs and holds for connections that are
//! open as well as for new ones.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often a thread that waits looks whether the weather has changed.
const LOOK: Duration = Duration::from_millis(5);

/// What the proxy does with what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// It hands everything on.
    Fair,
    /// It hands everything on, so much later in each direction.
    Slow(Duration),
    /// It takes connections and bytes, and hands nothing on.
    BlackHole,
    /// It cuts what is open and takes no connection.
    Refusing,
}

/// A running proxy; dropped, it cuts everything.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    listener: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    to: SocketAddr,
    weather: Mutex<Weather>,
    /// What a client must say for its connection to be cut once the answer is there; each cut uses one up.
    cut_after: Mutex<Option<(&'static [u8], u64)>>,
    cuts: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
    gone: AtomicBool,
}

impl Proxy {
    /// Stands before the port of this machine.
    ///
    /// # Errors
    /// It can't listen.
    pub fn before(port: u16) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            to: (Ipv4Addr::LOCALHOST, port).into(),
            weather: Mutex::new(Weather::Fair),
            cut_after: Mutex::default(),
            cuts: AtomicU64::new(0),
            open: Mutex::default(),
            gone: AtomicBool::new(false),
        });
        let proxy = Self { port: crate::postgres::free_port(), shared, listener: Mutex::default() };
        proxy.listen()?;
        Ok(proxy)
    }

    /// Where it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// From now on it does this.
    ///
    /// # Errors
    /// It had refused connections, and can't listen again.
    pub fn is(&self, weather: Weather) -> io::Result<()> {
        let before = std::mem::replace(&mut *lock(&self.shared.weather), weather);
        if weather == Weather::Refusing {
            // When it has ended, its port is refused.
            let _ = lock(&self.listener).take().map(JoinHandle::join);
            self.shared.cut_all();
        } else if before == Weather::Refusing {
            self.listen()?;
        }
        Ok(())
    }

    /// The next so many times that a client says these words, they are handed on, the answer is awaited, and then the
    /// connection is cut: it was done, and nobody was told.
    pub fn swallow_answers_to(&self, words: &'static [u8], times: u64) {
        *lock(&self.shared.cut_after) = Some((words, times));
    }

    /// How many answers were swallowed.
    #[must_use]
    pub fn swallowed(&self) -> u64 {
        self.shared.cuts.load(Ordering::Acquire)
    }

    fn listen(&self) -> io::Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))?;
        listener.set_nonblocking(true)?;
        let shared = self.shared.clone();
        *lock(&self.listener) = Some(thread::spawn(move || {
            while !shared.is_closed() {
                match listener.accept() {
                    Ok((client, _)) => {
                        let shared = shared.clone();
                        thread::spawn(move || shared.serve(client));
                    }
                    Err(_) => thread::sleep(LOOK),
                }
            }
        }));
        Ok(())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.gone.store(true, Ordering::Release);
        self.shared.cut_all();
    }
}

impl Shared {
    fn is_closed(&self) -> bool {
        self.gone.load(Ordering::Acquire) || *lock(&self.weather) == Weather::Refusing
    }

    fn cut_all(&self) {
        for stream in lock(&self.open).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Both directions of a connection, until either ends.
    fn serve(self: Arc<Self>, client: TcpStream) {
        let _ = client.set_nonblocking(false);
        // A black hole takes the connection; there is nobody behind it.
        if !self.is_let_through() {
            return;
        }
        let Ok(server) = TcpStream::connect(self.to) else { return };
        let is_cut = Arc::new(AtomicBool::new(false));
        let (Ok(from_client), Ok(to_client)) = (client.try_clone(), client.try_clone()) else { return };
        let (Ok(from_server), Ok(to_server)) = (server.try_clone(), server.try_clone()) else { return };
        lock(&self.open).extend([client, server]);
        let (asking, cut) = (self.clone(), is_cut.clone());
        thread::spawn(move || asking.ask(from_client, to_server, &cut));
        self.answer(from_server, to_client, &is_cut);
    }

    /// From the client to the server.
    fn ask(&self, mut from: TcpStream, mut to: TcpStream, is_cut: &AtomicBool) {
        let mut bytes = vec![0; 1 << 16];
        while let Ok(n @ 1..) = from.read(&mut bytes) {
            if !self.is_let_through() {
                break;
            }
            if self.is_to_be_cut(&bytes[..n]) {
                is_cut.store(true, Ordering::Release);
            }
            if to.write_all(&bytes[..n]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }

    /// From the server to the client.
    fn answer(&self, mut from: TcpStream, mut to: TcpStream, is_cut: &AtomicBool) {
        let mut bytes = vec![0; 1 << 16];
        while let Ok(n @ 1..) = from.read(&mut bytes) {
            if is_cut.load(Ordering::Acquire) {
                self.cuts.fetch_add(1, Ordering::AcqRel);
                break;
            }
            if !self.is_let_through() || to.write_all(&bytes[..n]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }

    /// Waits as the weather demands; whether the bytes go on at all.
    fn is_let_through(&self) -> bool {
        let weather = *lock(&self.weather);
        if let Weather::Slow(delay) = weather {
            thread::sleep(delay);
        }
        loop {
            match *lock(&self.weather) {
                Weather::Fair | Weather::Slow(_) => return !self.gone.load(Ordering::Acquire),
                Weather::Refusing => return false,
                Weather::BlackHole if self.gone.load(Ordering::Acquire) => return false,
                Weather::BlackHole => {}
            }
            thread::sleep(LOOK);
        }
    }

    fn is_to_be_cut(&self, said: &[u8]) -> bool {
        let mut cut_after = lock(&self.cut_after);
        let Some((words, left)) = &mut *cut_after else { return false };
        let is_said = *left > 0 && said.windows(words.len()).any(|some| some == *words);
        *left -= u64::from(is_said);
        is_said
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    /// A server that answers every line with itself.
    fn echo() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                thread::spawn(move || {
                    let (mut reading, mut bytes) = (stream.unwrap(), [0; 64]);
                    while let Ok(n @ 1..) = reading.read(&mut bytes) {
                        reading.write_all(&bytes[..n]).unwrap();
                    }
                });
            }
        });
        port
    }

    fn says(stream: &mut TcpStream, words: &[u8]) -> io::Result<usize> {
        stream.write_all(words)?;
        stream.read(&mut [0; 64])
    }

    #[test]
    fn weather_changes_under_an_open_connection() {
        let proxy = Proxy::before(echo()).unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
        assert_eq!(says(&mut stream, b"fair").unwrap(), 4);

        proxy.is(Weather::Slow(Duration::from_millis(50))).unwrap();
        let begun = Instant::now();
        assert_eq!(says(&mut stream, b"slow").unwrap(), 4);
        assert!(begun.elapsed() >= Duration::from_millis(100));

        proxy.is(Weather::BlackHole).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        assert!(says(&mut stream, b"silent").is_err());
        proxy.is(Weather::Fair).unwrap();
        stream.set_read_timeout(None).unwrap();
        assert_eq!(stream.read(&mut [0; 64]).unwrap(), 6, "what was held back comes");

        proxy.is(Weather::Refusing).unwrap();
        assert!(!matches!(says(&mut stream, b"refused"), Ok(1..)));
        proxy.is(Weather::Fair).unwrap();
        assert_eq!(says(&mut TcpStream::connect(("127.0.0.1", proxy.port())).unwrap(), b"again").unwrap(), 5);
    }

    #[test]
    fn an_answer_is_swallowed_as_often_as_asked() {
        let proxy = Proxy::before(echo()).unwrap();
        proxy.swallow_answers_to(b"COMMIT", 1);
        let connect = || TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
        let mut stream = connect();
        assert_eq!(says(&mut stream, b"BEGIN").unwrap(), 5);
        assert!(!matches!(says(&mut stream, b"COMMIT"), Ok(1..)));
        assert_eq!(proxy.swallowed(), 1);
        assert_eq!(says(&mut connect(), b"COMMIT").unwrap(), 6);
    }
}
