//! A libvirt daemon of a few hundred lines: it has as many domains as a test likes, guests that hang
//! as real ones do, and bad manners on request.

use std::collections::VecDeque;
use std::io::Write;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use novacron_collectors::libvirt::frame::{FrameKind, Header, REMOTE_PROGRAM, read_frame};
use novacron_collectors::libvirt::protocol::{Procedure, groups};
use novacron_collectors::libvirt::xdr::{Decoder, Encoder, XdrError};

/// A domain of the daemon.
#[derive(Clone, Debug)]
pub(crate) struct Fake {
    pub(crate) name: Vec<u8>,
    pub(crate) uuid: [u8; 16],
    /// Below 0: it is shut off.
    pub(crate) id: i32,
    pub(crate) state: i32,
    pub(crate) reason: i32,
    pub(crate) cpu_ns: u64,
    pub(crate) disks: u32,
    pub(crate) interfaces: u32,
    pub(crate) autostart: bool,
    /// Whether the channel of its agent is connected; none: it has no such channel.
    pub(crate) agent: Option<bool>,
    /// When the guest last reported its memory; 0: never.
    pub(crate) reported: u64,
    /// Its hypervisor answers nobody.
    pub(crate) hung: bool,
    /// Since when a call waits for it.
    pub(crate) occupied: Option<Instant>,
    /// The type of its job, and the numbers.
    pub(crate) job: (i32, Params),
    /// The same of the last one that completed.
    pub(crate) completed: (i32, Params),
}

pub(crate) type Params = Vec<(String, Param)>;

#[derive(Clone, Debug)]
pub(crate) enum Param {
    Int(i32),
    Uint(u32),
    Ulong(u64),
    Bool(bool),
    Text(Vec<u8>),
}

impl Fake {
    pub(crate) fn running(number: u32) -> Self {
        let mut uuid = [0xab; 16];
        uuid[12..].copy_from_slice(&number.to_be_bytes());
        Self {
            name: format!("vm{number:04}").into_bytes(),
            uuid,
            id: number as i32 + 1,
            state: 1,
            reason: 1,
            cpu_ns: 1_000_000_000,
            disks: 2,
            interfaces: 2,
            autostart: true,
            agent: Some(true),
            reported: 1_700_000_000,
            hung: false,
            occupied: None,
            job: (0, Vec::new()),
            completed: (0, Vec::new()),
        }
    }

    pub(crate) fn shut_off(number: u32) -> Self {
        Self {
            id: -1,
            state: 5,
            reason: 2,
            autostart: false,
            ..Self::running(number)
        }
    }

    fn encode(&self, encoder: Encoder) -> Encoder {
        encoder.text(&self.name).raw(&self.uuid).i32(self.id)
    }

    /// Its statistics: those that need its monitor only if `monitor` is free.
    fn params(&self, asked: u32, monitor: bool) -> Params {
        let mut params = Params::new();
        let mut ulong = |field: &str, value: u64| {
            params.push((field.to_owned(), Param::Ulong(value)));
        };
        let active = self.id >= 0;
        if asked & groups::CPU_TOTAL != 0 && active {
            ulong("cpu.time", self.cpu_ns);
            ulong("cpu.user", self.cpu_ns / 2);
            ulong("cpu.system", self.cpu_ns / 4);
        }
        if asked & groups::BALLOON != 0 {
            ulong("balloon.current", 1 << 20);
            ulong("balloon.maximum", 2 << 20);
            if active && monitor {
                ulong("balloon.rss", 1 << 19);
                ulong("balloon.last-update", self.reported);
                for (field, value) in [
                    ("swap_in", 4),
                    ("swap_out", 8),
                    ("major_fault", 5),
                    ("minor_fault", 500),
                    ("unused", 1000),
                    ("available", 4000),
                    ("usable", 3000),
                    ("disk_caches", 2000),
                ] {
                    ulong(&format!("balloon.{field}"), value);
                }
            }
        }
        if asked & groups::BLOCK != 0 && active && monitor {
            for disk in 0..self.disks {
                let field = |field| format!("block.{disk}.{field}");
                for (number, name) in [
                    "rd.reqs", "rd.bytes", "rd.times", "wr.reqs", "wr.bytes", "wr.times",
                    "fl.reqs", "fl.times", "capacity", "physical",
                ]
                .into_iter()
                .enumerate()
                {
                    ulong(&field(name), 1000 * (u64::from(disk) + 1) + number as u64);
                }
            }
        }
        if asked & groups::INTERFACE != 0 && active {
            for interface in 0..self.interfaces {
                for way in ["rx", "tx"] {
                    for (number, name) in ["bytes", "pkts", "errs", "drop"].into_iter().enumerate()
                    {
                        ulong(&format!("net.{interface}.{way}.{name}"), number as u64);
                    }
                }
            }
        }
        if asked & groups::STATE != 0 {
            params.push(("state.state".to_owned(), Param::Int(self.state)));
            params.push(("state.reason".to_owned(), Param::Int(self.reason)));
        }
        if asked & groups::VCPU != 0 {
            params.push(("vcpu.current".to_owned(), Param::Uint(2)));
            params.push(("vcpu.maximum".to_owned(), Param::Uint(4)));
            for vcpu in 0..if active { 2 } else { 0 } {
                for name in ["time", "wait", "delay"] {
                    let value = Param::Ulong(self.cpu_ns / 4);
                    params.push((format!("vcpu.{vcpu}.{name}"), value));
                }
            }
        }
        if asked & groups::BLOCK != 0 && active {
            for disk in 0..self.disks {
                let name = format!("vd{}", char::from(b'a' + disk as u8));
                params.push((format!("block.{disk}.name"), Param::Text(name.into())));
            }
        }
        if asked & groups::INTERFACE != 0 && active {
            for interface in 0..self.interfaces {
                let name = format!("vnet{}-{interface}", self.id);
                params.push((format!("net.{interface}.name"), Param::Text(name.into())));
            }
        }
        params
    }

    fn xml(&self) -> String {
        let channel = self.agent.map_or(String::new(), |connected| {
            let state = if connected {
                "connected"
            } else {
                "disconnected"
            };
            format!(
                "<channel type='unix'><target type='virtio' \
                 name='org.qemu.guest_agent.0' state='{state}'/></channel>"
            )
        });
        format!("<domain type='kvm'><devices>{channel}</devices></domain>")
    }
}

/// Bad manners, for one procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trick {
    /// Half of the answer, then nothing more.
    HalfFrame,
    /// A length that no frame has, then nothing more.
    HugeLength,
    /// A length that a frame may have, and a megabyte a second of it.
    LongAndSlow,
    /// An error.
    Error,
    /// An event, a ping, an answer to another call and one of another program before the answer.
    Chatter,
    /// Nothing at all.
    Silence,
    /// The answer, a byte at a time.
    ByteByByte,
    /// The answer to a call that nobody made.
    OtherSerial,
    /// The answer to another procedure.
    OtherProcedure,
    /// Bytes that are none of the protocol's.
    Noise,
    /// The end of the connection.
    HangUp,
}

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) domains: Vec<Fake>,
    pub(crate) trick: Option<(Procedure, Trick)>,
    /// Payloads of events that job ends are told with, before the next answer.
    pub(crate) events: VecDeque<Vec<u8>>,
    /// How often each procedure was called, and about how many domains at once.
    pub(crate) calls: Vec<(u32, usize)>,
    /// Answers that are sent as they were recorded, by procedure.
    pub(crate) recorded: Vec<(u32, Vec<u8>)>,
    stopped: bool,
}

/// The daemon; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    folder: tempfile::TempDir,
    world: Arc<Mutex<World>>,
}

impl Server {
    pub(crate) fn with(domains: Vec<Fake>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("libvirt-sock-ro")).unwrap();
        let world = Arc::new(Mutex::new(World {
            domains,
            ..World::default()
        }));
        let shared = Arc::clone(&world);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if lock(&shared).stopped {
                    return;
                }
                let shared = Arc::clone(&shared);
                // One that ends is one whose client has gone.
                thread::spawn(move || stream.ok().and_then(|stream| serve(stream, &shared)));
            }
        });
        Self { folder, world }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("libvirt-sock-ro")
    }

    /// A folder that ends with the daemon.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    pub(crate) fn play(&self, procedure: Procedure, trick: Trick) {
        self.world().trick = Some((procedure, trick));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.world().stopped = true;
        let _ = UnixStream::connect(self.socket());
    }
}

fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(mut stream: UnixStream, world: &Mutex<World>) -> Option<()> {
    let mut frame = Vec::new();
    loop {
        read_frame(&mut stream, &mut frame).ok()?;
        let (call, args) = Header::split(&frame).ok()?;
        if call.program != REMOTE_PROGRAM {
            continue;
        }
        let reply = Header {
            kind: FrameKind::Reply,
            ..call
        };
        let answer = answer(call.procedure, args, world)?;
        let (failed, payload) = match answer {
            Ok(payload) => (false, payload),
            Err(code) => (true, error(code)),
        };
        let reply = Header { failed, ..reply };
        for event in std::mem::take(&mut lock(world).events) {
            stream.write_all(&event_header().frame(&event)).ok()?;
        }
        let trick = lock(world)
            .trick
            .filter(|(procedure, _)| *procedure as u32 == call.procedure);
        match trick {
            Some((_, trick)) => misbehave(&mut stream, trick, reply, &payload)?,
            None => stream.write_all(&reply.frame(&payload)).ok()?,
        }
    }
}

fn event_header() -> Header {
    Header {
        program: REMOTE_PROGRAM,
        procedure: Procedure::DomainEventCallbackJobCompleted as u32,
        kind: FrameKind::Event,
        serial: 0,
        failed: false,
    }
}

fn misbehave(stream: &mut UnixStream, trick: Trick, reply: Header, payload: &[u8]) -> Option<()> {
    let whole = reply.frame(payload);
    let other = Header {
        serial: reply.serial ^ 0x55,
        ..reply
    };
    match trick {
        Trick::HalfFrame => stream.write_all(&whole[..whole.len() / 2]).ok()?,
        Trick::HugeLength => stream.write_all(&u32::MAX.to_be_bytes()).ok()?,
        Trick::LongAndSlow => {
            stream.write_all(&(32_u32 << 20).to_be_bytes()).ok()?;
            for _ in 0..32 {
                stream.write_all(&[0; 1 << 16]).ok()?;
                thread::sleep(Duration::from_millis(60));
            }
        }
        Trick::Error => {
            let failed = Header {
                failed: true,
                ..reply
            };
            stream.write_all(&failed.frame(&error(1))).ok()?;
        }
        Trick::Chatter => {
            let keepalive = Header {
                program: 0x6b65_6570,
                procedure: 1,
                kind: FrameKind::Event,
                serial: 0,
                failed: false,
            };
            let stranger = Header {
                program: 7,
                ..reply
            };
            let event = Header {
                procedure: 318,
                ..event_header()
            };
            for before in [event, keepalive, other, stranger] {
                stream.write_all(&before.frame(payload)).ok()?;
            }
            stream.write_all(&whole).ok()?;
        }
        Trick::Silence => {}
        Trick::ByteByByte => {
            for byte in whole {
                stream.write_all(&[byte]).ok()?;
                thread::sleep(Duration::from_millis(1));
            }
        }
        Trick::OtherSerial => stream.write_all(&other.frame(payload)).ok()?,
        Trick::OtherProcedure => {
            let procedure = reply.procedure + 1;
            stream
                .write_all(&Header { procedure, ..reply }.frame(payload))
                .ok()?;
        }
        Trick::Noise => stream.write_all(&reply.frame(&[0xff; 64])).ok()?,
        Trick::HangUp => return None,
    }
    Some(())
}

/// The payload of the answer, or the number of an error; none if the daemon ends meanwhile.
fn answer(procedure: u32, args: &[u8], world: &Mutex<World>) -> Option<Result<Vec<u8>, i32>> {
    let is = |known: Procedure| known as u32 == procedure;
    let recorded = |world: &World| {
        let found = world.recorded.iter().find(|(of, _)| *of == procedure);
        found.map(|(_, payload)| payload.clone())
    };
    let known = recorded(&lock(world));
    if let Some(payload) = known {
        return Some(Ok(payload));
    }
    if is(Procedure::ConnectGetAllDomainStats) {
        return stats(args, world).map(Ok);
    }
    let mut world = lock(world);
    world.calls.push((procedure, 1));
    let mut decoder = Decoder::new(args);
    let mut about = || -> Result<Fake, i32> {
        let uuid = domain(&mut decoder).map_err(|_| 39)?;
        let found = world.domains.iter().find(|domain| domain.uuid == uuid);
        found.cloned().ok_or(42)
    };
    Some(if is(Procedure::AuthList) {
        Ok(Encoder::new().u32(1).u32(0).finish())
    } else if is(Procedure::ConnectOpen) || is(Procedure::ConnectClose) {
        Ok(Vec::new())
    } else if is(Procedure::ConnectGetLibVersion) {
        Ok(9_001_002_u64.to_be_bytes().to_vec())
    } else if is(Procedure::ConnectListAllDomains) {
        let count = world.domains.len() as u32;
        let list = Encoder::new().u32(count);
        let list = world
            .domains
            .iter()
            .fold(list, |list, domain| domain.encode(list));
        Ok(list.u32(count).finish())
    } else if is(Procedure::DomainGetControlInfo) {
        about().and_then(|domain| {
            let held = domain
                .occupied
                .map(|since| since.elapsed().as_millis() as u64);
            let state = if held.is_some() { 2 } else { 0 };
            let info = Encoder::new().u32(state).u32(0);
            let info = info.raw(&held.unwrap_or(0).to_be_bytes()).finish();
            if domain.id >= 0 { Ok(info) } else { Err(55) }
        })
    } else if is(Procedure::DomainGetAutostart) {
        about().map(|domain| Encoder::new().i32(domain.autostart.into()).finish())
    } else if is(Procedure::DomainGetXmlDesc) {
        about().map(|domain| Encoder::new().text(domain.xml().as_bytes()).finish())
    } else if is(Procedure::DomainGetJobStats) {
        about().map(|domain| {
            let completed = decoder.u32() == Ok(3);
            let (kind, params) = if completed {
                domain.completed
            } else {
                domain.job
            };
            encode(&params, Encoder::new().i32(kind)).finish()
        })
    } else if is(Procedure::ConnectDomainEventCallbackRegisterAny) {
        Ok(Encoder::new().i32(1).finish())
    } else {
        Err(3)
    })
}

fn stats(args: &[u8], world: &Mutex<World>) -> Option<Vec<u8>> {
    let mut decoder = Decoder::new(args);
    let count = decoder.u32().ok()?;
    let asked: Vec<_> = (0..count)
        .map(|_| domain(&mut decoder))
        .collect::<Result<_, _>>()
        .ok()?;
    let groups = decoder.u32().ok()?;
    let waits = groups & !(groups::STATE | groups::INTERFACE) != 0;
    let all: Vec<_> = lock(world)
        .domains
        .iter()
        .map(|domain| domain.uuid)
        .collect();
    let asked = if asked.is_empty() { all } else { asked };
    let number = Procedure::ConnectGetAllDomainStats as u32;
    lock(world).calls.push((number, asked.len()));
    let mut records = Vec::new();
    for uuid in asked {
        let mut monitor = true;
        let mut took = false;
        loop {
            let mut world = lock(world);
            if world.stopped {
                return None;
            }
            let Some(domain) = world.domains.iter_mut().find(|domain| domain.uuid == uuid) else {
                break;
            };
            if waits && domain.hung && domain.id >= 0 {
                if domain.occupied.is_none() || took {
                    // As with a real one: nobody held its job, so this call does, and waits.
                    domain.occupied.get_or_insert_with(Instant::now);
                    took = true;
                    drop(world);
                    thread::sleep(Duration::from_millis(2));
                    continue;
                }
                monitor = false;
            }
            if took {
                domain.occupied = None;
            }
            records.push((domain.clone(), domain.params(groups, monitor)));
            break;
        }
    }
    let answer = Encoder::new().u32(records.len() as u32);
    let answer = records.iter().fold(answer, |answer, (domain, params)| {
        encode(params, domain.encode(answer))
    });
    Some(answer.finish())
}

fn domain(decoder: &mut Decoder<'_>) -> Result<[u8; 16], XdrError> {
    decoder.text()?;
    let uuid = decoder.array()?;
    decoder.i32()?;
    Ok(uuid)
}

pub(crate) fn encode(params: &Params, encoder: Encoder) -> Encoder {
    let encoder = encoder.u32(params.len() as u32);
    params.iter().fold(encoder, |encoder, (field, value)| {
        let encoder = encoder.text(field.as_bytes());
        match value {
            Param::Int(value) => encoder.u32(1).i32(*value),
            Param::Uint(value) => encoder.u32(2).u32(*value),
            Param::Ulong(value) => encoder.u32(4).raw(&value.to_be_bytes()),
            Param::Bool(value) => encoder.u32(6).i32((*value).into()),
            Param::Text(value) => encoder.u32(7).text(value),
        }
    })
}

/// The payload of the event that tells of a job's end.
pub(crate) fn job_event(domain: &Fake, params: &Params) -> Vec<u8> {
    encode(params, domain.encode(Encoder::new().i32(1))).finish()
}

fn error(code: i32) -> Vec<u8> {
    let none = 0;
    Encoder::new()
        .i32(code)
        .i32(10)
        .u32(1)
        .text(format!("made-up error {code}").as_bytes())
        .i32(2)
        .u32(none)
        .u32(none)
        .u32(none)
        .u32(none)
        .i32(0)
        .i32(0)
        .u32(none)
        .finish()
}
