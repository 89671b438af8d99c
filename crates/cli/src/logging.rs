//! What the process tells while it serves: the log, which operators read on standard error, and traces, where they are asked for.
//! `NAUTHERA_LOG` says what the log lets through (`info`, `debug`, `warn,nauthera_server=debug`), and `NAUTHERA_LOG_FORMAT=json` its form.

mod filter;
mod format;
mod traces;

use filter::Levels;
use format::WithRequest;
use nauthera_server::app::LogFilter;
use std::sync::Arc;
use traces::Traces;
use tracing::Dispatch;
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::{Filter, Layer, SubscriberExt};
use tracing_subscriber::{Registry, fmt};

/// What tells, until the process ends.
pub struct Telemetry {
    filter: Arc<dyn LogFilter>,
    traces: Option<Traces>,
}

/// Starts the log and the traces; `default` is the level where the environment names none.
pub fn start(default: &str) -> Telemetry {
    let (levels, filter, complaint) = Levels::of_environment(default);
    let traces = Traces::of_environment();
    let dispatch = dispatch(levels, traces.as_ref().ok().and_then(Option::as_ref));
    // A second start (in tests) keeps the first one.
    tracing::dispatcher::set_global_default(dispatch).ok();
    if let Some(complaint) = complaint {
        tracing::warn!("NAUTHERA_LOG is passed over: {complaint}");
    }
    let traces = traces.unwrap_or_else(|error| {
        tracing::warn!(error = format!("{error:#}"), "traces cannot be exported: there are none");
        None
    });
    Telemetry { filter, traces }
}

/// The log, and the spans where they are asked for.
///
/// The log has no use for spans: where nothing is traced nobody listens to them, and none is made. A layer that is there and does nothing
/// would already count as a listener, so that each span would be asked about.
fn dispatch<F>(levels: F, traces: Option<&Traces>) -> Dispatch
where
    F: Filter<Registry> + Send + Sync + 'static,
{
    let lines = lines().with_filter(levels.and(filter_fn(|metadata| metadata.is_event())));
    let log = tracing_subscriber::registry().with(lines);
    match traces {
        Some(traces) => log.with(traces.layer()).into(),
        None => log.into(),
    }
}

/// Is each line of the log a JSON object?
pub fn is_json() -> bool {
    std::env::var("NAUTHERA_LOG_FORMAT").is_ok_and(|format| format == "json")
}

/// The lines of the log, each with the id of the request that it is about.
fn lines() -> Box<dyn Layer<Registry> + Send + Sync> {
    let lines = fmt::layer().with_writer(std::io::stderr);
    if is_json() {
        let format = fmt::format().json().flatten_event(true);
        let format = format.with_current_span(false).with_span_list(false);
        return lines.json().event_format(WithRequest::json(format)).boxed();
    }
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let colour = terminal && std::env::var_os("NO_COLOR").is_none();
    let format = fmt::format().with_target(false).with_ansi(colour);
    lines.with_ansi(colour).event_format(WithRequest::text(format)).boxed()
}

impl Telemetry {
    /// What the log lets through.
    pub fn filter(&self) -> Arc<dyn LogFilter> {
        self.filter.clone()
    }

    /// Sends the last spans. Waits for that a moment at most.
    pub fn end(self) {
        if let Some(traces) = self.traces {
            traces.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nauthera_core::grant::SigningAlgorithm;
    use nauthera_server::http::{Endpoint, RequestId};
    use nauthera_server::spans;
    use tracing_subscriber::filter::LevelFilter;

    fn is_spanned() -> bool {
        let (method, headers) = (http::Method::POST, http::HeaderMap::new());
        let span = spans::request(Some(Endpoint::Token), &method, &headers, RequestId(1));
        let _inside = span.enter();
        let steps = [spans::store("code", "sqlite"), spans::signing(SigningAlgorithm::Es256)];
        let made = steps.iter().all(|step| !step.is_disabled());
        assert_eq!(made, !span.is_disabled());
        made
    }

    #[test]
    fn the_log_alone_makes_no_span_at_any_level() {
        tracing::dispatcher::with_default(&dispatch(LevelFilter::TRACE, None), || {
            assert!(!is_spanned());
            // Nobody is even asked about a span.
            assert!(!tracing::span_enabled!(target: spans::TARGET, tracing::Level::ERROR));
        });
    }

    #[test]
    fn traces_make_them() {
        let traces = Traces::unsent();
        tracing::dispatcher::with_default(&dispatch(LevelFilter::INFO, Some(&traces)), || {
            assert!(is_spanned());
        });
    }
}
