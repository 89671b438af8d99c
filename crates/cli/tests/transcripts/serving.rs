//! A `nauthera up` or `server` that runs for one test: on a folder of its own, on a free port, stopped by its own process.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// How long a condition may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

pub const SERVER: &str = "apiVersion: auth.nauthera.io/v1alpha1\nkind: AuthServer\nmetadata:\n  namespace: identity\n  name: main\n\
                          spec:\n  issuerUrl: http://127.0.0.1:8080\n  signing:\n    algorithm: ES256\n";
pub const POLICY: &str = "apiVersion: auth.nauthera.io/v1alpha1\nkind: AuthPolicy\nmetadata:\n  namespace: identity\n  name: baseline\n\
                          spec:\n  token:\n    accessTokenTTL: 15m\n  allowedGrantTypes: [client_credentials]\n  allowedScopes: [read]\n";
/// A client that asks for more than it may have, so that there is a warning.
pub const ROBOT: &str = "apiVersion: auth.nauthera.io/v1alpha1\nkind: AuthClient\nmetadata:\n  namespace: shop\n  name: robot\n\
                         spec:\n  authServerRef:\n    namespace: identity\n    name: main\n  type: service\n  scopes: [read, write]\n";

/// A folder of manifests, with a data folder beside it.
pub struct Folder {
    root: TempDir,
}

impl Folder {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self { root: tempfile::tempdir().unwrap() };
        fs::create_dir(folder.manifests()).unwrap();
        files.iter().for_each(|(name, text)| folder.write(name, text));
        folder
    }

    /// A server, a policy, and a client with a secret and a warning.
    pub fn of_three_teams() -> Self {
        Self::new(&[("server.yaml", SERVER), ("policy.yaml", POLICY), ("robot.yaml", ROBOT)])
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn manifests(&self) -> PathBuf {
        self.at("manifests")
    }

    /// Writes a manifest as careful editors do: another file takes its place.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.at("draft"), text).unwrap();
        fs::rename(self.at("draft"), self.manifests().join(name)).unwrap();
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.manifests().join(name)).unwrap();
    }

    /// A file of the robot's Secret.
    pub fn secret(&self, key: &str) -> PathBuf {
        self.at("data/secrets/shop/robot-client-secret").join(key)
    }

    pub fn plain_secret(&self) -> String {
        fs::read_to_string(self.secret("client_secret")).unwrap()
    }

    /// `nauthera` in this folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = crate::run::command(arguments);
        command.current_dir(self.root.path());
        command
    }

    /// Starts `nauthera up`, with these flags too.
    pub fn up(&self, flags: &[&str]) -> Up {
        self.up_in(&[&["--data", "data"], flags].concat())
    }

    /// The same with a data folder that the flags name.
    pub fn up_in(&self, flags: &[&str]) -> Up {
        self.started(&[], flags)
    }

    /// The same with these variables too.
    pub fn started(&self, variables: &[(&str, &str)], flags: &[&str]) -> Up {
        let mut all = vec!["up", "manifests", "--console", "none"];
        if !flags.contains(&"--listen") {
            all.extend(["--listen", "127.0.0.1:0"]);
        }
        all.extend(flags);
        let mut command = self.command(&all);
        command.envs(variables.iter().copied());
        Up::start(command)
    }

    /// Starts `nauthera server` with what `nauthera compile` makes of the manifests, and with these flags too.
    pub fn server(&self, flags: &[&str]) -> Up {
        let compile = ["compile", "manifests", "-o", "snapshot.json", "--data", "data"];
        // It ends with 1, since one of the clients asks beyond policy.
        let compiled = self.command(&compile).output().unwrap();
        assert!(self.at("snapshot.json").is_file(), "{}", crate::run::stderr(&compiled));
        let mut all = vec!["server", "--snapshot", "snapshot.json", "--database", "sqlite:nauthera.db"];
        all.extend(["--keys", "data/keys", "--audit", "none"]);
        all.extend(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
        all.extend(flags);
        Up::start(self.command(&all))
    }
}

/// What a stream has said so far.
struct Heard(Arc<(Mutex<String>, Condvar)>);

impl Heard {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let heard = Arc::new((Mutex::new(String::new()), Condvar::new()));
        let hears = heard.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let (text, news) = &*hears;
                let mut text = text.lock().unwrap();
                text.push_str(&line);
                text.push('\n');
                news.notify_all();
            }
        });
        Self(heard)
    }

    fn text(&self) -> String {
        self.0.0.lock().unwrap().clone()
    }

    fn until(&self, what: &str, holds: impl Fn(&str) -> bool) {
        let (text, news) = &*self.0;
        let guard = text.lock().unwrap();
        let (guard, waited) = news.wait_timeout_while(guard, DEADLINE, |text| !holds(text)).unwrap();
        assert!(!waited.timed_out(), "not said in time: {what}\n--- said\n{guard}");
    }
}

/// A `nauthera up` or `nauthera server` that runs.
pub struct Up {
    child: Child,
    out: Heard,
    err: Heard,
}

impl Up {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = Heard::of(child.stdout.take().unwrap());
        let err = Heard::of(child.stderr.take().unwrap());
        Self { child, out, err }
    }

    /// The address that it says behind these words, once it has said so.
    pub fn address(&self, words: &str) -> SocketAddr {
        self.says(words, 1);
        let said = self.said();
        let address = said.lines().find_map(|line| line.strip_prefix(words)).unwrap();
        address.split([',', ' ']).next().unwrap().parse().unwrap()
    }

    /// Sends it a signal: INT, TERM.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// Waits for its end, which must be a good one.
    pub fn ends(mut self) {
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }

    /// Waits until it has said this on stderr so many times.
    pub fn says(&self, what: &str, times: usize) -> &Self {
        self.err.until(what, |text| text.matches(what).count() >= times);
        self
    }

    /// Waits until it has printed this line on stdout.
    pub fn prints(&self, line: &str) -> &Self {
        self.out.until(line, |text| text.lines().any(|printed| printed == line));
        self
    }

    /// What it has said on stderr so far.
    pub fn said(&self) -> String {
        self.err.text()
    }

    /// How often it has said this so far.
    pub fn times(&self, what: &str) -> usize {
        self.said().matches(what).count()
    }

    /// Stops it as a terminal does, and waits for its end.
    pub fn stop(self) {
        self.signal("INT");
        self.ends();
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
