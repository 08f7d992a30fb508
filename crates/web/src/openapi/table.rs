//! Routes with what is said of them: neither can be without the other.

use super::spec::Spec;
use crate::api::{permitted, permitted_or_user};
use crate::code::Code;
use crate::web::Web;
use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::middleware::{Next, from_fn};
use axum::routing::{MethodFilter, on};
use std::sync::Arc;
use trunkline_core::tenancy::{Act, Role};

/// A method, as OpenAPI and the router write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// Whose key an operation needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// A good key.
    Keyed,
    /// A good key, or a token of a user of an app.
    KeyedOrUser,
    /// None; a key may show more.
    Open,
}

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) path: &'static str,
    pub(crate) verb: Verb,
    pub(crate) tag: &'static str,
    pub(crate) door: Door,
    /// What it does, where a key is needed.
    pub(crate) act: Act,
    pub(crate) spec: Spec,
}

/// Routes, and what is said of each.
pub(crate) struct Table {
    pub(crate) router: Router<Arc<Web>>,
    pub(crate) operations: Vec<Operation>,
    door: Door,
    tag: &'static str,
    act: Act,
}

impl Verb {
    /// As OpenAPI writes it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }

    fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

impl Table {
    pub(crate) fn new(door: Door) -> Self {
        Self { router: Router::new(), operations: Vec::new(), door, tag: "", act: Act::RunTheServer }
    }

    /// The chapter that the next routes belong to, and what they do; reading in it is looking, but for those who manage
    /// access or run the server.
    pub(crate) fn tag(self, tag: &'static str, act: Act) -> Self {
        Self { tag, act, ..self }
    }

    /// One operation: its method and path, who answers, and what is said of it.
    pub(crate) fn on<H, T>(mut self, verb: Verb, path: &'static str, handler: H, spec: Spec) -> Self
    where
        H: Handler<T, Arc<Web>>,
        T: 'static,
    {
        let (tag, door) = (self.tag, self.door);
        let act = match (verb, self.act) {
            (Verb::Get, Act::Call | Act::Campaign) => Act::Look,
            (_, act) => act,
        };
        let mut route = on(verb.filter(), handler);
        let mut spec = spec;
        if door == Door::Keyed {
            route = route.layer(from_fn(move |request: Request, next: Next| permitted(act, request, next)));
        }
        if door == Door::KeyedOrUser {
            let layer = from_fn(move |request: Request, next: Next| permitted_or_user(act, request, next));
            route = route.layer(layer);
        }
        if door != Door::Open {
            spec = spec.fails(&[Code::Unauthorized, Code::OutOfScope, Code::RateLimited]);
            if act.needs().0 > Role::Agent {
                spec = spec.fails(&[Code::Forbidden]);
            }
        }
        self.router = self.router.route(path, route);
        self.operations.push(Operation { path, verb, tag, door, act, spec });
        self
    }
}
