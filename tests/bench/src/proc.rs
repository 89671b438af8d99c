//! What Linux says of a process in `/proc`.

use anyhow::{Context, Result};
use std::time::Duration;

/// A tick of `/proc/PID/stat` on Linux.
const TICK: Duration = Duration::from_millis(10);

/// Processor time so far, of user and system, all threads.
pub fn processor_time(id: u32) -> Result<Duration> {
    let stat = file(id, "stat")?;
    // The second field is the command's name in parentheses, which may hold anything.
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |index: usize| -> Result<u32> { Ok(fields.get(index).context("a short stat")?.parse()?) };
    Ok(TICK * (ticks(11)? + ticks(12)?))
}

/// What a line of a file of it says, in bytes: `VmRSS:` of `status`, `Pss:` of `smaps_rollup`.
pub fn bytes(id: u32, name: &str, line: &str) -> Result<u64> {
    let text = file(id, name)?;
    let value = text.lines().find_map(|text| text.strip_prefix(line)).context("no memory in /proc")?;
    let kilobytes: u64 = value.split_whitespace().next().unwrap_or_default().parse()?;
    Ok(kilobytes * 1_024)
}

/// The processes that were started with these words, in this order, perhaps with others between.
pub fn started_with(words: &[&str]) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        // One that has ended meanwhile was none.
        let Ok(line) = file(id, "cmdline") else { continue };
        let mut told = line.split('\0');
        if words.iter().all(|word| told.any(|told| told == *word || told.ends_with(&format!("/{word}")))) {
            found.push(id);
        }
    }
    Ok(found)
}

fn file(id: u32, name: &str) -> Result<String> {
    let path = format!("/proc/{id}/{name}");
    std::fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))
}
