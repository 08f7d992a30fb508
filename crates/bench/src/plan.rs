//! How long and how often: the full run, and a quick one to see that it works.

use std::time::Duration;

/// Sizes of one run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How often each window is repeated, in turns with the others.
    pub repetitions: usize,
    /// How long a window is.
    pub window: Duration,
    /// Live calls while webhooks are counted.
    pub live: usize,
    /// Live calls at which the CPU time of a webhook is compared.
    pub populations: [usize; 3],
    /// How long the open schedule runs.
    pub sustained: Duration,
    /// How long the burst lasts before it is drained.
    pub burst: Duration,
    /// How long the database is locked, or gone.
    pub outage: Duration,
    /// How often it is.
    pub outages: usize,
    /// Records in the journal that is recovered.
    pub records: usize,
    /// How often it is.
    pub restarts: usize,
    /// Live calls among which one is looked up.
    pub looked_up: [usize; 2],
    /// Live calls with which a server is killed.
    pub recovered: [usize; 2],
    /// Calls in history, while pages of it are read.
    pub history: usize,
    /// How often each of these pages is.
    pub pages: usize,
    /// Jobs that are put in and placed.
    pub queued: usize,
    /// Jobs that wait, of a hundred tenants.
    pub waiting: usize,
    /// Leads of a campaign that is planned.
    pub planned: usize,
    /// Calls between users of an app, each with two sockets.
    pub app_calls: usize,
    /// Frames a second over all of them, while it is measured how long each takes.
    pub frames: f64,
    /// Sockets at which the server's memory is compared.
    pub sockets: [usize; 3],
    /// Devices that accept one call at once.
    pub accepts: usize,
    /// Calls with a bot at which the server's memory is compared.
    pub bot_sizes: [usize; 3],
    /// Calls with a bot while delays are measured: the first is the one that is aimed at, the others look for the limit.
    pub bot_calls: &'static [usize],
    /// How long each of these is measured.
    pub talk: Duration,
}

/// The whole, for figures to be believed.
pub const FULL: Plan = Plan {
    repetitions: 5,
    window: Duration::from_secs(4),
    live: 1_000,
    populations: [1_000, 10_000, 100_000],
    sustained: Duration::from_secs(60),
    burst: Duration::from_secs(10),
    outage: Duration::from_secs(10),
    outages: 3,
    records: 100_000,
    restarts: 3,
    looked_up: [1_000, 100_000],
    recovered: [10_000, 100_000],
    history: 1_000_000,
    pages: 100,
    queued: 20_000,
    waiting: 1_000_000,
    planned: 100_000,
    app_calls: 500,
    frames: 2_000.0,
    sockets: [1_000, 4_000, 8_000],
    accepts: 1_000,
    bot_sizes: [10, 30, 50],
    bot_calls: &[50, 100, 150, 200, 300, 400],
    talk: Duration::from_secs(10),
};

/// A look in a few minutes; its figures are worth less.
pub const QUICK: Plan = Plan {
    repetitions: 2,
    window: Duration::from_millis(1_500),
    populations: [1_000, 5_000, 20_000],
    sustained: Duration::from_secs(10),
    burst: Duration::from_secs(3),
    outage: Duration::from_secs(3),
    outages: 1,
    records: 20_000,
    restarts: 2,
    looked_up: [1_000, 10_000],
    recovered: [1_000, 10_000],
    history: 50_000,
    pages: 40,
    queued: 4_000,
    waiting: 50_000,
    planned: 20_000,
    sockets: [500, 1_500, 3_000],
    bot_calls: &[50, 100, 200],
    talk: Duration::from_secs(5),
    ..FULL
};

/// Of the rows that tests run: everything is done, and nothing often enough for a figure.
pub const DOSE: Plan = Plan {
    repetitions: 1,
    window: Duration::from_millis(300),
    app_calls: 6,
    frames: 200.0,
    sockets: [4, 8, 16],
    accepts: 24,
    bot_sizes: [1, 2, 3],
    bot_calls: &[3, 4],
    talk: Duration::from_secs(4),
    ..QUICK
};
