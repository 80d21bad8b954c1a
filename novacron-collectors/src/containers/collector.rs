//! Putting together what the kernel and the runtimes say.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use novacron_telemetry::catalog::ContainerMetrics;
use novacron_telemetry::catalog::container::{ContainerRuntime, ContainerState};
use novacron_telemetry::collect::{CollectError, Collector, Run, Schedule};

use super::discover::{self, Found, Walk};
use super::mounts::{self, Trees};
use super::names::Id;
use super::net::Traffic;
use super::runtime::{Details, Listed};
use super::sockets::Sockets;
use super::usage::{Reader, Usage};
use super::{ContainersSettings, process, publish};
use crate::root::Root;

/// Reads containers; see the [module](super).
#[derive(Debug)]
pub struct ContainersCollector {
    root: Root,
    settings: ContainersSettings,
    sockets: Sockets,
}

/// What one tick found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainersReading {
    pub(super) containers: Vec<Container>,
    /// By runtime and state.
    pub(super) states: Vec<(ContainerRuntime, ContainerState, u64)>,
}

/// One container.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Container {
    /// No other one of this runtime has it.
    pub(super) name: String,
    pub(super) runtime: ContainerRuntime,
    pub(super) id: Id,
    pub(super) state: ContainerState,
    pub(super) image: Option<String>,
    pub(super) started: Option<f64>,
    pub(super) details: Option<Details>,
    pub(super) usage: Usage,
    pub(super) traffic: Option<Traffic>,
}

impl ContainersCollector {
    /// Containers of the host whose root this is.
    #[must_use]
    pub fn new(root: Root, settings: ContainersSettings) -> Self {
        Self {
            root,
            sockets: Sockets::new(&settings),
            settings,
        }
    }

    fn trees(&self) -> Option<Trees> {
        let root = &self.root;
        let prefix = root.path("");
        let prefix = prefix.to_string_lossy();
        // Our own table of mounts is the host's, unless the host's root is somewhere below ours:
        // then it is the one of its first process.
        let own = ["proc/self/mountinfo", "proc/1/mountinfo"];
        let mountinfo = match &*prefix {
            "/" => own,
            _ => [own[1], own[0]],
        }
        .into_iter()
        .find_map(|path| root.text(path).ok())?;
        let cgroups = root.text("proc/cgroups").ok();
        let controllers = |folder: &str| root.text(format!("{folder}/cgroup.controllers")).ok();
        let trees = |prefix| mounts::trees(&mountinfo, cgroups.as_deref(), prefix, controllers);
        // Mount points as the host has them, or as we do.
        let found = trees("/");
        let there = |found: &Trees| found.folders().iter().any(|folder| root.exists(folder));
        match there(&found) || prefix == "/" {
            true => Some(found),
            false => Some(trees(&prefix)),
        }
    }
}

impl Collector for ContainersCollector {
    type Metrics = ContainerMetrics;
    type Reading = ContainersReading;

    const NAME: &'static str = "containers";
    const SCHEDULE: Schedule = Schedule::every(Duration::from_secs(10));

    fn read(&mut self, run: &mut Run) -> Result<ContainersReading, CollectError> {
        let trees = self.trees().unwrap_or_default();
        let folders = trees.folders();
        let mut walk = Walk::default();
        for folder in &folders {
            walk = discover::walk(&self.root, folder);
            if !walk.found.is_empty() {
                break;
            }
        }
        if walk.cut {
            run.skip("control groups", "more than are looked through");
        }
        self.sockets.ask(&self.root, &walk.found, run);
        if folders.is_empty() && !self.sockets.iter().any(|socket| socket.answers) {
            return Err(CollectError::absent(
                "no control groups are mounted, and no runtime answers",
            ));
        }

        let groups: HashMap<&Id, &Found> = walk.found.iter().map(|f| (&f.id, f)).collect();
        let mut draft = Draft::default();
        for socket in self.sockets.iter() {
            let Some(runtime) = &socket.runtime else {
                continue;
            };
            draft.runtime(runtime.kind());
            for listed in socket.book.listed() {
                let group = groups.get(&listed.id).map(|found| found.group.clone());
                let details = socket.book.details(&listed.id);
                draft.listed(runtime.kind(), listed, details, group);
            }
        }
        // Names of containers whose runtime does not answer now are known from before.
        for socket in self.sockets.iter().filter(|socket| !socket.answers) {
            for listed in socket.book.listed() {
                if let Some(found) = groups.get(&listed.id) {
                    let details = socket.book.details(&listed.id);
                    draft.found(found, Some(listed), details);
                }
            }
        }
        for found in &walk.found {
            draft.found(found, None, None);
        }
        let states = draft.states();
        let containers = match self.settings.per_container {
            true => self.measure(&trees, draft, run),
            false => Vec::new(),
        };
        Ok(ContainersReading { containers, states })
    }

    fn publish(reading: &ContainersReading, metrics: &ContainerMetrics) {
        publish::publish(reading, metrics);
    }
}

/// Containers before they are measured.
#[derive(Default)]
struct Draft {
    containers: Vec<(Container, Option<String>)>,
    ids: HashSet<Id>,
    runtimes: HashSet<ContainerRuntime>,
}

impl Draft {
    /// A runtime that says which containers it has: of every state.
    fn runtime(&mut self, runtime: ContainerRuntime) {
        self.runtimes.insert(runtime);
    }

    fn listed(
        &mut self,
        runtime: ContainerRuntime,
        listed: &Listed,
        details: Option<&Details>,
        group: Option<String>,
    ) {
        if !self.ids.insert(listed.id.clone()) {
            return;
        }
        let group = group.or_else(|| {
            let named = details?.cgroup.as_deref()?.trim_start_matches('/');
            (!named.is_empty()).then(|| named.to_owned())
        });
        let container = Container {
            name: listed
                .name
                .clone()
                .unwrap_or_else(|| listed.id.short().to_owned()),
            runtime,
            id: listed.id.clone(),
            state: listed.state,
            image: Some(listed.image.clone()).filter(|image| !image.is_empty()),
            started: details.and_then(|details| details.started),
            details: details.cloned(),
            usage: Usage::default(),
            traffic: None,
        };
        self.containers.push((container, group));
    }

    /// One that has a group: it runs.
    fn found(&mut self, found: &Found, listed: Option<&Listed>, details: Option<&Details>) {
        if !self.ids.insert(found.id.clone()) {
            return;
        }
        let name = listed.and_then(|listed| listed.name.clone());
        let container = Container {
            name: name.unwrap_or_else(|| found.id.short().to_owned()),
            runtime: found.runtime,
            id: found.id.clone(),
            state: ContainerState::Running,
            image: listed.map(|listed| listed.image.clone()),
            started: details.and_then(|details| details.started),
            details: details.cloned(),
            usage: Usage::default(),
            traffic: None,
        };
        self.containers.push((container, Some(found.group.clone())));
    }

    /// How many there are by runtime and state. Of a runtime that was asked, none is none.
    fn states(&self) -> Vec<(ContainerRuntime, ContainerState, u64)> {
        let mut states = BTreeMap::new();
        for runtime in &self.runtimes {
            for state in ContainerState::ALL {
                states.insert((*runtime as u8, *state as u8), (*runtime, *state, 0));
            }
        }
        for (container, _) in &self.containers {
            let Container { runtime, state, .. } = container;
            let (_, _, count) = states
                .entry((*runtime as u8, *state as u8))
                .or_insert((*runtime, *state, 0));
            *count += 1;
        }
        states.into_values().collect()
    }
}

impl ContainersCollector {
    /// Reads the control groups of those that have one, and tells apart those of the same name.
    fn measure(&self, trees: &Trees, draft: Draft, run: &mut Run) -> Vec<Container> {
        let root = &self.root;
        let boot_time = process::boot_time(root);
        let host = process::network_namespace(root, 1);
        let mut networks = HashSet::new();
        let mut names = HashSet::new();
        let mut reader = Reader::new(root, trees);
        let mut containers = Vec::with_capacity(draft.containers.len());
        let folders = trees.folders();
        let mut late = false;
        for (mut container, group) in draft.containers {
            late = late || run.expired();
            let live = matches!(
                container.state,
                ContainerState::Running | ContainerState::Paused
            );
            if let Some(group) = group.filter(|_| live && !late) {
                match reader.read(&group) {
                    Some(usage) => container.usage = usage,
                    // It went between being found and being read. Who is not listed is gone.
                    None if container.details.is_none() => continue,
                    None => {}
                }
                // The kernel's number first: a runtime may count in a namespace of its own.
                let pid = folders
                    .iter()
                    .find_map(|folder| process::first(root, folder, &group))
                    .or_else(|| container.details.as_ref()?.pid);
                if let Some(pid) = pid {
                    if container.started.is_none() {
                        container.started =
                            boot_time.and_then(|boot| process::started(root, pid, boot));
                    }
                    let own = container.details.as_ref().is_none_or(|d| d.own_network);
                    let network = process::network_namespace(root, pid);
                    let new = match &network {
                        Some(network) => {
                            Some(network) != host.as_ref() && networks.insert(network.clone())
                        }
                        // Whether it is the host's cannot be told: the runtime's word is taken.
                        None => container.details.is_some(),
                    };
                    if own && new {
                        container.traffic = process::traffic(root, pid);
                    }
                }
            }
            if !names.insert((container.runtime, container.name.clone())) {
                container.name = format!("{}~{}", container.name, container.id.short());
                names.insert((container.runtime, container.name.clone()));
            }
            containers.push(container);
        }
        if late {
            run.skip("control groups", "the deadline has passed");
        }
        if reader.denied {
            run.skip("control groups", "some files may not be read");
        }
        containers
    }
}
