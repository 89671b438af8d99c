//! The targets under libFuzzer, one binary for all of them: `NAUTHERA_FUZZ_TARGET` says which. `scripts/fuzz.sh` builds it with
//! coverage counters, starts it, and keeps what it finds.

#![no_main]

use nauthera_fuzz::Target;
use std::io::Write;
use std::sync::LazyLock;

static TARGET: LazyLock<Option<&Target>> =
    LazyLock::new(|| std::env::var("NAUTHERA_FUZZ_TARGET").ok().and_then(|name| Target::named(&name)));

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let told = match *TARGET {
        None => Some("NAUTHERA_FUZZ_TARGET names no target".to_owned()),
        Some(target) => (target.check)(data).err().map(|broken| format!("{broken:#}")),
    };
    if let Some(told) = told {
        // libFuzzer keeps the input of a process that aborts.
        writeln!(std::io::stderr(), "broken: {told}").ok();
        std::process::abort();
    }
});
