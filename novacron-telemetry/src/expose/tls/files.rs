//! The files of a listener that speaks TLS, and what may be wrong with them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, RootCertStore, ServerConfig};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::super::file::{self, Stamp};
use super::certificate::Certificate;
use super::clients::Named;
use crate::error::{Error, ErrorKind, Result};

/// Where a listener's certificate and key are, and whose clients it lets in.
///
/// All of them are PEM. They are read again when they change.
///
/// ```
/// use novacron_telemetry::expose::{ListenerOptions, TlsFiles};
///
/// let files = TlsFiles::new("/etc/nova/tls/cert.pem", "/etc/nova/tls/key.pem")
///     .client_ca("/etc/nova/tls/clients.pem")
///     .allow("prometheus.example.net");
/// let options = ListenerOptions::new(([0, 0, 0, 0], 9640)).tls(files);
/// # let _ = options;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct TlsFiles {
    cert: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
    allowed: Vec<String>,
}

/// What was read, and fits together.
pub(super) struct Loaded {
    config: Arc<ServerConfig>,
    leaf: Certificate,
}

/// Larger than any chain of certificates.
const MOST: u64 = 1 << 20;

impl TlsFiles {
    /// A certificate, followed by those that lead from it to an authority, and its key.
    pub fn new(cert: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            cert: cert.into(),
            key: key.into(),
            client_ca: None,
            allowed: Vec::new(),
        }
    }

    /// Lets in only clients with a certificate from one of the authorities in this file.
    pub fn client_ca(mut self, path: impl Into<PathBuf>) -> Self {
        self.client_ca = Some(path.into());
        self
    }

    /// Of these clients, lets in only those whose certificate has this name, or another allowed one:
    /// a DNS name or a URI, as it stands among its alternative names.
    pub fn allow(mut self, name: impl Into<String>) -> Self {
        self.allowed.push(name.into());
        self
    }

    pub(super) fn cert(&self) -> &Path {
        &self.cert
    }

    /// In which state the files are.
    pub(super) fn stamps(&self) -> Vec<Option<Stamp>> {
        let files = [Some(&self.cert), Some(&self.key), self.client_ca.as_ref()];
        let stamp = |path: &PathBuf| Stamp::look(path).ok();
        files.into_iter().flatten().map(stamp).collect()
    }

    /// Reads all of them.
    pub(super) fn load(&self) -> Result<Loaded> {
        let provider = Arc::new(ring::default_provider());
        let chain = certificates("certificate", &self.cert)?;
        let key = self.key(&provider, &chain)?;
        let Some(leaf) = chain.first().and_then(|leaf| Certificate::read(leaf)) else {
            let why = "it cannot be read; put another one there";
            return Err(bad("certificate", &self.cert, why));
        };
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| bad("certificate", &self.cert, &error.to_string()))?;
        let builder = match &self.client_ca {
            None if self.allowed.is_empty() => builder.with_no_client_auth(),
            None => {
                return Err(Error::new(
                    ErrorKind::InvalidConfig,
                    "tls: names of clients are allowed, but `client_ca` does not say whose",
                ));
            }
            Some(path) => {
                let verifier = self.verifier(path, &provider)?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config =
            builder.with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(key)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if self.client_ca.is_some() {
            // Whoever comes again is asked again: its certificate may be one that is not let in any
            // more.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Ok(Loaded {
            config: Arc::new(config),
            leaf,
        })
    }

    /// The key, which belongs to the first certificate of the chain.
    fn key(
        &self,
        provider: &CryptoProvider,
        chain: &[CertificateDer<'static>],
    ) -> Result<CertifiedKey> {
        let wrong = |what: &str| bad("key", &self.key, what);
        let contents =
            file::read(&self.key, MOST).map_err(|error| unreadable("key", &self.key, &error))?;
        let bytes = &contents.bytes;
        if let Some(mode) = contents.mode.filter(|mode| mode & 0o007 != 0) {
            tracing::warn!(
                path = %self.key.display(),
                mode = format_args!("{mode:04o}"),
                "anybody may read the key; `chmod 0640` or stricter"
            );
        }
        let encrypted: &[&[u8]] = &[b"BEGIN ENCRYPTED PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED"];
        if encrypted.iter().any(|mark| contains(bytes, mark)) {
            return Err(wrong(
                "it is encrypted, and nobody is here to type the password; decrypt it with \
                 `openssl pkey -in … -out …`",
            ));
        }
        let key = PrivateKeyDer::from_pem_slice(bytes).map_err(|error| {
            wrong(&match error {
                pem::Error::NoItemsFound => absent(bytes, "key", "`openssl pkey -inform der`"),
                // What the reader says quotes the file, which nobody may see.
                _ => "it is not whole PEM; copy it again".to_owned(),
            })
        })?;
        let signing = provider
            .key_provider
            .load_private_key(key)
            .map_err(|_| wrong("it is of a kind that is not known here; use ECDSA, Ed25519 or RSA from 2048 bits on"))?;
        let certified = CertifiedKey::new(chain.to_vec(), signing);
        match certified.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {
                Ok(certified)
            }
            Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
                let key = &certified.key;
                let belongs = |one: &CertificateDer<'static>| {
                    CertifiedKey::new(vec![one.clone()], Arc::clone(key))
                        .keys_match()
                        .is_ok()
                };
                Err(match chain.iter().position(belongs) {
                    Some(at) => bad(
                        "certificate",
                        &self.cert,
                        &format!(
                            "the key belongs to the certificate at place {}; put that one first",
                            at + 1
                        ),
                    ),
                    None => wrong(&format!(
                        "it does not belong to the certificate in {}; put the right one there",
                        self.cert.display()
                    )),
                })
            }
            Err(error) => Err(bad("certificate", &self.cert, &error.to_string())),
        }
    }

    /// Whether a client is let in.
    fn verifier(
        &self,
        path: &Path,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>> {
        let mut roots = RootCertStore::empty();
        for authority in certificates("client_ca", path)? {
            roots.add(authority).map_err(|error| {
                bad(
                    "client_ca",
                    path,
                    &format!("a certificate cannot be used: {error}"),
                )
            })?;
        }
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
                .build()
                .map_err(|error| bad("client_ca", path, &error.to_string()))?;
        Ok(match self.allowed.is_empty() {
            true => verifier,
            false => Arc::new(Named::new(verifier, &self.allowed)),
        })
    }
}

impl Loaded {
    /// When the certificate expires, in Unix seconds.
    pub(super) fn expires(&self) -> f64 {
        self.leaf.not_after as f64
    }

    /// What to say if it is not valid now.
    pub(super) fn is_expired(&self) -> Option<&'static str> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
        let now = i64::try_from(now).ok()?;
        if self.leaf.not_after < now {
            Some("has expired")
        } else if now < self.leaf.not_before {
            Some("will be valid only later")
        } else {
            None
        }
    }

    pub(super) fn into_config(self) -> Arc<ServerConfig> {
        self.config
    }
}

/// The certificates in a file; at least one.
fn certificates(what: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let contents = file::read(path, MOST).map_err(|error| unreadable(what, path, &error))?;
    let bytes = &contents.bytes;
    let found = CertificateDer::pem_slice_iter(bytes)
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|_| bad(what, path, "it is not whole PEM; copy it again"))?;
    if found.is_empty() {
        let absent = absent(bytes, "certificate", "`openssl x509 -inform der`");
        return Err(bad(what, path, &absent));
    }
    for (at, one) in found.iter().enumerate() {
        if Certificate::read(one).is_none() {
            let text = format!("what stands at place {} is no certificate", at + 1);
            return Err(bad(what, path, &text));
        }
    }
    Ok(found)
}

/// What a file holds in which nothing was found.
fn absent(bytes: &[u8], what: &str, convert: &str) -> String {
    if bytes.trim_ascii().is_empty() {
        format!("it is empty; put the {what} there, as PEM")
    } else if bytes.first() == Some(&0x30) {
        format!("it is DER; convert it to PEM with {convert}")
    } else if contains(bytes, b"PRIVATE KEY-----") {
        format!("it holds a key and no {what}; are the two files swapped?")
    } else if contains(bytes, b"BEGIN CERTIFICATE-----") {
        format!("it holds a certificate and no {what}; are the two files swapped?")
    } else {
        format!("it holds no {what}; it should begin with `-----BEGIN`")
    }
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}

fn bad(what: &str, path: &Path, why: &str) -> Error {
    Error::new(
        ErrorKind::InvalidConfig,
        format!("{what} {}: {why}", path.display()),
    )
}

fn unreadable(what: &str, path: &Path, error: &io::Error) -> Error {
    let cure = match error.kind() {
        io::ErrorKind::NotFound => "; put it there, or name another file",
        io::ErrorKind::PermissionDenied => "; let the user that this runs as read it",
        _ => "",
    };
    bad(what, path, &format!("{error}{cure}"))
}
