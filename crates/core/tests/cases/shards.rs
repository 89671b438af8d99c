//! A Snapshot in shards: what is written anew when something changes, and what a reader refuses.

use crate::world::{World, governed};
use flate2::{Compression, write::GzEncoder};
use nauthera_core::grant::ClientType;
use nauthera_core::shards::{
    BadShards, Index, LARGEST_INFLATED, LARGEST_SHARD, Packed, Placement, Unpacked, Unpacker, pack, unpack,
};
use nauthera_core::snapshot::{BadSnapshot, FORMAT, Snapshot};
use nauthera_core::uri::RedirectUri;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::sync::Arc;

const KEY: [u8; 32] = [9; 32];

fn packed(snapshot: &Snapshot, before: Option<&Packed>) -> Packed {
    pack(snapshot, &Placement::new(&KEY), "main-snapshot", FORMAT, before).unwrap()
}

fn read(packed: &Packed) -> Result<Unpacked, BadShards> {
    unpack(&packed.index.to_bytes(), |name| packed.shards.get(name).cloned())
}

fn snapshot(world: &World) -> Snapshot {
    Snapshot::clone(world.tell().snapshot("identity/main"))
}

/// As many clients as are asked for, made of one.
fn many(clients: usize) -> Snapshot {
    let mut snapshot = snapshot(&governed().web("shop/web", |_| {}));
    let (id, row) = snapshot.clients.pop_first().unwrap();
    for n in 0..clients {
        let id: nauthera_core::names::ClientId = format!("team-{}.{id}-{n}", n % 100).try_into().unwrap();
        let mut row = row.clone();
        Arc::make_mut(&mut row).client_id = id.clone();
        snapshot.clients.insert(id, row);
    }
    snapshot
}

fn renamed(mut snapshot: Snapshot, n: usize) -> Snapshot {
    let row = snapshot.clients.values_mut().nth(n).unwrap();
    Arc::make_mut(row).display_name = "renamed".into();
    snapshot
}

/// How many shards are not in both.
fn rewritten(before: &Packed, after: &Packed) -> usize {
    after.shards.keys().filter(|name| !before.shards.contains_key(*name)).count()
}

#[test]
fn what_is_packed_is_unpacked() {
    for clients in [0, 1, 700] {
        let snapshot = many(clients);
        let pieces = packed(&snapshot, None);
        let Unpacked { snapshot: same, revision, sequence, .. } = read(&pieces).unwrap();
        assert_eq!(same, snapshot);
        assert_eq!((revision, sequence), (snapshot.revision(), 1));
        assert_eq!(pieces.index.clients(), clients);
        let named: Vec<_> = pieces.index.shards().collect();
        assert_eq!(named.len(), pieces.shards.len());
        assert!(named.iter().all(|name| name.len() == "main-snapshot-".len() + 32), "{named:?}");
    }
}

#[test]
fn ten_thousand_clients_are_a_few_dozen_shards_and_one_changed_client_is_one() {
    let snapshot = many(10_000);
    let before = packed(&snapshot, None);
    assert!((16..=64).contains(&before.shards.len()), "{}", before.shards.len());
    assert!(before.shards.values().all(|shard| shard.len() < LARGEST_SHARD));
    let after = packed(&renamed(snapshot, 4_321), Some(&before));
    assert_eq!(rewritten(&before, &after), 1);
    assert_eq!(after.index.sequence, 2);
    assert_eq!(after.index.head, before.index.head);
}

#[test]
fn a_client_more_or_less_does_not_change_the_number_of_buckets() {
    let mut clients = 1_000;
    let mut before = packed(&many(clients), None);
    while packed(&many(clients), None).index.bits == before.index.bits {
        clients += 100;
    }
    let more = packed(&many(clients), Some(&before));
    assert!(more.index.bits > before.index.bits);
    before = packed(&many(clients - 200), Some(&more));
    assert_eq!(before.index.bits, more.index.bits);
    assert!(packed(&many(10), Some(&more)).index.bits < more.index.bits);
}

#[test]
fn rows_at_their_limits_fill_nobody_elses_shard() {
    let long = |n: usize, at: usize| {
        let path: String =
            (0..48).map(|part| format!("{:x}", Sha256::digest([n as u8, at as u8, part]))).collect();
        RedirectUri::parse(&format!("https://shop.example.com/{}", &path[..2_000]), ClientType::Web).unwrap()
    };
    let mut snapshot = many(300);
    for (n, row) in snapshot.clients.values_mut().take(30).enumerate() {
        Arc::make_mut(row).redirect_uris = (0..100).map(|at| long(n, at)).collect();
    }
    let pieces = packed(&snapshot, None);
    assert!(pieces.shards.values().all(|shard| shard.len() <= LARGEST_SHARD));
    assert_eq!(read(&pieces).unwrap().snapshot, snapshot);
}

#[test]
fn shards_that_stay_are_not_asked_for_again() {
    let snapshot = many(3_000);
    let before = packed(&snapshot, None);
    let mut unpacker = Unpacker::default();
    let first = unpacker.unpack(&before.index.to_bytes(), |name| before.shards.get(name).cloned()).unwrap();
    let after = packed(&renamed(snapshot, 7), Some(&before));
    let mut asked = 0;
    let second = unpacker
        .unpack(&after.index.to_bytes(), |name| {
            asked += 1;
            after.shards.get(name).cloned()
        })
        .unwrap();
    assert_eq!(asked, 1);
    let shared = first.snapshot.clients.values().zip(second.snapshot.clients.values());
    let shared = shared.filter(|(a, b)| Arc::ptr_eq(a, b)).count();
    assert!(shared > 2_000, "{shared}");
    assert_eq!(read(&after).unwrap(), second);
}

fn gzip(json: &[u8]) -> Arc<[u8]> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(json).unwrap();
    encoder.finish().unwrap().into()
}

/// The pieces with another content of the first shard with rows; with an honest name if asked for.
fn with_rows(pieces: &Packed, json: &[u8], honest: bool) -> Packed {
    let mut changed = pieces.clone();
    let name = changed.index.rows[0].name.clone();
    changed.shards.remove(&name);
    let hex: String = Sha256::digest(json).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let name = if honest { format!("main-snapshot-{hex}").into() } else { name };
    changed.index.rows[0].name = name.clone();
    changed.shards.insert(name, gzip(json));
    changed
}

#[test]
fn a_shard_that_is_not_what_its_name_says_is_refused() {
    let pieces = packed(&many(2), None);
    assert!(matches!(read(&with_rows(&pieces, b"[]", false)), Err(BadShards::Name(_))));
    let mut missing = pieces.clone();
    missing.shards.remove(&pieces.index.head);
    assert!(matches!(read(&missing), Err(BadShards::Missing(name)) if name == pieces.index.head));
    let mut broken = pieces.clone();
    broken.shards.insert(pieces.index.head.clone(), b"no gzip".as_slice().into());
    assert!(matches!(read(&broken), Err(BadShards::NotGzip(..))));
}

#[test]
fn sound_shards_that_are_not_the_snapshot_meant_are_refused() {
    let (one, two) = (packed(&many(2), None), packed(&many(3), None));
    let mut mixed = one.clone();
    mixed.index.rows = two.index.rows.clone();
    mixed.shards.extend(two.shards);
    assert!(matches!(read(&mixed), Err(BadShards::Revision { .. })));
    let mut fewer = one.clone();
    fewer.index.rows[0].rows = 1;
    assert!(matches!(read(&fewer), Err(BadShards::Count(_))));
    let mut twice = one.clone();
    twice.index.rows.extend(one.index.rows);
    assert!(matches!(read(&twice), Err(BadShards::Snapshot(BadSnapshot::Order(_)))));
}

#[test]
fn a_shard_that_inflates_without_end_is_left_early() {
    let pieces = packed(&many(2), None);
    let bomb = with_rows(&pieces, &vec![b' '; LARGEST_INFLATED + 1], true);
    assert!(bomb.shards[&bomb.index.rows[0].name].len() < 10_000);
    assert!(matches!(read(&bomb), Err(BadShards::TooLarge(_))));
}

#[test]
fn an_unknown_field_or_format_of_a_piece_is_refused() {
    let pieces = packed(&many(2), None);
    let index = String::from_utf8(pieces.index.to_bytes()).unwrap();
    let unknown = index.replacen('{', r#"{"onlyOnMondays":true,"#, 1);
    assert!(matches!(Index::from_bytes(unknown.as_bytes()), Err(BadShards::Index(_))));
    let newer = index.replacen(r#""format":1"#, r#""format":3"#, 1);
    let refused = Index::from_bytes(newer.as_bytes());
    assert!(matches!(refused, Err(BadShards::Snapshot(BadSnapshot::Format(3)))));
    let large = vec![b' '; 1_024 * 1_024];
    assert!(matches!(Index::from_bytes(&large), Err(BadShards::LargeIndex(_))));
    let row = serde_json::to_string(&**many(1).clients.values().next().unwrap()).unwrap();
    let row = row.replacen('{', r#"{"onlyOnMondays":true,"#, 1);
    let odd = with_rows(&pieces, format!("[{row}]").as_bytes(), true);
    assert!(matches!(read(&odd), Err(BadShards::Snapshot(BadSnapshot::Shape(_)))));
}

#[test]
fn rows_in_a_shard_are_in_order() {
    let pieces = packed(&many(2), None);
    let rows: Vec<_> =
        many(2).clients.into_values().rev().map(|row| serde_json::to_string(&*row).unwrap()).collect();
    let odd = with_rows(&pieces, format!("[{}]", rows.join(",")).as_bytes(), true);
    assert!(matches!(read(&odd), Err(BadShards::Snapshot(BadSnapshot::Order(_)))));
}
