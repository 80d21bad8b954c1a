//! From a request to its route template: bounded, and without an allocation.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use crate::catalog::exporter::Site;
use crate::catalog::{Method, RouteLabels};
use crate::error::{Error, ErrorKind, Result};
use crate::metric::Row;
use crate::record::{Recorder, UNMATCHED};

/// What a request shows to whoever looks for its route.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RequestView<'a> {
    /// Its method.
    pub method: &'a http::Method,
    /// Its target.
    pub uri: &'a http::Uri,
    /// What routers left in it.
    pub extensions: &'a http::Extensions,
}

/// The routes of one service.
#[derive(Clone, Default)]
pub(super) struct Endpoints {
    matcher: matchit::Router<usize>,
    /// Where each template is, by its text: a router that matched names it so.
    places: BTreeMap<Box<str>, usize>,
    templates: Vec<Template>,
    unmatched: Rows,
    find: Option<Arc<Find>>,
}

type Find = dyn for<'a> Fn(RequestView<'a>) -> Option<&'a str> + Send + Sync;

#[derive(Clone, Debug)]
struct Template {
    text: Box<str>,
    rows: Rows,
    excluded: [bool; METHODS],
    deprecated: [bool; METHODS],
}

const METHODS: usize = Method::ALL.len();

/// The row of each method, once it was looked up.
type Rows = [OnceLock<Row<RouteLabels>>; METHODS];

/// Where a request belongs.
pub(super) enum Found<'a> {
    /// A declared route.
    Declared {
        row: Row<RouteLabels>,
        deprecated: Option<&'a str>,
    },
    /// A template that a router or the host's own function named.
    Named(Row<RouteLabels>),
    /// Left out on purpose.
    Excluded,
}

impl Endpoints {
    pub(super) fn declare(&mut self, _: Method, template: &str) -> Result<()> {
        self.template(template).map(drop)
    }

    pub(super) fn exclude(&mut self, method: Method, template: &str) -> Result<()> {
        self.template(template)?.excluded[method as usize] = true;
        Ok(())
    }

    pub(super) fn deprecate(&mut self, method: Method, template: &str) -> Result<()> {
        self.template(template)?.deprecated[method as usize] = true;
        Ok(())
    }

    pub(super) fn find_with(
        &mut self,
        find: impl for<'a> Fn(RequestView<'a>) -> Option<&'a str> + Send + Sync + 'static,
    ) {
        self.find = Some(Arc::new(find));
    }

    fn template(&mut self, text: &str) -> Result<&mut Template> {
        let at = match self.places.get(text).copied() {
            Some(at) => at,
            None => {
                let at = self.templates.len();
                self.matcher.insert(text, at).map_err(|source| {
                    Error::new(
                        ErrorKind::InvalidConfig,
                        format!("route `{text}` cannot be declared"),
                    )
                    .with_source(source)
                })?;
                self.places.insert(text.into(), at);
                self.templates.push(Template {
                    text: text.into(),
                    rows: Rows::default(),
                    excluded: [false; METHODS],
                    deprecated: [false; METHODS],
                });
                at
            }
        };
        Ok(&mut self.templates[at])
    }

    /// The route of a request.
    #[inline]
    pub(super) fn find(
        &self,
        recorder: &Recorder,
        method: Method,
        view: RequestView<'_>,
    ) -> Found<'_> {
        #[cfg(feature = "axum")]
        if let Some(path) = view.extensions.get::<axum::extract::MatchedPath>() {
            return match self.places.get(path.as_str()) {
                Some(at) => self.declared(*at, recorder, method),
                None => Found::Named(recorder.api_route(method, path.as_str())),
            };
        }
        if let Ok(matched) = self.matcher.at(view.uri.path()) {
            return self.declared(*matched.value, recorder, method);
        }
        if let Some(find) = &self.find {
            match catch_unwind(AssertUnwindSafe(|| find(view))) {
                Ok(Some(endpoint)) => return Found::Named(recorder.api_route(method, endpoint)),
                Ok(None) => {}
                Err(_) => recorder.internal_error(Site::Classifier),
            }
        }
        Found::Named(row(&self.unmatched, recorder, method, UNMATCHED))
    }

    #[inline]
    fn declared(&self, at: usize, recorder: &Recorder, method: Method) -> Found<'_> {
        let template = &self.templates[at];
        let place = method as usize;
        if template.excluded[place] {
            return Found::Excluded;
        }
        Found::Declared {
            row: row(&template.rows, recorder, method, &template.text),
            deprecated: template.deprecated[place].then_some(&*template.text),
        }
    }
}

#[inline]
fn row(rows: &Rows, recorder: &Recorder, method: Method, endpoint: &str) -> Row<RouteLabels> {
    *rows[method as usize].get_or_init(|| recorder.api_route(method, endpoint))
}

/// The catalog's word for a method; whatever is none of the nine is `OTHER`.
#[inline]
pub(in crate::layer) fn method_of(method: &http::Method) -> Method {
    match *method {
        http::Method::GET => Method::Get,
        http::Method::POST => Method::Post,
        http::Method::PUT => Method::Put,
        http::Method::DELETE => Method::Delete,
        http::Method::PATCH => Method::Patch,
        http::Method::HEAD => Method::Head,
        http::Method::OPTIONS => Method::Options,
        http::Method::TRACE => Method::Trace,
        http::Method::CONNECT => Method::Connect,
        _ => Method::Other,
    }
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.templates.iter().map(|template| &template.text))
            .finish()
    }
}
