//! A token is shown nowhere.

use std::fs;
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};

use novacron_telemetry::expose::{BearerAuth, Token};
use tracing_subscriber::fmt::MakeWriter;

use super::support::{anywhere, bearer, get, listen, status, until};

const CANARY: &str = "canary-7f3e9a51c0d24b68";

/// All that is logged, by whichever thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn lines() -> &'static Lines {
    static LINES: OnceLock<Lines> = OnceLock::new();
    LINES.get_or_init(|| {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(lines.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        lines
    })
}

#[test]
fn the_canary_is_nowhere_but_in_its_file() {
    let lines = lines();
    let said = |what: &str| {
        let bytes = lines.0.lock().unwrap();
        String::from_utf8_lossy(&bytes).contains(what)
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let mut shown = Vec::new();

    let token = Token::new(CANARY).unwrap();
    token.save(&path).unwrap();
    shown.push(format!("{token} {token:?} {token:#?}"));
    let auth = BearerAuth::from_file(&path).unwrap();
    let options = anywhere().auth(auth.clone());
    shown.push(format!("{auth:?} {options:#?}"));
    // On all interfaces, without TLS: said aloud.
    let open =
        novacron_telemetry::expose::ListenerOptions::new(([0, 0, 0, 0], 0)).auth(auth.clone());
    let (telemetry, wide) = listen(open);
    shown.push(format!("{telemetry:?} {wide:#?}"));
    assert!(said("tokens travel unencrypted"));
    let listener = telemetry.listen(options).unwrap();
    let at = listener.local_addr();
    assert_eq!(status(&get(at, "/metrics", &bearer(CANARY))), 200);
    shown.push(get(at, "/metrics", &bearer(&format!("{CANARY}x"))));
    shown.push(get(
        at,
        "/metrics",
        &format!("{}{}", bearer(CANARY), bearer(CANARY)),
    ));
    shown.push(get(at, "/health", &bearer(CANARY)));
    shown.push(telemetry.render());

    // Two words, one of which is the canary; others may read it; then gone, and back.
    fs::write(&path, format!("{CANARY} {CANARY}")).unwrap();
    let error = auth.reload().unwrap_err();
    shown.push(format!("{error} {error:?}"));
    until("the bad edit is told", || said("the old one holds"));
    let warned = {
        let bytes = lines.0.lock().unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.matches("the token was not read again").count()
    };
    assert_eq!(warned, 1, "once");
    fs::write(&path, "another-token-of-length").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    }
    until("the new one is there", || {
        said("the token for scrapes was rotated")
    });
    until("its mode is told", || said("others may read the token"));
    auth.rotate(Token::new(format!("{CANARY}-again")).unwrap());
    shown.push(format!("{auth:?}"));

    let variable = std::panic::catch_unwind(|| panic!("{:?}", Token::new(CANARY)));
    shown.push(format!(
        "{:?}",
        variable.unwrap_err().downcast_ref::<String>()
    ));
    for error in [
        Token::new(format!("{CANARY} ")),
        Token::new(format!("{CANARY}\u{e9}")),
    ] {
        let error = error.unwrap_err();
        shown.push(format!("{error} {error:?}"));
    }
    for text in &shown {
        assert!(!text.contains(CANARY), "{text}");
    }
    assert!(shown[0].contains("[redacted]"));
    assert!(!said(CANARY));
}
