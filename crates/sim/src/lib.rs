//! A carrier that never existed: Twilio's REST API and webhooks, with people who answer, and faults on request.
