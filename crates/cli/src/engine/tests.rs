use super::*;
use nauthera_core::codes::Code;
use nauthera_core::time::UnixTime;
use std::fs;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::time::Duration;

const SERVER: &str = include_str!("fixtures/server.yaml");
const ROBOT: &str = include_str!("fixtures/robot.yaml");

struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> UnixTime {
        UnixTime(self.0.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

struct World {
    folder: tempfile::TempDir,
    clock: Arc<Hand>,
    engine: Engine,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Hand(AtomicI64::new(1_000_000)));
        let data = DataFolder::open(folder.path()).unwrap();
        let entropy = Arc::new(Counting(AtomicU8::new(1)));
        let engine = Engine::new(data, &[7; 32], Choice::default(), clock.clone(), entropy).unwrap();
        Self { folder, clock, engine }
    }

    /// Another process on the same data folder.
    fn restarted(self) -> Self {
        let Self { folder, clock, engine } = self;
        drop(engine);
        let data = DataFolder::open(folder.path()).unwrap();
        let entropy = Arc::new(Counting(AtomicU8::new(100)));
        let engine = Engine::new(data, &[7; 32], Choice::default(), clock.clone(), entropy).unwrap();
        Self { folder, clock, engine }
    }

    fn look(&mut self, texts: &[&str]) -> Turn {
        let named = |(number, text): (usize, &&str)| (format!("{number}.yaml"), (*text).to_owned());
        let turn = self.engine.turn(&Manifests::from_texts(texts.iter().enumerate().map(named).collect()));
        self.engine.keep(&turn).unwrap();
        turn
    }

    fn wait(&mut self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::Relaxed);
        self.engine.tidy().unwrap();
    }

    fn secret(&self) -> Option<String> {
        fs::read_to_string(self.folder.path().join("secrets/shop/credentials-of-robot/client_secret")).ok()
    }

    fn records(&self) -> String {
        fs::read_to_string(self.folder.path().join("credentials/records.json")).unwrap()
    }
}

fn served(turn: &Turn) -> usize {
    turn.snapshot.as_ref().unwrap().clients.len()
}

#[test]
fn what_is_kept_of_a_client_outlives_it_by_an_hour() {
    let mut world = World::new();
    assert_eq!(served(&world.look(&[SERVER, ROBOT])), 1);
    let secret = world.secret();
    assert!(secret.is_some());
    assert_eq!(served(&world.look(&[SERVER])), 0);
    world.wait(3_599);
    assert_eq!(served(&world.look(&[SERVER, ROBOT])), 1);
    assert_eq!(world.secret(), secret);
    assert_eq!(served(&world.look(&[SERVER])), 0);
    world.wait(3_599);
    assert_eq!(world.secret(), secret);
    world.wait(1);
    assert_eq!(world.secret(), None);
    assert!(!world.records().contains("robot"), "{}", world.records());
    world.look(&[SERVER, ROBOT]);
    assert!(world.secret().is_some() && world.secret() != secret);
}

#[test]
fn the_hour_ends_at_no_time_when_not_everything_can_be_read() {
    let mut world = World::new();
    world.look(&[SERVER, ROBOT]);
    world.look(&[SERVER]);
    world.look(&[SERVER, "a: ["]);
    world.wait(10_000);
    assert!(world.secret().is_some());
    world.look(&[SERVER]);
    assert_eq!(world.secret(), None);
}

#[test]
fn a_client_whose_manifest_is_not_accepted_keeps_the_secret_of_its_own_name() {
    let mut world = World::new();
    world.look(&[SERVER, ROBOT]);
    let secret = world.secret();
    let turn = world.look(&[SERVER, &ROBOT.replace("type: service", "type: servise")]);
    assert_eq!((served(&turn), world.secret()), (1, secret));
}

#[test]
fn a_frozen_server_of_which_nothing_is_known_is_not_kept_as_published() {
    let faulty = SERVER.replace("15m", "15x");
    let mut world = World::new();
    let turn = world.look(&[&faulty, ROBOT]);
    assert!(turn.hollow && turn.is_frozen() && served(&turn) == 0);
    assert!(world.look(&[&faulty, ROBOT]).hollow);
    assert!(!world.look(&[SERVER, ROBOT]).hollow);
    let turn = world.look(&[&faulty, ROBOT]);
    assert!(!turn.hollow && turn.is_frozen() && served(&turn) == 1);
}

#[test]
fn a_looser_copy_of_a_policy_that_is_read_first_freezes_and_is_not_served() {
    let mut world = World::new();
    let before = world.look(&[SERVER, ROBOT]).snapshot;
    let copy = SERVER.split("---\n").nth(1).unwrap().replace("15m", "12h");
    let turn = world.look(&[&copy, SERVER, ROBOT]);
    assert!(turn.is_frozen() && turn.snapshot == before);
    assert!(!world.look(&[SERVER, ROBOT]).is_frozen());
}

/// Another client that asks for the Secret of the robot.
fn rival(name: &str) -> String {
    ROBOT.replace("name: robot", &format!("name: {name}"))
}

#[test]
fn a_second_client_with_one_secret_waits_and_never_writes_there() {
    let mut world = World::new();
    world.look(&[SERVER, ROBOT]);
    let (secret, records) = (world.secret(), world.records());
    // It is the first by name, and the Secret is the robot's already.
    let turn = world.look(&[SERVER, ROBOT, &rival("android")]);
    assert_eq!(turn.conflicts, BTreeSet::from([ObjectRef::new("shop", "android")]));
    assert_eq!((served(&turn), world.secret(), world.records()), (1, secret.clone(), records));
    let client_id = world.folder.path().join("secrets/shop/credentials-of-robot/client_id");
    assert_eq!(fs::read_to_string(client_id).unwrap(), "shop.robot");
    // The robot takes another name, and the other one has what it asked for.
    let turn = world.look(&[SERVER, &ROBOT.replace("credentials-of-robot", "elsewhere"), &rival("android")]);
    assert!(served(&turn) == 2 && world.secret().is_some() && world.secret() != secret);
}

#[test]
fn a_frozen_client_that_takes_the_name_of_anothers_secret_writes_nothing_there() {
    let other = rival("zander").replace("credentials-of-robot", "of-zander");
    let faulty = SERVER.replace("15m", "15x");
    let mut world = World::new();
    world.look(&[SERVER, ROBOT, &other]);
    let secret = world.secret();
    let own = world.folder.path().join("secrets/shop/of-zander/client_secret");
    let before = fs::read(&own).unwrap();
    let turn = world.look(&[&faulty, ROBOT, &rival("zander")]);
    assert!(turn.is_frozen() && served(&turn) == 2);
    assert_eq!((world.secret(), fs::read(&own).unwrap()), (secret, before));
}

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {namespace: shop, name: own, labels: {auth.nauthera.io/client: robot}}\n\
                      stringData: {client_secret: brought-brought-brought-brought-1}\n";

/// The robot, which brings its own secret.
fn bringing() -> String {
    format!("{ROBOT}  existingSecretRef: {{name: own}}\n")
}

fn secrets_of(turn: &Turn) -> usize {
    turn.snapshot.as_ref().unwrap().clients.values().map(|row| row.secrets.len()).sum()
}

/// What is told of the Secret that the robot brings.
fn told(turn: &Turn) -> Vec<Code> {
    let report = turn.compiled.report.findings();
    report.chain(&turn.findings).map(|finding| finding.code).collect()
}

#[test]
fn a_secret_that_was_made_here_is_not_the_one_that_a_client_brings() {
    let mut world = World::new();
    world.look(&[SERVER, ROBOT]);
    let turn = world.look(&[SERVER, &bringing()]);
    assert_eq!((served(&turn), told(&turn)), (0, vec![Code::SecretMissing]));
    // Once it is there the one that was made ends one overlap later.
    let turn = world.look(&[SERVER, &bringing(), SECRET]);
    assert_eq!((served(&turn), secrets_of(&turn), told(&turn)), (1, 2, vec![]));
}

#[test]
fn a_brought_secret_that_goes_or_becomes_too_short_goes_on_and_is_told_each_time() {
    let mut world = World::new();
    let before = world.look(&[SERVER, &bringing(), SECRET]).snapshot;
    for (secret, code) in [
        ("", Code::SecretMissing),
        (&*SECRET.replace("brought-brought-brought-brought-1", "short"), Code::SecretUnusable),
        (&SECRET.replace("client: robot", "client: other"), Code::SecretUnusable),
        (&format!("{SECRET}---\n{}", SECRET.replace("-1", "-2")), Code::SecretUnusable),
    ] {
        for _ in 0..2 {
            let turn = world.look(&[SERVER, &bringing(), secret]);
            assert_eq!((&turn.snapshot, told(&turn)), (&before, vec![code]), "{secret}");
        }
    }
    assert_eq!(told(&world.look(&[SERVER, &bringing(), "a: ["])), []);
    assert_eq!(told(&world.look(&[SERVER, &bringing(), SECRET])), []);
}

#[test]
fn what_a_client_brought_is_known_after_a_restart() {
    let mut world = World::new();
    let before = world.look(&[SERVER, &bringing(), SECRET]).snapshot;
    let mut world = world.restarted();
    let turn = world.look(&[SERVER, &bringing()]);
    assert_eq!((&turn.snapshot, told(&turn)), (&before, vec![Code::SecretMissing]));
}

#[test]
fn a_frozen_server_serves_on_and_tells_of_the_secret_that_is_missing() {
    let mut world = World::new();
    let before = world.look(&[SERVER, ROBOT]).snapshot;
    let turn = world.look(&[&SERVER.replace("15m", "15x"), &bringing()]);
    assert!(turn.snapshot == before && told(&turn).contains(&Code::SecretMissing), "{:?}", told(&turn));
}

#[test]
fn a_restart_while_the_servers_own_file_cannot_be_read_serves_what_was_kept() {
    let mut world = World::new();
    let before = world.look(&[SERVER, ROBOT]).snapshot;
    let mut world = world.restarted();
    let turn = world.look(&["a: [", ROBOT]);
    assert_eq!((turn.server, &turn.snapshot), (Some(ObjectRef::new("identity", "main")), &before));
    // Another server that can be read does not take its place.
    let other = SERVER.replace("name: main", "name: other").replace("id.example", "other.example");
    let turn = world.look(&["a: [", &other, ROBOT]);
    assert_eq!((turn.server, &turn.snapshot), (Some(ObjectRef::new("identity", "main")), &before));
}

#[test]
fn where_nothing_was_kept_it_is_not_said_that_there_is_no_server() {
    let turn = World::new().look(&["a: [", ROBOT]);
    assert_eq!(turn.findings[0].message, "no AuthServer can be read here");
    assert_eq!(World::new().look(&[ROBOT]).findings[0].message, "there is no AuthServer here");
}

#[test]
fn an_equal_snapshot_is_not_written_again() {
    let mut world = World::new();
    let path = world.folder.path().join("snapshot.json");
    world.look(&[SERVER, ROBOT]);
    let written = || std::os::unix::fs::MetadataExt::ino(&fs::metadata(&path).unwrap());
    let first = written();
    world.look(&[SERVER, ROBOT]);
    assert_eq!(written(), first);
    world.look(&[SERVER]);
    assert_ne!(written(), first);
}
