//! Errors as clients of the API get them: `application/problem+json` (RFC 9457) with a stable `code`.

pub(crate) use crate::code::Code;
use crate::request_id::RequestId;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use trunkline_core::appointment::NotThat;
use trunkline_core::call::NotNow;
use trunkline_core::dial::gates::Closed;
use trunkline_core::tenancy::Denied;
use trunkline_engine::{
    ActionError, AppCallError, AppointmentError, BadQuery, CampaignError, EndError, HashError, IntakeError,
    ListError, PlaceError, RegisterError, Shortage, TenancyError, Unavailable, WebhookError, in_words,
};

/// One problem, on its way to the client.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    code: Code,
    detail: Option<String>,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(crate) fn new(code: Code) -> Self {
        Self { code, detail: None, members: Map::new(), headers: Vec::new() }
    }

    /// Says what exactly, in a sentence for the reader.
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a member that programs can read.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// A field of the body is wrong.
    pub(crate) fn field(field: &str, why: &str) -> Self {
        Self::new(Code::InvalidField).detail(format!("{field}: {why}")).with("field", field)
    }

    /// The query says something that can't be.
    pub(crate) fn query(field: &str, why: &str) -> Self {
        Self::new(Code::InvalidQuery).detail(format!("{field}: {why}")).with("field", field)
    }

    /// No key, or a wrong one.
    pub(crate) fn unauthorized() -> Self {
        Self::new(Code::Unauthorized)
            .detail("send one as `Authorization: Bearer KEY`")
            .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// Asks the client to come again after so many seconds.
    pub(crate) fn retry_after(self, secs: u32) -> Self {
        self.header(RETRY_AFTER, HeaderValue::from(secs))
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.code.status()
    }

    /// The code's word.
    pub(crate) fn word(&self) -> &'static str {
        self.code.word()
    }

    pub(crate) fn title(&self) -> &'static str {
        self.code.title()
    }

    /// What exactly, where it was said.
    pub(crate) fn why(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The problem as JSON, of no request in particular.
    pub(crate) fn body(&self) -> Value {
        serde_json::to_value(self.json(None)).unwrap_or_default()
    }

    /// The problem as this request is told it.
    pub(crate) fn told_as(&self, id: &RequestId) -> Vec<u8> {
        serde_json::to_vec(&self.json(Some(id))).unwrap_or_default()
    }

    fn json<'a>(&'a self, id: Option<&'a RequestId>) -> ProblemJson<'a> {
        ProblemJson {
            kind: format!("/docs/errors#{}", self.code.word()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            code: self.code.word(),
            detail: self.detail.as_deref(),
            request_id: id.map(RequestId::as_str),
            members: &self.members,
        }
    }
}

/// A problem as clients read it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(crate) struct ProblemJson<'a> {
    /// Where this problem is explained, from the address that was asked.
    #[serde(rename = "type")]
    kind: String,
    /// The same few words for every such problem.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// The problem's word, which never changes its meaning: programs look at this one.
    #[schemars(extend("enum" = words()))]
    code: &'a str,
    /// What exactly, in a sentence for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    /// Which request it was, as `X-Request-Id` and the server's log name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    /// What programs may want to know of it.
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

fn words() -> Vec<&'static str> {
    Code::ALL.iter().map(|code| code.word()).collect()
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.body().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.headers.clone());
        // The door writes it again, with the name of the request.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<PlaceError> for Problem {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Invalid { field, why } => Self::field(field, &why),
            PlaceError::Suppressed => Self::new(Code::Suppressed).with("field", "to"),
            PlaceError::KeyReused => {
                Self::new(Code::KeyReused).detail("send another key, or the very same body as before")
            }
            PlaceError::KeyInFlight => Self::new(Code::KeyInFlight).retry_after(1),
            PlaceError::Closed(why) => Self::new(Code::Closed).detail(why).retry_after(5),
            PlaceError::Journal(error) => error.into(),
        }
    }
}

impl From<AppCallError> for Problem {
    fn from(error: AppCallError) -> Self {
        let words = error.to_string();
        match error {
            AppCallError::Invalid { field, why } => Self::field(field, &why),
            AppCallError::NotFound => Self::new(Code::NotFound).detail("there is no such call"),
            AppCallError::NotReceiver => Self::new(Code::Forbidden).detail(words),
            AppCallError::NotAllowed => Self::new(Code::MayNotCall),
            AppCallError::AnsweredElsewhere => Self::new(Code::AnsweredElsewhere),
            AppCallError::NotNow(status) => {
                Self::new(Code::NotNow).detail(words).with("state", status.as_str())
            }
            AppCallError::Over(status) => EndError::Over(status.as_str()).into(),
            AppCallError::KeyReused => PlaceError::KeyReused.into(),
            AppCallError::KeyInFlight => PlaceError::KeyInFlight.into(),
            AppCallError::TooManyCalls(most) => {
                Self::new(Code::TooManyCalls).detail(words).with("limit", most).retry_after(5)
            }
            AppCallError::Closed(why) => PlaceError::Closed(why).into(),
            AppCallError::History(away) => away.into(),
            AppCallError::Journal(error) => error.into(),
        }
    }
}

impl From<EndError> for Problem {
    fn from(error: EndError) -> Self {
        match error {
            EndError::NotFound => Self::new(Code::NotFound).detail("there is no such call"),
            EndError::Over(status) => Self::new(Code::AlreadyOver)
                .detail(format!("the call has ended ({status})"))
                .with("state", "ended")
                .with("call_status", status),
            EndError::History(away) => away.into(),
            EndError::Journal(error) => error.into(),
        }
    }
}

impl From<ActionError> for Problem {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::NotFound => Self::new(Code::NotFound).detail("there is no such call"),
            ActionError::NotNow(NotNow::Over(status)) => EndError::Over(status.as_str()).into(),
            ActionError::NotNow(why) => {
                let state = match why {
                    NotNow::ClientsOwn => "registered",
                    NotNow::NotAnswered(status) | NotNow::Over(status) => status.as_str(),
                    NotNow::Ending => "ending",
                    NotNow::UnderWay => "under_way",
                    NotNow::OnHold => "on_hold",
                    NotNow::NotOnHold => "answered",
                    NotNow::Transferring => "transferring",
                    NotNow::HandedOver => "transferred",
                };
                Self::new(Code::NotNow).detail(why.to_string()).with("state", state)
            }
            ActionError::Order(error) => error.into(),
            ActionError::Closed(Closed::NoSlot { of, limit }) => Self::new(Code::NoSlot)
                .detail(ActionError::Closed(Closed::NoSlot { of, limit }).to_string())
                .with("of", serde_json::to_value(of).unwrap_or_default())
                .with("limit", limit),
            ActionError::Closed(Closed::Cps { .. }) => {
                Self::new(Code::TooFast).detail(error.to_string()).retry_after(1)
            }
            ActionError::Closed(_) => Self::new(Code::Closed).detail(error.to_string()).retry_after(5),
            ActionError::History(away) => away.into(),
            ActionError::Journal(error) => error.into(),
        }
    }
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Invalid { field, why } => Self::field(field, &why),
            RegisterError::NotFound => Self::new(Code::NotFound).detail("there is no such call"),
            RegisterError::NotRegistered { call } => Self::new(Code::NotRegistered)
                .detail("this server carries the call: the carrier's word moves it, and /end ends it")
                .with("call", call.to_string()),
            RegisterError::RegisteredOtherwise { call, field } => Self::new(Code::RegisteredOtherwise)
                .detail(format!("{field}: the call was registered with another one"))
                .with("field", field)
                .with("call", call.to_string()),
            RegisterError::Closed(why) => Self::new(Code::Closed).detail(why).retry_after(5),
            RegisterError::History(away) => away.into(),
            RegisterError::Journal(error) => error.into(),
        }
    }
}

impl From<CampaignError> for Problem {
    fn from(error: CampaignError) -> Self {
        let words = error.to_string();
        match error {
            CampaignError::NotFound(_) => Self::new(Code::NotFound).detail(words),
            CampaignError::Invalid(faults) => {
                let field = faults.first().map(|fault| fault.field.clone()).unwrap_or_default();
                let faults = serde_json::to_value(faults).unwrap_or_default();
                Self::new(Code::InvalidField).detail(words).with("field", field).with("faults", faults)
            }
            CampaignError::SetAside(_) => Self::new(Code::NotNow).detail(words),
            CampaignError::BadMove(bad) => {
                Self::new(Code::NotNow).detail(words).with("state", bad.state.as_str())
            }
            CampaignError::Taken => Self::new(Code::Taken).detail(words).with("field", "name"),
            CampaignError::Conflict => Self::new(Code::Conflict).detail(words),
            CampaignError::NoDatabase => Self::new(Code::NoDatabase).detail(words),
            CampaignError::Away(away) => Self::new(Code::DatabaseAway)
                .detail("calls under way go on, and the queue goes on when the database is back")
                .with("reason", away.reason)
                .with("since", away.since.to_string())
                .retry_after(5),
            CampaignError::Failed(error) => error.into(),
        }
    }
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        let words = error.to_string();
        match error {
            ListError::Mapping(_) | ListError::NoSuchColumn(..) => Self::field("columns", &words),
            ListError::Campaign(error) => error.into(),
        }
    }
}

impl From<TenancyError> for Problem {
    fn from(error: TenancyError) -> Self {
        match error {
            TenancyError::Denied(denied) => denied.into(),
            TenancyError::Forbidden(_) => Self::new(Code::Forbidden).detail(error.to_string()),
            TenancyError::LoginTaken => {
                Self::new(Code::Taken).detail(error.to_string()).with("field", "login")
            }
            TenancyError::NumberTaken => {
                Self::new(Code::Taken).detail(error.to_string()).with("field", "number")
            }
            TenancyError::InSettings => Self::new(Code::InSettings).detail(error.to_string()),
            TenancyError::Conflict => Self::new(Code::Conflict).detail(error.to_string()),
            TenancyError::WrongPassword => Self::new(Code::WrongPassword),
            TenancyError::Hash(HashError::Busy) => {
                Self::new(Code::RateLimited).detail(error.to_string()).retry_after(2)
            }
            TenancyError::Hash(HashError::Failed) => Self::new(Code::Internal),
            TenancyError::NotFound(_) => Self::new(Code::NotFound).detail(error.to_string()),
            TenancyError::Invalid { field, why } => Self::field(field, &why),
            TenancyError::Taken => Self::new(Code::Taken).detail(error.to_string()).with("field", "id"),
            TenancyError::Away(away) => Self::new(Code::DatabaseAway)
                .detail("calls go on, and the keys there are stay good")
                .with("reason", away.reason)
                .with("since", away.since.to_string())
                .retry_after(5),
            TenancyError::Failed(error) => error.into(),
        }
    }
}

impl From<AppointmentError> for Problem {
    fn from(error: AppointmentError) -> Self {
        let words = error.to_string();
        match error {
            AppointmentError::NotFound(_) => Self::new(Code::NotFound).detail(words),
            AppointmentError::Invalid { field, why } => Self::field(field, &why),
            AppointmentError::SlotTaken => Self::new(Code::SlotTaken),
            AppointmentError::NameTaken => Self::new(Code::Taken).detail(words).with("field", "name"),
            AppointmentError::NotThat(not) => Self::new(Code::NotNow).detail(words).with(
                "state",
                match not {
                    NotThat::Cancelled => "cancelled",
                    NotThat::Completed => "completed",
                },
            ),
            AppointmentError::Conflict => Self::new(Code::Conflict).detail(words),
            AppointmentError::NoDatabase => Self::new(Code::NoDatabase).detail(words),
            AppointmentError::Away(away) => Self::new(Code::DatabaseAway)
                .with("reason", away.reason)
                .with("since", away.since.to_string())
                .retry_after(5),
            AppointmentError::Failed(error) => error.into(),
        }
    }
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Self {
        let words = error.to_string();
        match error {
            WebhookError::Forbidden => Self::new(Code::Forbidden).detail(words),
            WebhookError::NotFound(_) => Self::new(Code::NotFound).detail(words),
            WebhookError::Invalid { field, why } => Self::field(field, &why),
            WebhookError::Conflict => Self::new(Code::Conflict).detail(words),
            WebhookError::NoDatabase => Self::new(Code::NoDatabase).detail(words),
            WebhookError::Away(away) => Self::new(Code::DatabaseAway)
                .detail("nothing is lost meanwhile: it is sent when the database is back")
                .with("reason", away.reason)
                .with("since", away.since.to_string())
                .retry_after(5),
            WebhookError::Failed(error) => error.into(),
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let problem = match denied {
            Denied::Role(_) => Self::new(Code::Forbidden),
            Denied::Scope(scope) => Self::new(Code::OutOfScope).with("scope", scope.as_str()),
        };
        problem.detail(in_words(denied))
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Full(shortage) => {
                Self::new(Code::JournalFull).detail(what_to_do(shortage)).retry_after(10)
            }
            // The words name files on the server's disk: they are for its log, not for clients.
            IntakeError::Failed(_) => Self::new(Code::JournalFailed).retry_after(5),
        }
    }
}

/// What is short, what is still taken, and what would help. It is said to those who can't see the disk.
fn what_to_do(shortage: Shortage) -> &'static str {
    match shortage {
        Shortage::Disk => {
            "the disk of the server's data is full, and only ends of calls are taken: free some space on it, and \
             everything is taken again, without a restart"
        }
        Shortage::Backlog => {
            "too much waits to be written to the database, and only ends of calls are taken: see on the dashboard \
             why the database is away"
        }
        Shortage::Queue => "the disk of the server's data is slower than what comes in: send it again",
    }
}

impl From<Unavailable> for Problem {
    fn from(away: Unavailable) -> Self {
        Self::new(Code::HistoryUnavailable)
            .detail("calls that are not over can still be read")
            .with("reason", away.reason)
            .with("since", away.since.to_string())
            .retry_after(5)
    }
}

impl From<BadQuery> for Problem {
    fn from(error: BadQuery) -> Self {
        Self::new(Code::InvalidQuery).detail(error.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_field_is_named() {
        let problem = Problem::from(PlaceError::Invalid { field: "to", why: "too short for +1".into() });
        insta::assert_json_snapshot!(problem.body(), @r#"
        {
          "code": "invalid_field",
          "detail": "to: too short for +1",
          "field": "to",
          "status": 400,
          "title": "A field is wrong",
          "type": "/docs/errors#invalid_field"
        }
        "#);
    }

    #[test]
    fn ending_a_call_twice_tells_how_it_had_ended() {
        let problem = Problem::from(EndError::Over("no_answer"));
        assert_eq!(problem.status(), StatusCode::CONFLICT);
        assert_eq!(problem.body()["state"], "ended");
        assert_eq!(problem.body()["call_status"], "no_answer");
    }

    #[test]
    fn what_failed_on_our_disk_is_not_told_to_clients() {
        let problem = Problem::from(IntakeError::Failed("/var/lib/x: input/output error".into()));
        assert!(!problem.body().to_string().contains("/var/lib"));
    }

    #[test]
    fn a_problem_is_served_as_problem_json() {
        let response = Problem::unauthorized().into_response();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
    }
}
