//! The procedures that are used, and what goes into and comes out of them.
//!
//! Nothing here writes to a hypervisor: every procedure is one that the read-only socket allows.

use super::xdr::{Decoder, Encoder, XdrError, display};

pub use super::remote_error::RemoteError;

/// Procedures of the remote program, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Procedure {
    /// Opens a hypervisor by its URI.
    ConnectOpen = 1,
    /// Closes it.
    ConnectClose = 2,
    /// The definition of a domain.
    DomainGetXmlDesc = 14,
    /// Whether a domain starts with its host.
    DomainGetAutostart = 15,
    /// Which ways of authentication the socket asks for.
    AuthList = 66,
    /// The release of the daemon.
    ConnectGetLibVersion = 157,
    /// Whether a domain's monitor is free.
    DomainGetControlInfo = 229,
    /// All domains.
    ConnectListAllDomains = 273,
    /// What a domain's job has done.
    DomainGetJobStats = 298,
    /// Asks for events.
    ConnectDomainEventCallbackRegisterAny = 316,
    /// Statistics of many domains.
    ConnectGetAllDomainStats = 344,
    /// The event of a job that ended.
    DomainEventCallbackJobCompleted = 363,
}

/// Groups of statistics, as bits.
pub mod groups {
    /// State and its reason; needs no monitor.
    pub const STATE: u32 = 1 << 0;
    /// CPU time; waits for the monitor.
    pub const CPU_TOTAL: u32 = 1 << 1;
    /// Memory as the balloon knows it; waits for the monitor.
    pub const BALLOON: u32 = 1 << 2;
    /// Time by virtual CPU; waits for the monitor.
    pub const VCPU: u32 = 1 << 3;
    /// Network interfaces; needs no monitor.
    pub const INTERFACE: u32 = 1 << 4;
    /// Disks; waits for the monitor.
    pub const BLOCK: u32 = 1 << 5;
}

/// Leaves out what would have to wait for a job that somebody else holds. It is no deadline: where
/// nobody holds it, the call takes it and waits.
pub const NO_WAIT: u32 = 1 << 29;

/// Of a job that ended, instead of the one that runs.
pub const JOB_COMPLETED: u32 = 1 << 0;
/// Without taking it away from those who ask later.
pub const JOB_KEEP_COMPLETED: u32 = 1 << 1;

/// The event of a job that ended.
pub const EVENT_JOB_COMPLETED: i32 = 21;

/// Opens without the right to change anything.
const READ_ONLY: u32 = 1;

const MAX_DOMAINS: usize = 16_384;
const MAX_PARAMS: usize = 262_144;
const MAX_JOB_PARAMS: usize = 64;
const MAX_AUTH_TYPES: usize = 20;
/// Name length, UUID and number.
const LEAST_DOMAIN: usize = 4 + 16 + 4;
/// Field length, type and one word.
const LEAST_PARAM: usize = 4 + 4 + 4;

/// A domain, as libvirt names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Domain {
    /// Its name, as bytes: libvirt asks for no encoding.
    pub name: Vec<u8>,
    /// What stays when it is renamed.
    pub uuid: [u8; 16],
    /// The number of its run; below 0 while it is shut off.
    pub id: i32,
}

impl Domain {
    /// Its name as text.
    #[must_use]
    pub fn display_name(&self) -> String {
        display(&self.name).into_owned()
    }

    /// Whether it has a process.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.id >= 0
    }

    pub(crate) fn decode(decoder: &mut Decoder<'_>) -> Result<Self, XdrError> {
        Ok(Self {
            name: decoder.text()?.to_vec(),
            uuid: decoder.array()?,
            id: decoder.i32()?,
        })
    }

    pub(crate) fn encode(&self, encoder: Encoder) -> Encoder {
        encoder.text(&self.name).raw(&self.uuid).i32(self.id)
    }
}

/// The value of a named parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A signed whole number.
    Signed(i64),
    /// An unsigned whole number.
    Unsigned(u64),
    /// A number with a fraction.
    Double(f64),
    /// Yes or no.
    Bool(bool),
    /// A text, as bytes.
    Text(&'a [u8]),
}

impl Value<'_> {
    /// The value as a count; none if it is not a whole number, or negative.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        match *self {
            Self::Unsigned(value) => Some(value),
            Self::Signed(value) => u64::try_from(value).ok(),
            Self::Double(_) | Self::Bool(_) | Self::Text(_) => None,
        }
    }

    fn decode<'a>(decoder: &mut Decoder<'a>) -> Result<Value<'a>, XdrError> {
        Ok(match decoder.u32()? {
            1 => Value::Signed(decoder.i32()?.into()),
            2 => Value::Unsigned(decoder.u32()?.into()),
            3 => Value::Signed(decoder.i64()?),
            4 => Value::Unsigned(decoder.u64()?),
            5 => Value::Double(decoder.f64()?),
            6 => Value::Bool(decoder.i32()? != 0),
            7 => Value::Text(decoder.text()?),
            unknown => return Err(XdrError::UnknownType(unknown)),
        })
    }
}

/// Named parameters, handed out one by one: a frame may hold millions of them.
pub(crate) fn each_param<'a>(
    decoder: &mut Decoder<'a>,
    mut each: impl FnMut(&'a [u8], Value<'a>) -> Result<(), XdrError>,
) -> Result<(), XdrError> {
    each_param_of(decoder, MAX_PARAMS, &mut each)
}

fn each_param_of<'a>(
    decoder: &mut Decoder<'a>,
    most: usize,
    each: &mut impl FnMut(&'a [u8], Value<'a>) -> Result<(), XdrError>,
) -> Result<(), XdrError> {
    for _ in 0..decoder.count(most, LEAST_PARAM)? {
        let field = decoder.text()?;
        let value = Value::decode(decoder)?;
        each(field, value)?;
    }
    Ok(())
}

/// Asks to open the hypervisor of `uri`, to read only.
pub(crate) fn open_args(uri: &str) -> Vec<u8> {
    let present = 1;
    Encoder::new()
        .u32(present)
        .text(uri.as_bytes())
        .u32(READ_ONLY)
        .finish()
}

/// Asks about one domain, with flags where the procedure has some.
pub(crate) fn domain_args(domain: &Domain, flags: Option<u32>) -> Vec<u8> {
    let encoder = domain.encode(Encoder::new());
    match flags {
        Some(flags) => encoder.u32(flags).finish(),
        None => encoder.finish(),
    }
}

/// Asks for all domains, shut off ones too.
pub(crate) fn list_args() -> Vec<u8> {
    let (need_results, every_one) = (1, 0);
    Encoder::new().i32(need_results).u32(every_one).finish()
}

/// Asks for statistics of these domains; of all if there are none.
pub(crate) fn stats_args<'a>(
    domains: impl ExactSizeIterator<Item = &'a Domain>,
    groups: u32,
    flags: u32,
) -> Vec<u8> {
    let mut encoder = Encoder::new().u32(domains.len() as u32);
    for domain in domains {
        encoder = domain.encode(encoder);
    }
    encoder.u32(groups).u32(flags).finish()
}

/// Asks for one kind of event, of all domains.
pub(crate) fn event_args(event: i32) -> Vec<u8> {
    let no_domain = 0;
    Encoder::new().i32(event).u32(no_domain).finish()
}

/// Whether the socket lets in who does not authenticate.
///
/// # Errors
///
/// If the payload is anything else.
pub fn auth_is_open(payload: &[u8]) -> Result<bool, XdrError> {
    const NONE: u32 = 0;
    let mut decoder = Decoder::new(payload);
    let mut open = false;
    let count = decoder.count(MAX_AUTH_TYPES, 4)?;
    for _ in 0..count {
        open |= decoder.u32()? == NONE;
    }
    decoder.end()?;
    Ok(open || count == 0)
}

/// All domains.
///
/// # Errors
///
/// If the payload is not a list of domains.
pub fn domains(payload: &[u8]) -> Result<Vec<Domain>, XdrError> {
    let mut decoder = Decoder::new(payload);
    let count = decoder.count(MAX_DOMAINS, LEAST_DOMAIN)?;
    let mut domains = Vec::with_capacity(count);
    for _ in 0..count {
        domains.push(Domain::decode(&mut decoder)?);
    }
    // How many there are, once more.
    decoder.u32()?;
    decoder.end()?;
    Ok(domains)
}

/// Statistics by domain: `each` is called for a domain, then for its parameters.
pub(crate) fn each_record<'a, T>(
    payload: &'a [u8],
    mut begin: impl FnMut(Domain) -> T,
    mut param: impl FnMut(&mut T, &'a [u8], Value<'a>) -> Result<(), XdrError>,
) -> Result<Vec<T>, XdrError> {
    let mut decoder = Decoder::new(payload);
    let count = decoder.count(MAX_DOMAINS, LEAST_DOMAIN + 4)?;
    let mut records = Vec::new();
    for _ in 0..count {
        let mut record = begin(Domain::decode(&mut decoder)?);
        each_param(&mut decoder, |field, value| {
            param(&mut record, field, value)
        })?;
        records.push(record);
    }
    decoder.end()?;
    Ok(records)
}

/// What keeps a domain's monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ControlState {
    /// Nothing.
    Free,
    /// A job that runs beside, a migration say; it leaves gaps.
    Job,
    /// One command, which has not been answered.
    Occupied,
    /// It is broken.
    Error,
}

/// Whether a domain can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlInfo {
    /// What keeps its monitor.
    pub state: ControlState,
    /// For how long, in milliseconds.
    pub for_ms: u64,
}

/// Whether a domain can be asked.
///
/// # Errors
///
/// If the payload is no such answer.
pub fn control_info(payload: &[u8]) -> Result<ControlInfo, XdrError> {
    let mut decoder = Decoder::new(payload);
    let state = match decoder.u32()? {
        0 => ControlState::Free,
        1 => ControlState::Job,
        2 => ControlState::Occupied,
        _ => ControlState::Error,
    };
    let _details = decoder.u32()?;
    let for_ms = decoder.u64()?;
    decoder.end()?;
    Ok(ControlInfo { state, for_ms })
}

/// A yes or no that is a word.
///
/// # Errors
///
/// If the payload is anything else.
pub fn flag(payload: &[u8]) -> Result<bool, XdrError> {
    let mut decoder = Decoder::new(payload);
    let flag = decoder.i32()? != 0;
    decoder.end()?;
    Ok(flag)
}

/// A text alone.
///
/// # Errors
///
/// If the payload is anything else.
pub fn text(payload: &[u8]) -> Result<&[u8], XdrError> {
    let mut decoder = Decoder::new(payload);
    let text = decoder.text()?;
    decoder.end()?;
    Ok(text)
}

/// A job: its type by number, and its parameters into `each`.
pub(crate) fn job<'a>(
    payload: &'a [u8],
    mut each: impl FnMut(&'a [u8], Value<'a>) -> Result<(), XdrError>,
) -> Result<i32, XdrError> {
    let mut decoder = Decoder::new(payload);
    let kind = decoder.i32()?;
    each_param_of(&mut decoder, MAX_JOB_PARAMS, &mut each)?;
    decoder.end()?;
    Ok(kind)
}

/// The event of a job that ended: whose, and its parameters into `each`.
pub(crate) fn job_event<'a>(
    payload: &'a [u8],
    mut each: impl FnMut(&'a [u8], Value<'a>) -> Result<(), XdrError>,
) -> Result<Domain, XdrError> {
    let mut decoder = Decoder::new(payload);
    let _callback = decoder.i32()?;
    let domain = Domain::decode(&mut decoder)?;
    each_param_of(&mut decoder, MAX_JOB_PARAMS, &mut each)?;
    decoder.end()?;
    Ok(domain)
}
