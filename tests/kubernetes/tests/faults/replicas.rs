//! Three replicas on PostgreSQL: one after the other is replaced, and one is killed, under an application that asks for tokens.

use super::site::{Site, server_processes};
use super::turns::whole;
use anyhow::{Context, Result, ensure};
use nauthera_test_kubernetes::database;
use nauthera_test_kubernetes::kubectl::{apply, get, kubectl};
use nauthera_test_kubernetes::objects::SOON;
use nauthera_test_kubernetes::tokens::{Credentials, Load, form, token};
use nauthera_test_kubernetes::wait::wait_for;
use std::net::SocketAddr;
use std::process::Command;

/// How many replicas most tests have.
pub const THREE: &str = "
  replicas: 3";

/// A site on a database of its own, with this more in the spec of its AuthServer.
pub async fn on_postgres(purpose: &str, more: &str) -> Site {
    let spec = format!(
        "  signing: {{algorithm: ES256}}
  database: {{postgres: {{urlSecretRef: {{name: database}}}}}}{more}"
    );
    let site = Site::with(purpose, &spec).await;
    let url = tokio::task::spawn_blocking(database::database).await.unwrap().unwrap();
    // The tests' PostgreSQL has no certificate.
    let secret = format!(
        "
apiVersion: v1
kind: Secret
metadata: {{name: database}}
stringData: {{url: \"{url}?sslmode=disable\"}}
"
    );
    apply(site.platform.name(), &secret).unwrap().worked().unwrap();
    site
}

/// Asks for a token and, which only the database knows, whether it lives.
pub async fn token_that_lives(server: SocketAddr, client: &Credentials) -> Result<()> {
    let issued = token(server, client).await?["access_token"].clone();
    let body = format!("token={}", issued.as_str().context("a token")?);
    let said = form(server, "/oauth2/introspect", client, body).await?;
    ensure!(said["active"] == true, "{said}");
    Ok(())
}

#[tokio::test]
async fn a_rolling_update_and_a_killed_replica_cost_no_request() {
    let _turn = whole().await;
    let site = on_postgres("replicas", THREE).await;
    let _operator = site.operator("only", &[]);
    site.ready().await;
    let (service, client) = (site.service(), site.credentials("till"));
    let served = async || token_that_lives(service, &client).await.map(Some);
    wait_for("the database", SOON, served).await.unwrap();
    let asks = client.clone();
    let mut load = Load::asking(move || {
        let client = asks.clone();
        async move { token_that_lives(service, &client).await }
    })
    .unwrap();
    load.more(20, SOON).await.unwrap();

    let roll = r#"{"spec":{"podTemplate":{"annotations":{"rolled":"once"}}}}"#;
    kubectl(["patch", "authserver", "main", "-n", site.platform.name(), "--type=merge", "-p", roll])
        .unwrap()
        .worked()
        .unwrap();
    let rolled = async || {
        let pods = ["get", "pods", "-l", "auth.nauthera.io/server=main", "-n", site.platform.name()];
        let rolled = ["-o", "jsonpath={.items[*].metadata.annotations.rolled}"];
        let said = kubectl(pods.iter().chain(&rolled))?.worked()?;
        Ok((site.pods().len() == 3 && said.split_whitespace().count() == 3).then_some(()))
    };
    wait_for("three new pods", SOON, rolled).await.unwrap();
    load.more(20, SOON).await.unwrap();
    let counts = load.end();
    assert_eq!(counts.failed, 0, "of {}: {:?}", counts.tokens, counts.failures);

    // A connection that a kill breaks is made again, as every client does; a refusal is none of that.
    let mut load = Load::asking(move || {
        let client = client.clone();
        async move {
            match token_that_lives(service, &client).await {
                Err(error) if is_broken(&error) => token_that_lives(service, &client).await,
                other => other,
            }
        }
    })
    .unwrap();
    load.more(20, SOON).await.unwrap();
    let processes = server_processes(site.platform.name());
    let killed = processes[0].to_string();
    assert!(Command::new("kill").args(["-s", "KILL", &killed]).status().unwrap().success());
    load.more(40, SOON).await.unwrap();
    let back = async || {
        let now = server_processes(site.platform.name());
        Ok((now.len() == 3 && !now.contains(&processes[0]) && site.pods().len() == 3).then_some(()))
    };
    wait_for("three replicas again", SOON, back).await.unwrap();
    site.edit_is_served(14).await;
    let counts = load.end();
    assert_eq!(counts.failed, 0, "of {}: {:?}", counts.tokens, counts.failures);
}

fn is_broken(error: &anyhow::Error) -> bool {
    let text = format!("{error:#}");
    text.starts_with("no connection") || text.starts_with("no answer:")
}

#[tokio::test]
async fn how_many_replicas_there_are_is_left_to_whoever_scales_them() {
    let _turn = whole().await;
    let site = on_postgres("scaled", "").await;
    let _operator = site.operator("only", &[]);
    site.ready().await;
    let deployment = ["deployment", "nauthera-main", "-n", site.platform.name()];
    let scale = ["scale", "--replicas=2"].iter().chain(&deployment);
    kubectl(scale).unwrap().worked().unwrap();
    let two = async || Ok((site.pods().len() == 2).then_some(()));
    wait_for("a second replica", SOON, two).await.unwrap();
    // An edit makes the operator look at everything again.
    site.edit_is_served(14).await;
    assert_eq!(get(&deployment).unwrap()["spec"]["replicas"], 2);
    let budget = async || Ok(get(&["pdb", "nauthera-main", "-n", site.platform.name()]).ok());
    wait_for("a budget for two", SOON, budget).await.unwrap();
}
