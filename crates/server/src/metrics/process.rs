//! The process as the operating system sees it, under the names that every Prometheus client uses.

use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fs::{read_dir, read_to_string};

/// Ticks of a second in `/proc` (`USER_HZ`), the same on every Linux that is built for.
const TICKS: f64 = 100.0;

/// What was read of the process; zero where the system does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Process {
    /// Processor time used, in seconds.
    pub cpu: f64,
    /// Memory that is resident, in bytes.
    pub resident: u64,
    /// Address space, in bytes.
    pub virtually: u64,
    /// Threads.
    pub threads: u64,
    /// Files that are open.
    pub open_files: u64,
    /// Files that may be open.
    pub most_files: u64,
    /// When it started, in seconds since 1970.
    pub started: f64,
}

impl Process {
    /// Reads `/proc`.
    #[must_use]
    pub fn read() -> Self {
        let read = |name: &str| read_to_string(format!("/proc/{name}")).unwrap_or_default();
        let (stat, status, limits) = (read("self/stat"), read("self/status"), read("self/limits"));
        // The name of the program, in parentheses, may hold anything.
        let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
        let ticks = |index: usize| -> f64 {
            fields.split_whitespace().nth(index).and_then(|field| field.parse().ok()).unwrap_or_default()
        };
        let kilobytes = |name: &str| 1_024 * number_after(&status, name);
        // Fields 14, 15 and 22 of proc(5); what is left begins with field 3.
        Self {
            cpu: (ticks(11) + ticks(12)) / TICKS,
            resident: kilobytes("VmRSS:"),
            virtually: kilobytes("VmSize:"),
            threads: number_after(&status, "Threads:"),
            open_files: read_dir("/proc/self/fd").map(|files| files.count() as u64).unwrap_or_default(),
            most_files: number_after(&limits, "Max open files"),
            started: seconds_after(&read("stat"), "btime") + ticks(19) / TICKS,
        }
    }

    pub(super) fn registry(&self) -> Registry {
        let mut registry = Registry::default();
        let mut gauge = |name: &str, help: &str, value: u64| {
            registry.register(name, help, ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)));
        };
        gauge("process_resident_memory_bytes", "Memory that is resident", self.resident);
        gauge("process_virtual_memory_bytes", "Address space", self.virtually);
        gauge("process_threads", "Threads", self.threads);
        gauge("process_open_fds", "Files and connections that are open", self.open_files);
        gauge("process_max_fds", "Files and connections that may be open", self.most_files);
        let started = ConstGauge::new(self.started);
        registry.register(
            "process_start_time_seconds",
            "When the process started, in seconds since 1970",
            started,
        );
        let cpu = ConstCounter::new(self.cpu);
        registry.register("process_cpu_seconds", "Processor time used, of the user and the system", cpu);
        registry
    }
}

fn number_after(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

fn seconds_after(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.trim().parse().ok()).unwrap_or_default()
}

/// A count as a gauge has it.
pub(super) fn round(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory_threads_and_files() {
        let process = Process::read();
        assert!(process.resident > 1_000_000 && process.virtually >= process.resident, "{process:?}");
        assert!(process.threads >= 1 && process.open_files >= 3, "{process:?}");
        assert!(process.most_files >= process.open_files && process.cpu >= 0.0, "{process:?}");
        // Between 2020 and 2100.
        assert!((1.577e9..4.1e9).contains(&process.started), "{process:?}");
    }
}
