//! The log: what operators read, on standard error. `NAUTHERA_LOG` sets its level (`info`, `debug`, `nauthera_server=debug`), and
//! `NAUTHERA_LOG_FORMAT=json` its form.

use tracing_subscriber::EnvFilter;

/// Starts the log; `default` is the level where the environment names none.
pub fn start(default: &str) {
    let filter = EnvFilter::try_from_env("NAUTHERA_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let json = std::env::var("NAUTHERA_LOG_FORMAT").is_ok_and(|format| format == "json");
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start (in tests) keeps the first one.
    if json {
        builder.json().try_init().ok();
    } else {
        let colour =
            std::io::IsTerminal::is_terminal(&std::io::stderr()) && std::env::var_os("NO_COLOR").is_none();
        builder.with_ansi(colour).with_target(false).try_init().ok();
    }
}
