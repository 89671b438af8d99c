//! What differs between two Snapshots, in words for one line.

use nauthera_core::snapshot::Snapshot;

/// So many clients are named.
const NAMED: usize = 3;

/// `shop/web, shop/new (added), shop/old (removed) and 2 more`.
pub fn changes(old: &Snapshot, new: &Snapshot) -> String {
    let gone = old.clients.iter().filter(|(id, _)| !new.clients.contains_key(*id));
    let gone = gone.map(|(_, row)| format!("{} (removed)", row.object));
    let there = new.clients.iter().filter_map(|(id, row)| match old.clients.get(id) {
        None => Some(format!("{} (added)", row.object)),
        Some(last) => (last != row).then(|| row.object.to_string()),
    });
    let settings = (old.head != new.head).then(|| "the server's settings".to_owned());
    let all: Vec<String> = there.chain(gone).collect();
    let named: Vec<&str> = settings.iter().chain(all.iter().take(NAMED)).map(String::as_str).collect();
    match all.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
