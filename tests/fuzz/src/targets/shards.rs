//! Snapshots in shards: pieces that are put together make what packs into pieces that make the same; a piece under another's name
//! makes nothing.

use crate::{Target, Verdict};
use anyhow::{Context, ensure};
use flate2::{Compression, write::GzEncoder};
use nauthera_core::shards::{BadShards, Index, Placement, Unpacked, pack, unpack};
use nauthera_core::snapshot::{FORMAT, Revision};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

pub(super) const TARGET: Target = Target { name: "shards", check, longest: 16_384, rounds: 1_500 };

/// The first line is an index that names shards by number, each further line a shard's JSON; and all of it one shard's bytes.
fn check(data: &[u8]) -> Verdict {
    let mut lines = data.split(|byte| *byte == b'\n');
    let Ok(mut index) = Index::from_bytes(lines.next().unwrap_or_default()) else { return Ok(()) };
    let raw = unpack(&index.to_bytes(), |_| Some(data.into()));
    ensure!(raw.is_err(), "bytes of any name are taken");
    let shards: Vec<&[u8]> = lines.collect();
    let name = |number: &Arc<str>| {
        let json = number.parse::<usize>().ok().and_then(|number| shards.get(number));
        json.map_or_else(|| number.clone(), |json| honest(json).into())
    };
    index.head = name(&index.head);
    for shard in &mut index.rows {
        shard.name = name(&shard.name);
    }
    let pieces: BTreeMap<String, Arc<[u8]>> =
        shards.iter().map(|json| Ok((honest(json), gzip(json)?.into()))).collect::<anyhow::Result<_>>()?;
    let put_together = |index: &Index| unpack(&index.to_bytes(), |name| pieces.get(name).cloned());
    // Nobody guesses a revision: it is set right, and then all must be well.
    let Err(BadShards::Revision { made, said }) = put_together(&index) else { return Ok(()) };
    ensure!(made != said, "the revision is right and refused");
    index.revision = made;
    let Unpacked { snapshot, revision, sequence, .. } =
        put_together(&index).context("its own revision is refused")?;
    ensure!((revision, sequence) == (made, index.sequence), "another publication is read");
    ensure!(snapshot.clients.len() == index.clients(), "rows are lost");
    index.revision = Revision([0; 32]);
    ensure!(put_together(&index).is_err(), "another revision is taken");
    let packed = pack(&snapshot, &Placement::new(&[1; 32]), "x", FORMAT, None)?;
    let again = unpack(&packed.index.to_bytes(), |name| packed.shards.get(name).cloned())?;
    ensure!(again.snapshot == snapshot, "it is another one when it is packed");
    Ok(())
}

fn honest(json: &[u8]) -> String {
    Sha256::digest(json)
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .fold("x-".into(), |name, part| name + &part)
}

fn gzip(json: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(json)?;
    encoder.finish()
}
