//! What replicas have said, and what follows for a change that waits to be live. Pure: times and answers are arguments.

use nauthera_core::snapshot::Revision;
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

/// Publications whose revisions are remembered. A replica that serves an older one counts as serving none.
const REMEMBERED: usize = 4_096;

/// A pod behind the Service of a server, as an EndpointSlice has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pod {
    /// The pod's name.
    pub name: Arc<str>,
    /// Where it is reached.
    pub address: IpAddr,
    /// Is it ready?
    pub ready: bool,
}

/// What a replica answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The revision that it serves; `None` while it waits for the first one that it can.
    pub revision: Option<Revision>,
    /// The formats of Snapshots that it reads.
    pub formats: Vec<u32>,
    /// The UserStore that it uses.
    pub store: Option<SaidOfStore>,
}

/// What a replica says of its UserStore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidOfStore {
    /// `namespace/name`.
    pub name: Arc<str>,
    /// Why people cannot log in by it; `None` when they can.
    pub fault: Option<Arc<str>>,
}

/// What a replica said last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replica {
    /// The publication that it serves; `None` where it serves one that is not known, or has not answered yet.
    pub sequence: Option<u64>,
    /// The revision by its own word.
    pub revision: Option<Revision>,
    /// The formats of Snapshots that it reads.
    pub formats: Vec<u32>,
    /// What it says of its UserStore.
    pub store: Option<SaidOfStore>,
    /// Why the last question had no answer, where it had none.
    pub silent: Option<String>,
}

/// How far a server's replicas are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Live {
    /// The oldest publication that a ready replica serves. `None`: there is no ready replica, so there is nothing to wait for.
    pub floor: Option<u64>,
    /// Ready replicas.
    pub ready: usize,
    /// Ready replicas that serve the newest publication.
    pub newest: usize,
    /// Ready replicas that do not serve it, by name.
    pub lagging: Vec<Arc<str>>,
    /// Was a ready replica not yet asked? Then nobody knows how far it is.
    pub unasked: bool,
}

impl Live {
    /// Does every ready replica serve this publication, or a later one?
    #[must_use]
    pub fn has(&self, sequence: u64) -> bool {
        self.floor.is_none_or(|floor| floor >= sequence)
    }
}

/// The replicas of one server.
#[derive(Debug, Default)]
pub struct Replicas {
    pods: BTreeMap<Arc<str>, (Pod, Replica)>,
    published: VecDeque<(u64, Revision)>,
}

impl Replicas {
    /// Notes a publication. It is the newest from now on.
    pub fn published(&mut self, sequence: u64, revision: Revision) {
        if self.published.back() == Some(&(sequence, revision)) {
            return;
        }
        self.published.retain(|(known, _)| *known < sequence);
        if self.published.len() >= REMEMBERED {
            self.published.pop_front();
        }
        self.published.push_back((sequence, revision));
        for (_, replica) in self.pods.values_mut() {
            replica.sequence = replica.revision.and_then(|revision| sequence_of(&self.published, revision));
        }
    }

    /// The newest publication.
    #[must_use]
    pub fn newest(&self) -> Option<(u64, Revision)> {
        self.published.back().copied()
    }

    /// The pods that there are now; whether anything changed.
    pub fn meet(&mut self, pods: Vec<Pod>) -> bool {
        let before = self.pods.len();
        let there: BTreeMap<Arc<str>, Pod> = pods.into_iter().map(|pod| (pod.name.clone(), pod)).collect();
        // Another address is another process: it has said nothing yet.
        self.pods.retain(|name, (pod, _)| there.get(name).is_some_and(|there| there.address == pod.address));
        let mut changed = self.pods.len() != before;
        for (name, pod) in there {
            match self.pods.get_mut(&name) {
                Some((known, _)) if *known == pod => {}
                Some((known, _)) => {
                    *known = pod;
                    changed = true;
                }
                None => {
                    self.pods.insert(name, (pod, Replica::default()));
                    changed = true;
                }
            }
        }
        changed
    }

    /// Notes what a replica said; whether that is news.
    pub fn heard(&mut self, pod: &Pod, answer: Result<Said, String>) -> bool {
        let Some((known, replica)) = self.pods.get_mut(&pod.name) else { return false };
        if known.address != pod.address {
            return false;
        }
        let news = match answer {
            Ok(Said { revision, formats, store }) => {
                let sequence = revision.and_then(|revision| sequence_of(&self.published, revision));
                Replica { sequence, revision, formats, store, silent: None }
            }
            // What it served it serves still, as far as anybody knows; it holds up new changes only.
            Err(why) => Replica { silent: Some(why), ..replica.clone() },
        };
        let changed = *replica != news;
        *replica = news;
        changed
    }

    /// The pods to ask.
    #[must_use]
    pub fn pods(&self) -> Vec<Pod> {
        self.pods.values().map(|(pod, _)| pod.clone()).collect()
    }

    /// What each pod said last.
    pub fn iter(&self) -> impl Iterator<Item = (&Pod, &Replica)> {
        self.pods.values().map(|(pod, replica)| (pod, replica))
    }

    /// How far they are.
    #[must_use]
    pub fn live(&self) -> Live {
        let newest = self.newest().map(|(sequence, _)| sequence);
        let ready: Vec<_> = self.pods.values().filter(|(pod, _)| pod.ready).collect();
        let is_newest = |replica: &Replica| newest.is_some() && replica.sequence == newest;
        let lagging =
            ready.iter().filter(|(_, replica)| !is_newest(replica)).map(|(pod, _)| pod.name.clone());
        Live {
            floor: ready.iter().map(|(_, replica)| replica.sequence.unwrap_or(0)).min(),
            ready: ready.len(),
            newest: ready.iter().filter(|(_, replica)| is_newest(replica)).count(),
            lagging: lagging.collect(),
            unasked: ready.iter().any(|(_, replica)| *replica == Replica::default()),
        }
    }

    /// What ready replicas say of a UserStore: the first that cannot use it, or that they can. `None`: nobody has said anything.
    #[must_use]
    pub fn of_store(&self, name: &str) -> Option<SaidOfStore> {
        let ready = self.pods.values().filter(|(pod, _)| pod.ready);
        let said: Vec<&SaidOfStore> = ready
            .filter_map(|(_, replica)| replica.store.as_ref())
            .filter(|said| &*said.name == name)
            .collect();
        said.iter().find(|said| said.fault.is_some()).or_else(|| said.first()).map(|said| (*said).clone())
    }

    /// The newest format that every replica of these pods reads, of those that this release writes; all of them where nobody has
    /// said anything.
    #[must_use]
    pub fn common_format(&self, written: &[u32], of: impl Fn(&Pod) -> bool) -> Option<u32> {
        let replicas = self.pods.values().filter(|(pod, _)| of(pod)).map(|(_, replica)| &replica.formats);
        let told: Vec<&Vec<u32>> = replicas.filter(|formats| !formats.is_empty()).collect();
        written.iter().copied().filter(|format| told.iter().all(|formats| formats.contains(format))).max()
    }
}

fn sequence_of(known: &VecDeque<(u64, Revision)>, revision: Revision) -> Option<u64> {
    known.iter().rev().find(|(_, known)| *known == revision).map(|(sequence, _)| *sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(n: u8, ready: bool) -> Pod {
        Pod { name: format!("pod-{n}").into(), address: IpAddr::from([10, 0, 0, n]), ready }
    }

    const fn revision(n: u8) -> Revision {
        Revision([n; 32])
    }

    fn said(revision: Revision, formats: Vec<u32>) -> Said {
        Said { revision: Some(revision), formats, store: None }
    }

    fn two() -> Replicas {
        let mut replicas = Replicas::default();
        replicas.published(1, revision(1));
        replicas.published(2, revision(2));
        assert!(replicas.meet(vec![pod(1, true), pod(2, true)]));
        replicas
    }

    #[test]
    fn a_change_is_live_once_every_ready_replica_serves_it() {
        let mut replicas = two();
        assert!(!replicas.live().has(1) && replicas.live().unasked, "nobody has said anything");
        replicas.heard(&pod(1, true), Ok(said(revision(2), vec![1])));
        replicas.heard(&pod(2, true), Ok(said(revision(1), vec![1])));
        let live = replicas.live();
        assert!(live.has(1) && !live.has(2));
        assert_eq!((live.ready, live.newest), (2, 1));
        assert_eq!(live.lagging, ["pod-2".into()]);
        assert!(replicas.heard(&pod(2, true), Ok(said(revision(2), vec![1]))));
        assert!(replicas.live().has(2) && replicas.live().lagging.is_empty());
    }

    #[test]
    fn without_a_ready_replica_there_is_nothing_to_wait_for() {
        let mut replicas = two();
        replicas.meet(vec![pod(1, false)]);
        assert!(replicas.live().has(2));
        replicas.meet(vec![]);
        assert!(replicas.live().has(2));
    }

    #[test]
    fn one_that_falls_silent_keeps_what_it_served_and_holds_up_what_is_new() {
        let mut replicas = two();
        for n in 1..=2 {
            replicas.heard(&pod(n, true), Ok(said(revision(2), vec![1])));
        }
        assert!(replicas.heard(&pod(2, true), Err("no answer within 2 s".into())));
        assert!(replicas.live().has(2));
        replicas.published(3, revision(3));
        replicas.heard(&pod(1, true), Ok(said(revision(3), vec![1])));
        assert!(!replicas.live().has(3) && replicas.live().has(2));
    }

    #[test]
    fn a_pod_with_another_address_is_another_process() {
        let mut replicas = two();
        replicas.heard(&pod(1, true), Ok(said(revision(2), vec![1])));
        let moved = Pod { address: IpAddr::from([10, 0, 0, 9]), ..pod(1, true) };
        replicas.meet(vec![moved]);
        assert!(!replicas.live().has(1));
        assert!(
            !replicas.heard(&pod(1, true), Ok(said(revision(2), vec![1]))),
            "a late answer of the old one"
        );
    }

    #[test]
    fn what_an_unknown_revision_carries_nobody_knows() {
        let mut replicas = two();
        replicas.meet(vec![pod(1, true)]);
        replicas.heard(&pod(1, true), Ok(said(revision(9), vec![1])));
        assert!(!replicas.live().has(1));
        replicas.published(3, revision(9));
        assert!(replicas.live().has(3), "it was heard of before this process knew of it");
    }

    #[test]
    fn the_newest_format_that_all_read_is_written() {
        let mut replicas = two();
        let common = |replicas: &Replicas, written: &[u32]| replicas.common_format(written, |_| true);
        assert_eq!(common(&replicas, &[1, 2]), Some(2));
        replicas.heard(&pod(1, true), Ok(said(revision(2), vec![1, 2])));
        replicas.heard(&pod(2, true), Ok(said(revision(2), vec![1])));
        assert_eq!(common(&replicas, &[1, 2]), Some(1));
        assert_eq!(common(&replicas, &[2]), None);
        replicas.meet(vec![pod(1, true), pod(2, false)]);
        assert_eq!(replicas.common_format(&[1, 2], |pod| pod.ready), Some(2), "of those that are ready");
    }

    #[test]
    fn one_that_waits_for_its_first_snapshot_says_what_it_reads() {
        let mut replicas = two();
        replicas.meet(vec![pod(1, true), pod(2, false)]);
        replicas.heard(&pod(1, true), Ok(said(revision(2), vec![1, 2])));
        replicas.heard(&pod(2, false), Ok(Said { revision: None, formats: vec![1], store: None }));
        assert_eq!(replicas.common_format(&[1, 2], |_| true), Some(1));
        assert!(replicas.live().has(2), "nobody waits for it");
        let asked = replicas.iter().find(|(pod, _)| &*pod.name == "pod-2").unwrap().1.clone();
        assert_eq!((asked.revision, asked.sequence, asked.silent), (None, None, None));
    }

    #[test]
    fn a_store_is_as_good_as_the_ready_replica_that_uses_it_worst() {
        let mut replicas = two();
        assert_eq!(replicas.of_store("auth/people"), None, "nobody has said anything");
        let says = |fault: Option<&str>| {
            let store = SaidOfStore { name: "auth/people".into(), fault: fault.map(Into::into) };
            Ok(Said { store: Some(store), ..said(revision(2), vec![1]) })
        };
        replicas.heard(&pod(1, true), says(None));
        assert_eq!(replicas.of_store("auth/people").unwrap().fault, None);
        assert!(replicas.heard(&pod(2, true), says(Some("no answer"))), "that is news");
        assert_eq!(replicas.of_store("auth/people").unwrap().fault.as_deref(), Some("no answer"));
        assert_eq!(replicas.of_store("auth/others"), None);
        replicas.meet(vec![pod(1, true), pod(2, false)]);
        assert_eq!(replicas.of_store("auth/people").unwrap().fault, None, "it is not ready");
    }
}
