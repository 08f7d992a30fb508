//! `[server]`: where the server listens, keeps its data, and by which addresses the world reaches it.

use std::net::IpAddr;
use std::path::PathBuf;

use trunkline_web::{BadNetwork, BadOrigin, Network, Origin};
use url::Url;

use super::error::{SettingError, Wrong, quoted};
use super::given::Given;
use super::key::{Absent, Facts, Key, Raw, Section};
use super::public_url::{self, PublicUrl};
use super::read;

const SERVER: &str = "server";

static HOST: Key<IpAddr> = Key::new(
    SERVER,
    "host",
    read::ip_address,
    Absent::Default("\"127.0.0.1\""),
    "Address to listen on. 0.0.0.0 listens on all networks: do that only behind a proxy that speaks TLS.",
)
.env(&["HOST"])
.flag("--host");

static PORT: Key<u16> =
    Key::new(SERVER, "port", read::port, Absent::Default("8080"), "Port to listen on; 0 takes any free one.")
        .env(&["PORT"])
        .flag("--port");

static DATA_DIR: Key<PathBuf> = Key::new(
    SERVER,
    "data_dir",
    read::path,
    Absent::Default("\"./trunkline-data\""),
    "Folder of the journal, the SQLite file, the recordings and the keys: the one folder to back up.",
)
.env(&["DATA_DIR"])
.flag("--data-dir");

static PUBLIC_URL: Key<PublicUrl> = Key::new(
    SERVER,
    "public_url",
    public_url::public_url,
    Absent::Unset("\"https://calls.example.com\""),
    "Address by which the carrier reaches this server, as the carrier sees it; signatures are checked against it.",
)
.env(&["PUBLIC_URL"])
.flag("--public-url");

static PUBLIC_URLS: Key<Vec<PublicUrl>> = Key::new(
    SERVER,
    "public_urls",
    public_url::public_urls,
    Absent::Default("[]"),
    "Further addresses that are accepted, such as an old one. Without public_url the first is minted into callbacks.",
)
.env(&["PUBLIC_URLS"]);

static FALLBACK_URL: Key<PublicUrl> = Key::new(
    SERVER,
    "fallback_url",
    public_url::public_url,
    Absent::Unset("\"https://calls-backup.example.com\""),
    "Address the carrier asks when this server doesn't answer; best another machine with the same secret_keys.",
)
.env(&["FALLBACK_URL"]);

static NODE_URL: Key<Url> = Key::new(
    SERVER,
    "node_url",
    public_url::node_url,
    Absent::Unset("\"http://10.0.0.5:8080\""),
    "Address of this one process, by which its neighbours pass on webhooks that are its own.",
)
.env(&["NODE_URL"]);

static NODE: Key<String> = Key::new(
    SERVER,
    "node",
    read::text,
    Absent::Default("\"1\""),
    "Name of this server among those that share one PostgreSQL; each needs its own, and a data folder of its own.",
)
.env(&["TRUNKLINE_NODE"]);

static MAX_WEBHOOK_BYTES: Key<u64> = Key::new(
    SERVER,
    "max_webhook_bytes",
    read::bytes::<4096, { 16 << 20 }>,
    Absent::Default("\"256KiB\""),
    "Largest body taken from a carrier; a larger one is refused with 413.",
);

static MAX_REQUEST_BYTES: Key<u64> = Key::new(
    SERVER,
    "max_request_bytes",
    read::bytes::<4096, { 1 << 30 }>,
    Absent::Default("\"1MiB\""),
    "Largest body taken from a client of the API.",
);

static TRUSTED_PROXIES: Key<Vec<Network>> = Key::new(
    SERVER,
    "trusted_proxies",
    networks,
    Absent::Default("[]"),
    "Proxies in front of this server, as addresses or networks such as \"10.0.0.0/8\": what they write into \
     X-Forwarded-For is believed, for the limits of addresses. Nobody else's is.",
);

static CORS_ORIGINS: Key<Vec<Origin>> = Key::new(
    SERVER,
    "cors_origins",
    origins,
    Absent::Default("[]"),
    "Origins, such as \"https://app.example.com\", whose pages may read what the API answers. Each is meant to the letter; \
     cookies are never allowed with it.",
);

static KEYS: [&Facts; 12] = [
    &HOST.facts,
    &PORT.facts,
    &DATA_DIR.facts,
    &PUBLIC_URL.facts,
    &PUBLIC_URLS.facts,
    &FALLBACK_URL.facts,
    &NODE_URL.facts,
    &NODE.facts,
    &MAX_WEBHOOK_BYTES.facts,
    &MAX_REQUEST_BYTES.facts,
    &TRUSTED_PROXIES.facts,
    &CORS_ORIGINS.facts,
];

/// The section as declared.
pub static SECTION: Section =
    Section { name: SERVER, about: "Where the server listens and how the world reaches it.", keys: &KEYS };

/// Where the server listens and how the world reaches it.
#[derive(Debug, Clone)]
pub struct Server {
    /// Address to listen on.
    pub host: IpAddr,
    /// Port to listen on; 0 takes any free one.
    pub port: u16,
    /// Folder of everything that is kept.
    pub data_dir: PathBuf,
    /// Addresses by which carriers reach us: the first is minted into callbacks, all verify. Empty: none is known.
    pub public_urls: Vec<PublicUrl>,
    /// Address the carrier asks when this server doesn't answer.
    pub fallback_url: Option<PublicUrl>,
    /// Address of this one process among its neighbours.
    pub node_url: Option<Url>,
    /// Its name among servers on one database.
    pub node: String,
    /// Largest body taken from a carrier, in bytes.
    pub max_webhook_bytes: u64,
    /// Largest body taken from a client of the API, in bytes.
    pub max_request_bytes: u64,
    /// Proxies whose word counts of whom they serve.
    pub trusted_proxies: Vec<Network>,
    /// Origins whose pages may read what the API answers.
    pub cors_origins: Vec<Origin>,
}

impl Server {
    /// Reads the section.
    ///
    /// # Errors
    /// The first setting of it that can't be used.
    pub fn read(given: &Given) -> Result<Self, SettingError> {
        let mut public_urls: Vec<_> = given.read_given(&PUBLIC_URL)?.into_iter().collect();
        for url in given.read(&PUBLIC_URLS)? {
            if !public_urls.contains(&url) {
                public_urls.push(url);
            }
        }
        Ok(Self {
            host: given.read(&HOST)?,
            port: given.read(&PORT)?,
            data_dir: given.read(&DATA_DIR)?,
            public_urls,
            fallback_url: given.read_given(&FALLBACK_URL)?,
            node_url: given.read_given(&NODE_URL)?,
            node: given.read(&NODE)?,
            max_webhook_bytes: given.read(&MAX_WEBHOOK_BYTES)?,
            max_request_bytes: given.read(&MAX_REQUEST_BYTES)?,
            trusted_proxies: given.read(&TRUSTED_PROXIES)?,
            cors_origins: given.read(&CORS_ORIGINS)?,
        })
    }
}

fn networks(raw: &Raw) -> Result<Vec<Network>, Wrong> {
    let network = |word: &str| {
        word.parse().map_err(|bad: BadNetwork| {
            Wrong::new(format_args!("{} is neither address nor network", quoted(word)), bad.to_string())
        })
    };
    read::many(raw)?.into_iter().map(network).collect()
}

fn origins(raw: &Raw) -> Result<Vec<Origin>, Wrong> {
    let origin = |word: &str| {
        word.parse().map_err(|bad: BadOrigin| {
            Wrong::new(format_args!("{} is no origin of one site", quoted(word)), bad.to_string())
        })
    };
    read::many(raw)?.into_iter().map(origin).collect()
}
