//! Every problem that a client can be told, in one list: its word, its status, when it comes and what to do about it.
//! Answers, the OpenAPI document and `docs/errors.md` are written from it. A word never changes its meaning.

use http::StatusCode;

macro_rules! codes {
    ($($name:ident $status:ident $word:literal $title:literal when $when:literal then $then:literal)*) => {
        /// What went wrong, as a word that never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Code { $($name),* }

        impl Code {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            /// The HTTP status it comes with.
            pub(crate) fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),* }
            }

            /// Its word.
            pub(crate) fn word(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            /// A few words for people, the same for every such problem.
            pub(crate) fn title(self) -> &'static str {
                match self { $(Self::$name => $title),* }
            }

            /// When a client meets it.
            pub(crate) fn when(self) -> &'static str {
                match self { $(Self::$name => $when),* }
            }

            /// What to do about it.
            pub(crate) fn then(self) -> &'static str {
                match self { $(Self::$name => $then),* }
            }
        }
    };
}

codes! {
    BadRequest BAD_REQUEST "bad_request" "The request can't be read"
        when "The body is no JSON, or not an object; a header is not as it must be; the body broke off."
        then "Mend the request; `detail` says what can't be read."
    InvalidField BAD_REQUEST "invalid_field" "A field is wrong"
        when "A field of the body is missing or holds what it can't. `field` names it; `faults` lists all where there are several; `row` says which of a list, from 0."
        then "Mend the field; `detail` says what would be right."
    UnknownField BAD_REQUEST "unknown_field" "A field is unknown"
        when "The body has a field that means nothing here, often a misspelled one. `field` names it."
        then "Correct or leave out the field: nothing was done."
    InvalidQuery BAD_REQUEST "invalid_query" "The query is wrong"
        when "A parameter behind `?` is unknown or has a value that it can't. `field` names it."
        then "Mend the parameter; a `cursor` is sent back as it was received, with the same filters."
    Unauthorized UNAUTHORIZED "unauthorized" "An API key is needed"
        when "There is no key, or it opens nothing: unknown, run out, or revoked."
        then "Send a good key as `Authorization: Bearer KEY`."
    Forbidden FORBIDDEN "forbidden" "This is not allowed"
        when "The key is good, and its role is too little for this."
        then "Use a key of the role that `detail` names."
    OutOfScope FORBIDDEN "out_of_scope" "The key is not for this"
        when "The key is good, and its scopes leave this out. `scope` names the one that is needed."
        then "Use a key of that scope."
    NotFound NOT_FOUND "not_found" "There is nothing here"
        when "There is no such address or no such thing; what is another tenant's is answered so too."
        then "Check the id, and that the key is of the tenant whose it is."
    MethodNotAllowed METHOD_NOT_ALLOWED "method_not_allowed" "This address takes another method"
        when "The address is there, and takes other methods; the header `Allow` lists them."
        then "Use one of these."
    RequestTimeout REQUEST_TIMEOUT "request_timeout" "The request came too slowly"
        when "The body did not come whole in time."
        then "Send it again."
    AlreadyOver CONFLICT "already_over" "The call is already over"
        when "A call that is over was to be ended. `call_status` says how it had ended."
        then "Nothing: it is over."
    MayNotCall FORBIDDEN "may_not_call" "This user may not be called"
        when "The tenant's rule is that only members of a conversation call each other in it (`app_calls.who_may_call`), or the operator's own software says no (`app_calls.may_call_url`)."
        then "Nothing: nobody was called."
    RosterFull CONFLICT "roster_full" "This list holds no more"
        when "A conversation has as many members as it may, a user blocks as many others, or the server keeps as many such lists. `detail` says which."
        then "Take somebody out of it."
    TooManyCalls TOO_MANY_REQUESTS "too_many_calls" "This user calls too many at once"
        when "A user of an app is the caller in as many calls that are not over as anybody may be. `limit` says how many."
        then "End one of them, or wait until one is over."
    AnsweredElsewhere CONFLICT "answered_elsewhere" "Another device has taken the call"
        when "Two devices of a user accepted one call, and the other was first; or a device that is not the one in the call wants to end it."
        then "Stop ringing on this device."
    Suppressed CONFLICT "suppressed" "This number will not be called"
        when "The number is on the list of numbers never to call."
        then "Do not call this person."
    NotRegistered CONFLICT "not_registered" "This call is not a registered one"
        when "A status was reported of a call that this server carries itself. `call` is its id."
        then "Let the carrier's word move the call, or end it with `POST /api/calls/{id}/end`."
    RegisteredOtherwise CONFLICT "registered_otherwise" "The call is registered with other facts"
        when "A call was registered again with another session, provider or number. `field` names the one that differs."
        then "Register it with the facts it had, or under another id."
    KeyInFlight CONFLICT "idempotency_key_in_flight" "The first such request is being worked on"
        when "A request with the same Idempotency-Key has not been answered yet."
        then "Wait as `Retry-After` says, and send the same again."
    Taken CONFLICT "taken" "The id was given before"
        when "Something of this id or name is there, or was and is revoked. `field` names it."
        then "Choose another."
    InSettings CONFLICT "in_settings" "The settings say this"
        when "A number was to be changed that stands in the settings: there it is changed, and read again at the next start."
        then "Change `scripts.numbers` in the settings; or take the number out of them and set it again."
    Conflict CONFLICT "conflict" "Somebody else changed it at the same time"
        when "Two changes met, and the other one was first."
        then "Read it again, and decide again."
    SlotTaken CONFLICT "slot_taken" "This time is taken"
        when "An appointment was to be at a time at which its practitioner has another one."
        then "Ask `GET /api/appointments/slots` which times are free, and choose another."
    NotNow CONFLICT "not_now" "This can't be done as it stands"
        when "What was asked does not fit the state of the call, the campaign or the job. `state` says which."
        then "Read it again; `docs/calls.md` and `docs/campaigns.md` say what can be done in which state."
    NoSlot CONFLICT "no_slot" "All calls at once that may be are open"
        when "A call was to be handed to somebody else, and there is no room for one more leg. `of` says whose limit is reached, `limit` how many."
        then "Try again when a call has ended, or raise the limit; `docs/calls.md` says what counts."
    TooFast TOO_MANY_REQUESTS "too_fast" "The carrier takes no more new calls this second"
        when "A call was to be handed to somebody else, and another one was dialed a moment ago."
        then "Send it again after `Retry-After`."
    NoDatabase CONFLICT "no_database" "This needs a database"
        when "The server keeps its history without a database, and this can't be done so."
        then "Set `DATABASE_URL`."
    PayloadTooLarge PAYLOAD_TOO_LARGE "payload_too_large" "The body is too large"
        when "The body has more bytes or more rows than are taken at once."
        then "Send it in several parts; `detail` says the limit."
    UnsupportedMediaType UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "The body must be plain JSON"
        when "The body is compressed, or a list comes in a form that is not read."
        then "Send it uncompressed, in a form that `detail` names."
    RangeNotSatisfiable RANGE_NOT_SATISFIABLE "range_not_satisfiable" "The recording is shorter than that"
        when "The wanted bytes lie behind the recording's end; `Content-Range` tells its length."
        then "Ask for bytes within it."
    KeyReused UNPROCESSABLE_ENTITY "idempotency_key_reused" "The idempotency key was used before"
        when "The Idempotency-Key came within 24 hours with another body."
        then "Take a new key for a new request."
    Internal INTERNAL_SERVER_ERROR "internal" "This request failed"
        when "A fault of the server. Calls are not harmed by it."
        then "Report it, with the `X-Request-Id` of the answer; the log has the rest."
    Closed SERVICE_UNAVAILABLE "closed" "No new calls are taken now"
        when "The server is being drained, or holds as many calls as it may; `detail` says which."
        then "Send it again after `Retry-After`, or to another node."
    JournalFull SERVICE_UNAVAILABLE "journal_full" "The journal has no room"
        when "Nothing new can be written down, so nothing new is promised; calls under way go on."
        then "Do what `detail` says, and send it again: no restart is needed."
    JournalFailed SERVICE_UNAVAILABLE "journal_failed" "The journal failed"
        when "The disk refused a write. Nothing was promised."
        then "Look at the server's log and disk; then send it again."
    HistoryUnavailable SERVICE_UNAVAILABLE "history_unavailable" "History can't be read now"
        when "The database is away, and what was asked for is in it. `reason` and `since` say more."
        then "Send it again after `Retry-After`; calls that are not over can be read meanwhile."
    Starting SERVICE_UNAVAILABLE "starting" "The server is starting"
        when "The server is reading its journal."
        then "Ask again in a second."
    TooManyStreams TOO_MANY_REQUESTS "too_many_streams" "Too many live streams"
        when "As many listen to live events as the server, or the tenant, may have."
        then "Close one, or ask again after `Retry-After`."
    RateLimited TOO_MANY_REQUESTS "rate_limited" "Too many requests"
        when "The key, or an address whose keys open nothing, asked more often than it may. `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` say how it stands."
        then "Come again after `Retry-After`."
    WrongPassword FORBIDDEN "wrong_password" "This is not the password"
        when "The password that was to be changed is another one."
        then "Send the one that opens the dashboard now."
    EventsGone GONE "events_gone" "The events after this one can't be had"
        when "Live events were asked for after one that the journal does not hold any more, or that is of another server."
        then "Read the calls as they are now, and listen without `after`."
    RecordingRemoved GONE "recording_removed" "This recording is not kept any more"
        when "The recording was kept for as long as the settings say, and then removed; `detail` says when."
        then "Nothing: the call's answers and transcripts are there still."
    RecordingsAway SERVICE_UNAVAILABLE "recordings_away" "This recording can't be read now"
        when "The recording is in a bucket, and the bucket is away."
        then "Send it again after `Retry-After`."
    DatabaseAway SERVICE_UNAVAILABLE "database_away" "This can't be changed while the database is away"
        when "The database is the truth of what was to be changed or read, and is away. `reason` and `since` say more."
        then "Send it again after `Retry-After`; calls go on meanwhile."
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_problems_have_one_word() {
        let words: BTreeSet<_> = Code::ALL.iter().map(|code| code.word()).collect();
        assert_eq!(words.len(), Code::ALL.len());
    }

    #[test]
    fn each_problem_says_when_it_comes_and_what_to_do_in_whole_sentences() {
        for code in Code::ALL {
            for said in [code.when(), code.then()] {
                assert!(said.ends_with('.') && said.starts_with(char::is_uppercase), "{code:?}: {said}");
            }
            assert!(code.status().is_client_error() || code.status().is_server_error(), "{code:?}");
        }
    }
}
