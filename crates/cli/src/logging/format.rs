//! The form of a line: what `tracing-subscriber` writes, with the id of the request that the line is about, where there is one.

use nauthera_server::http::RequestId;
use std::fmt;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// A form with the request's id.
pub struct WithRequest<F> {
    format: F,
    json: bool,
}

impl<F> WithRequest<F> {
    /// Of lines that are JSON objects.
    pub const fn json(format: F) -> Self {
        Self { format, json: true }
    }

    /// Of lines for people.
    pub const fn text(format: F) -> Self {
        Self { format, json: false }
    }
}

impl<S, N, F> FormatEvent<S, N> for WithRequest<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some(id) = RequestId::current() else {
            return self.format.format_event(context, writer, event);
        };
        let mut line = String::with_capacity(256);
        self.format.format_event(context, Writer::new(&mut line), event)?;
        match line.strip_prefix('{').filter(|_| self.json) {
            Some(rest) => write!(writer, "{{\"request_id\":\"{id}\",{rest}"),
            None => writeln!(writer, "{} request_id={id}", line.trim_end_matches('\n')),
        }
    }
}
