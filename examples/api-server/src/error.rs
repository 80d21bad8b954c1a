//! What a client hears when something goes wrong: a fitting status and one JSON object.
//!
//! `{"error": "conflict", "message": "a VM named `web-1` exists already"}`

use std::fmt;

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderValue, StatusCode, header::RETRY_AFTER, request::Parts},
    response::{IntoResponse, Response},
};
use novacron_telemetry::{catalog::Status, record::Failure};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::database::DatabaseError;

/// A refused or failed request.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    message: String,
}

/// A JSON body, parsed whatever its content type says, so that plain `curl -d '{…}'` works.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// The `{id}` of a route. What is not a number names no VM: 404.
#[derive(Clone, Copy, Debug)]
pub struct VmId(pub i64);

impl ApiError {
    /// 400: the request cannot be read.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
        }
    }

    /// 404: no such VM or route.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            message: message.into(),
        }
    }

    /// 405: the route exists, the method does not.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            message: "this route has other methods; see `Allow`".into(),
        }
    }

    /// 409: the VM's state, or another VM's name, stands in the way.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            message: message.into(),
        }
    }

    /// 422: readable, but a value is out of its range.
    pub fn unprocessable(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            message: message.into(),
        }
    }

    /// 500: our fault.
    pub fn internal(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            message: message.into(),
        }
    }

    /// 503: not now.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            message: message.into(),
        }
    }

    /// The status the client gets.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The same for metrics.
    #[must_use]
    pub fn failure(&self) -> Failure {
        Failure::from_status(Status::new(self.status.as_u16()))
    }

    /// The class in the body, as the `error_type` label spells it where both have a word for it.
    fn class(&self) -> &'static str {
        match self.status {
            StatusCode::BAD_REQUEST => "bad_request",
            StatusCode::NOT_FOUND => "not_found",
            StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
            StatusCode::CONFLICT => "conflict",
            StatusCode::PAYLOAD_TOO_LARGE => "payload_too_large",
            StatusCode::UNPROCESSABLE_ENTITY => "unprocessable",
            StatusCode::INTERNAL_SERVER_ERROR => "internal",
            StatusCode::SERVICE_UNAVAILABLE => "unavailable",
            _ => "other",
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status.as_u16(), self.message)
    }
}

impl std::error::Error for ApiError {}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.class(), "message": self.message });
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// What the database said stays in our log; the client learns whether asking again makes sense.
impl From<DatabaseError> for ApiError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::NoConnection(_) => {
                Self::unavailable("no database connection was free in time")
            }
            DatabaseError::Query(_) => Self::internal("the database refused the statement"),
        }
    }
}

impl<S, T> FromRequest<S> for Body<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        // `Bytes` keeps to the router's body limit and answers 413 or 400 for what it could not
        // read.
        let bytes = axum::body::Bytes::from_request(request, state)
            .await
            .map_err(|refused| ApiError {
                status: refused.status(),
                message: refused.body_text(),
            })?;
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        // With the path, because serde_json alone says "invalid type" without saying of which
        // field.
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let (path, inner) = (error.path().to_string(), error.inner());
            ApiError::bad_request(if inner.is_data() && path != "." {
                format!("`{path}`: {inner}")
            } else {
                inner.to_string()
            })
        })?;
        json.end()
            .map_err(|error| ApiError::bad_request(error.to_string()))?;
        Ok(Self(value))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for VmId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|refused| ApiError {
                status: refused.status(),
                message: refused.body_text(),
            })?;
        text.parse()
            .map(Self)
            .map_err(|_| ApiError::not_found("a VM's id is a number"))
    }
}
