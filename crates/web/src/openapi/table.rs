//! Routes with what is said of them: neither can be without the other.

use super::spec::Spec;
use crate::code::Code;
use crate::web::Web;
use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use std::sync::Arc;

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
    pub(crate) spec: Spec,
}

/// Routes, and what is said of each.
pub(crate) struct Table {
    pub(crate) router: Router<Arc<Web>>,
    pub(crate) operations: Vec<Operation>,
    door: Door,
    tag: &'static str,
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
        Self { router: Router::new(), operations: Vec::new(), door, tag: "" }
    }

    /// The chapter that the next routes belong to.
    pub(crate) fn tag(self, tag: &'static str) -> Self {
        Self { tag, ..self }
    }

    /// One operation: its method and path, who answers, and what is said of it.
    pub(crate) fn on<H, T>(mut self, verb: Verb, path: &'static str, handler: H, spec: Spec) -> Self
    where
        H: Handler<T, Arc<Web>>,
        T: 'static,
    {
        self.router = self.router.route(path, on(verb.filter(), handler));
        let (tag, door) = (self.tag, self.door);
        let spec = match door {
            Door::Keyed => spec.fails(&[Code::Unauthorized]),
            Door::Open => spec,
        };
        self.operations.push(Operation { path, verb, tag, door, spec });
        self
    }
}
