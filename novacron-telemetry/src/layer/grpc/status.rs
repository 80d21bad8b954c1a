//! The code of a call: from `grpc-status`, wherever it stands, or from what stands in its place.

use http::{HeaderMap, HeaderName, StatusCode};

use crate::catalog::GrpcCode;

/// A name that is not read anew for each call.
static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// What the headers or trailers say; `None` if they say nothing. What cannot be read, and numbers
/// that stand for no code, are `UNKNOWN`: something was said.
pub(crate) fn of_headers(headers: &HeaderMap) -> Option<GrpcCode> {
    headers
        .get(&GRPC_STATUS)
        .map(|value| of_number(value.as_bytes()))
}

fn of_number(digits: &[u8]) -> GrpcCode {
    // By hand: no spaces, no sign, no leading zero.
    let number = match digits {
        [ones @ b'0'..=b'9'] => ones - b'0',
        [b'1', ones @ b'0'..=b'6'] => 10 + ones - b'0',
        _ => return GrpcCode::Unknown,
    };
    match number {
        0 => GrpcCode::Ok,
        1 => GrpcCode::Cancelled,
        3 => GrpcCode::InvalidArgument,
        4 => GrpcCode::DeadlineExceeded,
        5 => GrpcCode::NotFound,
        6 => GrpcCode::AlreadyExists,
        7 => GrpcCode::PermissionDenied,
        8 => GrpcCode::ResourceExhausted,
        9 => GrpcCode::FailedPrecondition,
        10 => GrpcCode::Aborted,
        11 => GrpcCode::OutOfRange,
        12 => GrpcCode::Unimplemented,
        13 => GrpcCode::Internal,
        14 => GrpcCode::Unavailable,
        15 => GrpcCode::DataLoss,
        16 => GrpcCode::Unauthenticated,
        _ => GrpcCode::Unknown,
    }
}

/// What a client makes of an answer without `grpc-status` that is not a 200, as from a proxy or
/// from a layer that does not speak gRPC. `None` for 200: there the trailers decide.
pub(crate) fn of_http(status: StatusCode) -> Option<GrpcCode> {
    Some(match status.as_u16() {
        200 => return None,
        400 => GrpcCode::Internal,
        401 => GrpcCode::Unauthenticated,
        403 => GrpcCode::PermissionDenied,
        404 => GrpcCode::Unimplemented,
        429 | 502..=504 => GrpcCode::Unavailable,
        _ => GrpcCode::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_by_its_number_and_nothing_else_is() {
        // The numbers of the gRPC specification.
        let names = "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND \
                     ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION \
                     ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS \
                     UNAUTHENTICATED";
        for (number, name) in names.split_whitespace().enumerate() {
            assert_eq!(of_number(number.to_string().as_bytes()).as_str(), name);
        }
        for odd in [
            "", "17", "99", "00", "07", "-1", "+1", " 0", "0 ", "OK", "1e1",
        ] {
            assert_eq!(of_number(odd.as_bytes()), GrpcCode::Unknown, "{odd:?}");
        }
    }
}
