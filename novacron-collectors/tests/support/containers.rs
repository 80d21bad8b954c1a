//! A host with containers, and the runtimes that name them.

use std::path::Path;

use super::daemon::{self, Answer, Daemon};

/// Works, under podman, with limits.
pub(crate) const WORK: &str = "9591953f03cae0470ddb993d2688166edef4902086aa3b3627c5c4a8d9def561";
/// Sleeps, under podman, without limits.
pub(crate) const SLEEP: &str = "1cdf60949032a70fcc8c6ec62c5da17ba7d88d443e39ad17ce44a957c1f21aab";
/// Has ended.
pub(crate) const ENDED: &str = "56b356c684db8b121a843fd8024089a6f3c9b17fbf0a9bd90d0be01f91e2706b";

/// podman, which knows three containers of the fixture `containers/v2`, and nothing of the others.
pub(crate) fn podman(socket: &Path) -> Daemon {
    Daemon::start(socket, answer)
}

/// What podman 4.3.1 says of itself, in a list, and of one container.
pub(crate) fn answer(path: &str) -> Answer {
    let list = std::fs::read_to_string(super::fixture("containers/api/list.json")).unwrap();
    Some(match path {
        "/_ping" => daemon::podman(),
        "/containers/json?all=true" => daemon::ok(&list),
        path => {
            let Some(rest) = path.strip_prefix("/v4.3.1/libpod/containers/") else {
                return Some(daemon::status(404));
            };
            let (id, query) = rest.split_once("/json").unwrap();
            let file = super::fixture(&format!("containers/api/{}.json", &id[..12]));
            let text = std::fs::read_to_string(file).unwrap();
            // The size is told if it is asked for.
            daemon::ok(&match query {
                "?size=true" => {
                    text.replacen('{', "{\"SizeRw\":1982312,\"SizeRootFs\":1982324,", 1)
                }
                _ => text,
            })
        }
    })
}
