//! What the audit wrote, waited for and held to its schema.

use jsonschema::Validator;
use serde_json::Value;
use std::io::Write;
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::time::Duration;

/// The longest that a line is waited for.
const DEADLINE: Duration = Duration::from_secs(10);

/// Lines written so far, shared with the writer's thread.
#[derive(Clone, Default)]
pub struct Lines(Arc<(Mutex<Vec<u8>>, Condvar)>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.0.lock().unwrap().extend_from_slice(bytes);
        self.0.1.notify_all();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// All text, as soon as it has so many lines of an event.
    pub fn text_with(&self, event: &str, count: usize) -> String {
        let needle = format!("\"event\":\"{event}\"");
        let (text, changed) = &*self.0;
        let lacks = |text: &mut Vec<u8>| String::from_utf8_lossy(text).matches(&needle).count() < count;
        let (text, waited) = changed.wait_timeout_while(text.lock().unwrap(), DEADLINE, lacks).unwrap();
        let text = String::from_utf8(text.clone()).unwrap();
        assert!(!waited.timed_out(), "{event} was not written {count} times:\n{text}");
        text
    }

    /// All lines, as soon as there are so many of an event.
    pub fn with(&self, event: &str, count: usize) -> Vec<Value> {
        self.text_with(event, count).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The last line of an event, waited for.
    pub fn last(&self, event: &str) -> Value {
        let mut lines = self.with(event, 1);
        lines.retain(|line| line["event"] == event);
        lines.pop().unwrap()
    }
}

/// The schema that the book has, which is the one of the code.
static SCHEMA: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::validator_for(&nauthera_server::audit::schema::document()).unwrap());

/// Lines that are held to the schema when the world ends, in every test.
pub struct Held(pub Lines);

impl Drop for Held {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let text = self.0.0.0.lock().unwrap().clone();
        // The last line may be on its way.
        for line in String::from_utf8(text).unwrap().split_inclusive('\n').filter(|line| line.ends_with('\n'))
        {
            let value: Value = serde_json::from_str(line).unwrap();
            let faults: Vec<String> = SCHEMA.iter_errors(&value).map(|fault| fault.to_string()).collect();
            assert!(faults.is_empty(), "the audit's schema does not know this line: {line}{faults:#?}");
        }
    }
}
