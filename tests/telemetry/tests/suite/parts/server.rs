//! `nauthera server` on the quickstart's manifests, compiled into a folder of its own.

use super::kept::{Kept, free_port};
use super::root;
use base64::{Engine, engine::general_purpose::STANDARD};
use nauthera_rp_rust::person::Person;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use ureq::Agent;
use ureq::http::{HeaderMap, Request};
use url::Url;

/// Where the storefront's people are sent back to.
const CALLBACK: &str = "http://127.0.0.1:3000/callback";
/// The verifier of every request, and its challenge (RFC 7636 appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A server that runs.
pub struct Server {
    process: Kept,
    folder: TempDir,
    port: u16,
    admin: u16,
}

/// An answer.
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub text: String,
}

/// A client that follows nothing and takes no status for an error.
pub fn agent() -> Agent {
    let settings = Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None);
    settings.timeout_global(Some(Duration::from_secs(30))).build().into()
}

impl Answer {
    fn of(request: Request<String>) -> Self {
        let (parts, mut body) = agent().run(request).unwrap().into_parts();
        let text = body.read_to_string().unwrap();
        Self { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    /// The id of the request.
    pub fn request_id(&self) -> String {
        self.headers["x-request-id"].to_str().unwrap().to_owned()
    }

    /// The body as JSON, of an answer that went well.
    pub fn ok(&self) -> serde_json::Value {
        assert_eq!(self.status, 200, "{}", self.text);
        serde_json::from_str(&self.text).unwrap()
    }
}

impl Server {
    /// One with these environment variables.
    pub fn start(environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::Builder::new().prefix("nauthera-telemetry-").tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mut compile = Command::new(binary());
        compile.arg("compile").arg(root().join("examples/quickstart")).arg("--data").arg(at("data"));
        // The quickstart has a client that is narrowed: found something, wrote the Snapshot.
        super::ends(compile.arg("-o").arg(at("snapshot.json")), 1);
        let (port, admin) = (free_port(), free_port());
        let mut command = Command::new(binary());
        command.arg("server").arg("--snapshot").arg(at("snapshot.json"));
        command.arg("--database").arg(format!("sqlite:{}", at("nauthera.db").display()));
        command.arg("--keys").arg(at("data/keys")).env("NAUTHERA_AUDIT", at("audit.jsonl"));
        command.args([
            "--listen",
            &format!("127.0.0.1:{port}"),
            "--admin-listen",
            &format!("127.0.0.1:{admin}"),
        ]);
        command.env("NO_COLOR", "1").envs(environment.iter().copied());
        let process = Kept::start(&command);
        let server = Self { process, folder, port, admin };
        server.says("ready http");
        server
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        self.process.said()
    }

    /// Waits until it has said this.
    pub fn says(&self, what: &str) {
        self.process.says(what);
    }

    /// Ends it, and tells all that it said.
    pub fn end(self) -> String {
        self.process.end()
    }

    /// Where its admin port is.
    pub fn admin_address(&self) -> String {
        format!("127.0.0.1:{}", self.admin)
    }

    /// A file of its folder.
    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Asks the admin port.
    pub fn admin(&self, method: &str, path: &str, body: &str) -> Answer {
        let request = Request::builder().method(method).uri(format!("http://127.0.0.1:{}{path}", self.admin));
        Answer::of(request.body(body.to_owned()).unwrap())
    }

    /// Posts a form as the client `reports`, with these headers too.
    pub fn post(&self, path: &str, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let basic = self.basic("reports");
        let mut all = vec![("authorization", basic.as_str())];
        all.extend(headers);
        self.send(path, form, &all)
    }

    /// What a client proves with who it is (RFC 6749 §2.3.1); what it is called needs no escape.
    fn basic(&self, client: &str) -> String {
        let (id, secret) = (self.credential(client, "client_id"), self.credential(client, "client_secret"));
        format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
    }

    /// Posts a form.
    pub fn send(&self, path: &str, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = Request::post(format!("http://127.0.0.1:{}{path}", self.port))
            .header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.body(body).unwrap())
    }

    /// A key of a client's Secret.
    pub fn credential(&self, client: &str, key: &str) -> String {
        let folder = self.at("data/secrets/shop").join(format!("{client}-client-secret"));
        std::fs::read_to_string(folder.join(key)).unwrap()
    }

    /// A token of the client `reports` itself.
    pub fn token(&self, headers: &[(&str, &str)]) -> Answer {
        self.post("/oauth2/token", &[("grant_type", "client_credentials")], headers)
    }

    /// The whole way of Ada to the storefront: login, consent, code, tokens, one refresh. What of it is secret.
    pub fn log_in(&self) -> Vec<String> {
        let id = self.credential("storefront", "client_id");
        let secret = self.credential("storefront", "client_secret");
        let mut url = Url::parse(&format!("http://127.0.0.1:{}/oauth2/authorize", self.port)).unwrap();
        url.query_pairs_mut().extend_pairs([
            ("client_id", id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid offline_access"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let end = Person::ada().go(&url, "allow").unwrap();
        let code = end.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        let basic = self.basic("storefront");
        let proof = [("authorization", basic.as_str())];
        let redeem = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let tokens = self.send("/oauth2/token", &redeem, &proof).ok();
        let refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
        let renew = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
        let next = self.send("/oauth2/token", &renew, &proof).ok();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        vec![
            secret,
            code,
            refresh,
            text(&tokens["access_token"]),
            text(&next["access_token"]),
            "quickstart".into(),
        ]
    }
}

/// The binary: `NAUTHERA_BIN`, or the one beside this test's, built first.
fn binary() -> PathBuf {
    static BUILT: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    let build = || {
        if let Some(binary) = std::env::var_os("NAUTHERA_BIN") {
            return binary.into();
        }
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        super::run(Command::new(cargo).args(["build", "--quiet", "--locked", "--package", "nauthera"]));
        let test = std::env::current_exe().unwrap();
        test.ancestors().nth(2).map(Path::to_owned).unwrap().join("nauthera")
    };
    BUILT.get_or_init(build).clone()
}
