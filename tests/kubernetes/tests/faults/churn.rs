//! Everything at once: clients that come, change and go, Secrets that are deleted, renamed and scribbled on, rotations, revocations,
//! policies that narrow, widen and freeze, what is published and what runs it taken away, an operator that is killed, watches that are cut
//! and writes that are refused, in an order that a seed decides. An application that is not part of it notices nothing, and when it is over every object says what is true.

use super::site::Site;
use super::turns::whole;
use anyhow::{Context, Result, ensure};
use nauthera_test_kubernetes::kubectl::{apply, get, kubectl};
use nauthera_test_kubernetes::manifests;
use nauthera_test_kubernetes::objects::{SOON, of, secret_value};
use nauthera_test_kubernetes::operator::Operator;
use nauthera_test_kubernetes::proxy::{Call, Trouble};
use nauthera_test_kubernetes::tokens::{Credentials, token};
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::Value;
use std::collections::BTreeMap;

/// The seed, unless `NAUTHERA_CHURN_SEED` names another, and how many steps are taken, unless `NAUTHERA_CHURN_STEPS` does.
const SEED: u64 = 20_261_128;
const STEPS: u64 = 110;
/// Clients that may be there.
const CLIENTS: u64 = 8;

fn given(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

/// Numbers that follow from a seed (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }
}

/// What is wanted at last.
struct Wanted {
    /// The scope that each client asks for.
    clients: BTreeMap<String, &'static str>,
    minutes: u64,
    /// Does a second policy allow reading alone?
    strict: bool,
    /// Is there a policy that is not accepted, so that every client keeps what it has?
    frozen: bool,
}

struct Churn {
    site: Site,
    dice: Dice,
    wanted: Wanted,
    operator: Option<Operator>,
    restarts: u64,
    told: Vec<String>,
}

impl Churn {
    async fn begin() -> Self {
        let site = Site::new("churn").await;
        let operator = Some(site.behind("0", &[]));
        site.ready().await;
        let wanted = Wanted { clients: BTreeMap::new(), minutes: 15, strict: false, frozen: false };
        let dice = Dice(given("NAUTHERA_CHURN_SEED", SEED));
        Self { site, dice, wanted, operator, restarts: 0, told: Vec::new() }
    }

    /// A step, by what the dice say. What is not there to be changed is passed over.
    fn step(&mut self) {
        let client = format!("c{}", self.dice.below(CLIENTS));
        let (shop, secret) = (self.site.shop.name().to_owned(), format!("{client}-client-secret"));
        let choice = self.dice.below(17);
        self.told.push(format!("{choice}:{client}"));
        match choice {
            0..=3 => self.client(&client),
            4 => {
                self.wanted.clients.remove(&client);
                tried(["delete", "authclient", &client, "-n", &shop, "--wait=false"]);
            }
            5 => tried(["delete", "secret", &secret, "-n", &shop, "--wait=false"]),
            6 => {
                let scribble = r#"{"data":{"client_secret":"c2NyaWJibGU="}}"#;
                tried(["patch", "secret", &secret, "-n", &shop, "-p", scribble]);
            }
            7 | 8 => {
                let word = if choice == 7 { "rotate" } else { "revoke" };
                let asked = format!("auth.nauthera.io/{word}={}", self.told.len());
                tried(["annotate", "authclient", &client, &asked, "--overwrite", "-n", &shop]);
            }
            9 => {
                self.wanted.minutes = 5 + self.dice.below(11);
                self.site.policy("baseline", &format!("{}m", self.wanted.minutes));
            }
            10 => self.strict(),
            11 => self.kill(),
            12 => self.site.proxy.cut(),
            13 => self.frozen(!self.wanted.frozen),
            14 | 15 => self.take_away(),
            _ => self.refuse_writes(),
        }
    }

    fn client(&mut self, name: &str) {
        let scope = ["orders:read", "orders:write"][usize::try_from(self.dice.below(2)).unwrap()];
        self.wanted.clients.insert(name.to_owned(), scope);
        let renamed = format!("  secret: {{name: {name}-renamed}}");
        let more = ["", "", &renamed][usize::try_from(self.dice.below(3)).unwrap()];
        let manifest = manifests::client(name, self.site.platform.name(), scope, more);
        apply(self.site.shop.name(), &manifest).unwrap().worked().unwrap();
    }

    fn strict(&mut self) {
        let namespace = self.site.platform.name();
        self.wanted.strict = !self.wanted.strict;
        if !self.wanted.strict {
            tried(["delete", "authpolicy", "strict", "-n", namespace]);
            return;
        }
        let policy = "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthPolicy
metadata: {name: strict}
spec: {allowedScopes: [\"orders:read\"]}
";
        apply(namespace, policy).unwrap().worked().unwrap();
    }

    fn frozen(&mut self, frozen: bool) {
        let namespace = self.site.platform.name();
        self.wanted.frozen = frozen;
        if !frozen {
            tried(["delete", "authpolicy", "broken", "-n", namespace]);
            return;
        }
        let example =
            "  examples: [{name: own, client: {type: service, scopes: [payroll]}, expect: Compliant}]";
        apply(namespace, &manifests::policy("broken", example)).unwrap().worked().unwrap();
    }

    /// Something that the operator made goes, or is scribbled on.
    fn take_away(&mut self) {
        let namespace = self.site.platform.name();
        match self.dice.below(4) {
            0 => tried(["delete", "configmap", "nauthera-main-snapshot", "-n", namespace]),
            1 => {
                let scribble = r#"{"data":{"index.json":"scribble"}}"#;
                tried(["patch", "configmap", "nauthera-main-snapshot", "-n", namespace, "-p", scribble]);
            }
            2 => tried(["delete", "configmaps", "-l", "auth.nauthera.io/kind=snapshot", "-n", namespace]),
            _ => tried(["delete", "rolebinding,networkpolicy", "nauthera-main", "-n", namespace]),
        }
    }

    fn kill(&mut self) {
        self.operator.take().unwrap().kill().unwrap();
        self.restarts += 1;
        self.operator = Some(self.site.behind(&self.restarts.to_string(), &[]));
    }

    /// Some of the writes that come next are refused, until the next such step.
    fn refuse_writes(&mut self) {
        self.site.proxy.calm();
        let trouble = [
            Trouble::Answer(500, "InternalError", None),
            Trouble::Answer(409, "Conflict", None),
            Trouble::Answer(429, "TooManyRequests", Some(1)),
        ];
        let which = usize::try_from(self.dice.below(3)).unwrap();
        let number = usize::try_from(self.dice.below(4)).unwrap();
        let trouble = trouble.into_iter().nth(which).unwrap();
        self.site.proxy.once(number, Call::is_write, trouble);
    }

    /// Is everything as it is wanted, and does every status say so?
    async fn is_settled(&self) -> Result<()> {
        let (shop, platform) = (self.site.shop.name(), self.site.platform.name());
        let clients = get(&["authclients", "-n", shop])?["items"].as_array().cloned().unwrap_or_default();
        let served = |scope: &str| scope == "orders:read" || !self.wanted.strict;
        let mut there = 0;
        for client in &clients {
            let name = client["metadata"]["name"].as_str().context("a name")?;
            if name == "till" {
                continue;
            }
            there += 1;
            let scope = self.wanted.clients.get(name).with_context(|| format!("{name} is there still"))?;
            let ready = of(client, "Ready");
            let said = format!("{name} asks for {scope}: {ready} {}", client["metadata"]["generation"]);
            ensure!(client["status"]["observedGeneration"] == client["metadata"]["generation"], "{said}");
            if !served(scope) {
                ensure!(ready["status"] == "False" && ready["reason"] == "NothingLeft", "{said}");
                continue;
            }
            ensure!(ready["status"] == "True", "{said}");
            self.gets_tokens(client, scope).await.context(said)?;
        }
        ensure!(there == self.wanted.clients.len(), "{there} clients");
        let server = get(&["authserver", "main", "-n", platform])?;
        let refused = self.wanted.clients.values().filter(|scope| !served(scope)).count();
        let counts = &server["status"]["clients"];
        ensure!(counts["total"] == there + 1 && counts["refused"] == refused, "{counts}");
        ensure!(of(&server, "Ready")["status"] == "True", "{server}");
        Ok(())
    }

    /// What its Secret holds gets a token of every pod, within policy.
    async fn gets_tokens(&self, client: &Value, scope: &str) -> Result<()> {
        let name = client["status"]["clientSecretRef"]["name"].as_str().context("a Secret")?;
        let value = |key| secret_value(self.site.shop.name(), name, key);
        let client = Credentials { id: value("client_id")?, secret: value("client_secret")? };
        for pod in self.site.pods() {
            let answer = token(pod, &client).await?;
            ensure!(answer["scope"] == scope && answer["expires_in"] == self.wanted.minutes * 60, "{answer}");
        }
        Ok(())
    }
}

/// Does something that may find nothing to be done to.
fn tried<const N: usize>(words: [&str; N]) {
    let said = kubectl(words).unwrap();
    if let Err(error) = said.worked() {
        assert!(error.to_string().contains("NotFound"), "{error}");
    }
}

/// What nobody made: Secrets of clients that are gone.
fn left(site: &Site, wanted: &Wanted) -> Result<Vec<String>> {
    let labelled = ["secrets", "-l", "auth.nauthera.io/client", "-n", site.shop.name()];
    let secrets = get(&labelled)?["items"].as_array().cloned().unwrap_or_default();
    let whose =
        |secret: &Value| secret["metadata"]["labels"]["auth.nauthera.io/client"].as_str().map(str::to_owned);
    let clients = secrets.iter().filter_map(whose);
    Ok(clients.filter(|client| client != "till" && !wanted.clients.contains_key(client)).collect())
}

#[tokio::test]
async fn whatever_comes_in_whatever_order_ends_in_what_is_wanted() {
    let _turn = whole().await;
    let mut churn = Churn::begin().await;
    let mut load = churn.site.load();
    for _ in 0..given("NAUTHERA_CHURN_STEPS", STEPS) {
        churn.step();
    }
    churn.frozen(false);
    churn.site.proxy.calm();
    let settled = async || churn.is_settled().await.map(Some);
    let outcome = wait_for("what is wanted", SOON, settled).await;
    assert!(outcome.is_ok(), "{outcome:?} after {:?}", churn.told);
    let clean = async || Ok(left(&churn.site, &churn.wanted)?.is_empty().then_some(()));
    wait_for("no Secret of a client that is gone", SOON, clean).await.unwrap();
    load.more(1, SOON).await.unwrap();
    let counts = load.end();
    // Where this machine is so busy that the kubelet takes the only pod for not ready, connections are lost; that is no answer.
    let refusals: Vec<&String> = counts.failures.iter().filter(|told| !told.starts_with("no ")).collect();
    assert!(refusals.is_empty(), "of {}: {refusals:?} after {:?}", counts.tokens, churn.told);
    churn.site.nothing_was_forbidden();
}
