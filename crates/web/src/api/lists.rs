//! Lists as files: people and leads come in and go out, and numbers never to call.
//!
//! The body is the file itself; its content type says what it is written in. `?dry_run=true` writes nothing;
//! `?country=IL` says whose national numbers are meant; `?column.phone=Mobile` names a column that was guessed wrong;
//! `?encoding=windows-1255` says what CSV is written in that is not UTF-8.

pub(crate) mod spec;

use super::jobs::LIST;
use super::{Mine, Named, json};
use crate::body::{self, Bound};
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use std::sync::Arc;
use trunkline_core::id::CampaignId;
use trunkline_core::leads::Column;
use trunkline_engine::exchange::people::{self, Encoding, List, ListForm};
use trunkline_engine::exchange::write_sheet;
use trunkline_engine::{ListOrder, ListReport, Sheet, Trial};

const FORMS: &str = "text/csv, application/json, or \
                     application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// `POST /api/campaigns/{id}/import`
pub(crate) async fn import_people(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    Named(campaign): Named<CampaignId>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    let (list, asked) = sent(&web, query.as_deref(), request).await?;
    Ok(told(desk.import_people(campaign, list.rows, asked.order).await?, list.encoding))
}

/// `POST /api/leads/import`
pub(crate) async fn import_leads(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    let (list, asked) = sent(&web, query.as_deref(), request).await?;
    Ok(told(desk.import_leads(list.rows, asked.order).await?, list.encoding))
}

/// `POST /api/suppressions/import`: one number a line, or a table with a column of numbers. Taken also with the database away.
pub(crate) async fn import_suppressions(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    let (list, asked) = sent(&web, query.as_deref(), request).await?;
    let reason = asked.reason.unwrap_or_else(|| "from a list".to_owned());
    Ok(told(desk.suppress_all(list.rows, asked.order, &reason).await?, list.encoding))
}

/// `GET /api/campaigns/{id}/results?format=csv|xlsx|json`
pub(crate) async fn results(
    Mine(desk): Mine,
    Named(campaign): Named<CampaignId>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let form = Asked::read(query.as_deref())?.form;
    file(desk.results(campaign).await?, form, "results").await
}

/// `GET /api/leads/export?format=csv|xlsx|json`
pub(crate) async fn export_leads(Mine(desk): Mine, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let form = Asked::read(query.as_deref())?.form;
    file(desk.leads_sheet().await?, form, "leads").await
}

/// `GET /api/suppressions/export?format=csv|xlsx|json`
pub(crate) async fn export_suppressions(
    Mine(desk): Mine,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let form = Asked::read(query.as_deref())?.form;
    file(desk.suppressions_sheet(), form, "suppressions").await
}

/// What stands behind `?`.
#[derive(Default)]
struct Asked {
    order: ListOrder,
    form: Option<ListForm>,
    reason: Option<String>,
    encoding: Option<Encoding>,
}

impl Asked {
    fn read(query: Option<&str>) -> Result<Self, Problem> {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match (&*name, &*value) {
                ("dry_run", "true" | "1") => asked.order.trial = Trial::Yes,
                ("dry_run", "false" | "0") => asked.order.trial = Trial::No,
                ("dry_run", _) => return Err(Problem::query("dry_run", "true or false")),
                ("country", letters) => {
                    let country = letters.parse();
                    let wrong = |_| Problem::query("country", "two letters, such as US or IL");
                    asked.order.country = Some(country.map_err(wrong)?);
                }
                ("format", word) => {
                    let form = ListForm::of_name(&format!("list.{word}"));
                    asked.form = Some(form.ok_or_else(|| Problem::query("format", "csv, xlsx or json"))?);
                }
                ("encoding", word) => {
                    let encoding = word.parse::<Encoding>();
                    let encoding =
                        encoding.map_err(|wrong| Problem::query("encoding", &wrong.to_string()))?;
                    asked.encoding = Some(encoding);
                }
                ("reason", words) => asked.reason = Some(words.to_owned()),
                (name, heading) => {
                    let Some(what) = name.strip_prefix("column.").filter(|what| !what.is_empty()) else {
                        let there =
                            "no such word; there are dry_run, country, encoding, column.NAME, format, reason";
                        return Err(Problem::query(name, there));
                    };
                    asked.order.columns.push((Column::named(what), heading.to_owned()));
                }
            }
        }
        Ok(asked)
    }
}

/// A list as it was sent, and how it is meant.
async fn sent(web: &Web, query: Option<&str>, request: Request) -> Result<(List, Asked), Problem> {
    let asked = Asked::read(query)?;
    let list = list(web, asked.encoding, request).await?;
    Ok((list, asked))
}

/// A list as it was sent.
pub(super) async fn list(web: &Web, encoding: Option<Encoding>, request: Request) -> Result<List, Problem> {
    let (parts, sent) = request.into_parts();
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let form = ListForm::of_content_type(kind)
        .ok_or_else(|| Problem::new(Code::UnsupportedMediaType).detail(format!("send {FORMS}")))?;
    if encoding.is_some() && form != ListForm::Csv {
        return Err(Problem::query("encoding", "only CSV may be in one or another"));
    }
    let bytes = web.limits.api_bytes.max(LIST.bytes);
    let body = body::read(&parts.headers, sent, Bound { bytes, ..LIST }).await?;
    // A workbook takes seconds to unpack: others go on meanwhile.
    let read = tokio::task::spawn_blocking(move || people::read(&body, form, encoding)).await;
    let read = read.map_err(|_| Problem::new(Code::Internal))?;
    read.map_err(|bad| Problem::new(Code::BadRequest).detail(bad.to_string()))
}

fn told(report: ListReport, encoding: Option<Encoding>) -> Response {
    let is_new = report.added > 0 && !report.dry_run;
    json(if is_new { StatusCode::CREATED } else { StatusCode::OK }, &ListReport { encoding, ..report })
}

/// A table as a file of this name.
pub(super) async fn file(
    sheet: Sheet,
    form: Option<ListForm>,
    name: &'static str,
) -> Result<Response, Problem> {
    let form = form.unwrap_or(ListForm::Csv);
    let written = tokio::task::spawn_blocking(move || {
        let headings: Vec<&str> = sheet.headings.iter().map(String::as_str).collect();
        write_sheet(form, &headings, sheet.rows)
    });
    let Ok(Ok(bytes)) = written.await else {
        tracing::error!(name, "a table could not be written");
        return Err(Problem::new(Code::Internal));
    };
    let ending = match form {
        ListForm::Csv => "csv",
        ListForm::Xlsx => "xlsx",
        ListForm::Json => "json",
    };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
    let disposition = format!("attachment; filename=\"{name}.{ending}\"");
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}
