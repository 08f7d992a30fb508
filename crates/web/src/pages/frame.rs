//! What surrounds every page: where one is, the banners that say what is wrong, and the token for its forms.

use super::Reader;
use super::assets;
use super::show::Time;
use super::texts::{Language, Texts};
use crate::web::Web;
use trunkline_engine::{Health, Part};

/// Which part of the dashboard a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Calls,
    Campaigns,
    Numbers,
    Appointments,
    Bots,
    Deliveries,
    Analytics,
    SettingsCheck,
    None,
}

/// What surrounds a page.
pub(crate) struct Frame {
    pub(crate) version: &'static str,
    pub(crate) section: Section,
    /// The language's other choices, with the way to each.
    pub(crate) languages: Vec<LanguageLink>,
    /// Whether the reader may see what is sent to their software.
    pub(crate) shows_deliveries: bool,
    /// Whether the reader may see how the server is.
    pub(crate) shows_settings_check: bool,
    /// Whether the reader has a password to change.
    pub(crate) shows_account: bool,
    /// `None` for who is not signed in.
    pub(crate) token: Option<String>,
    pub(crate) banners: Vec<Banner>,
}

/// A way to read the same page in another language.
pub(crate) struct LanguageLink {
    pub(crate) tag: &'static str,
    pub(crate) name: &'static str,
    pub(crate) href: String,
}

/// Something that is wrong, in words, and since when.
pub(crate) struct Banner {
    pub(crate) id: &'static str,
    pub(crate) title: String,
    pub(crate) reason: String,
    pub(crate) since: Option<Time>,
}

impl Frame {
    /// The frame of a page for somebody signed in.
    pub(crate) async fn of(web: &Web, reader: &Reader, section: Section) -> Self {
        let health = web.engine.health().await;
        Self {
            token: Some(reader.session.form_token(&web.access)),
            shows_deliveries: reader.caller.manages_access(),
            shows_settings_check: reader.caller.runs_the_server(),
            shows_account: crate::access::user(reader.session.mark()).is_some(),
            banners: banners(reader.t, &health),
            ..Self::plain(reader.t, &reader.here, section)
        }
    }

    /// The frame of a page for anybody.
    pub(crate) fn plain(t: Texts, here: &str, section: Section) -> Self {
        let back: String = form_urlencoded::byte_serialize(here.as_bytes()).collect();
        let languages = Language::ALL
            .into_iter()
            .filter(|language| *language != t.language)
            .map(|language| LanguageLink {
                tag: language.tag(),
                name: language.name(),
                href: format!("/language/{}?back={back}", language.tag()),
            })
            .collect();
        Self {
            version: assets::version(),
            section,
            languages,
            shows_deliveries: false,
            shows_settings_check: false,
            shows_account: false,
            token: None,
            banners: Vec::new(),
        }
    }

    pub(crate) fn is_calls(&self) -> bool {
        self.section == Section::Calls
    }

    pub(crate) fn is_campaigns(&self) -> bool {
        self.section == Section::Campaigns
    }

    pub(crate) fn is_numbers(&self) -> bool {
        self.section == Section::Numbers
    }

    pub(crate) fn is_appointments(&self) -> bool {
        self.section == Section::Appointments
    }

    pub(crate) fn is_bots(&self) -> bool {
        self.section == Section::Bots
    }

    pub(crate) fn is_deliveries(&self) -> bool {
        self.section == Section::Deliveries
    }

    pub(crate) fn is_analytics(&self) -> bool {
        self.section == Section::Analytics
    }

    pub(crate) fn is_settings_check(&self) -> bool {
        self.section == Section::SettingsCheck
    }
}

fn banners(t: Texts, health: &Health) -> Vec<Banner> {
    let parts = [
        ("journal", t.get("banner-journal"), &health.journal),
        ("database", t.get("banner-database"), &health.database),
        ("carrier", t.get("banner-carrier"), &health.carrier),
        ("scripts", t.get("banner-scripts"), &health.scripts),
    ];
    let mut banners: Vec<Banner> = parts
        .into_iter()
        .filter_map(|(id, title, part)| match part {
            Part::Ok { .. } => None,
            Part::Degraded { reason, since } => {
                Some(Banner { id, title, reason: reason.clone(), since: Some(Time::new(*since)) })
            }
        })
        .collect();
    if health.parked_calls > 0 {
        let title = t.get("banner-parked");
        banners.push(Banner { id: "parked", title, reason: t.get("banner-parked-why"), since: None });
    }
    if health.draining {
        let title = t.get("banner-draining");
        banners.push(Banner { id: "draining", title, reason: t.get("banner-draining-why"), since: None });
    }
    banners
}
