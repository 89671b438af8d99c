//! The operator, the API server, etcd or a server is killed under an application that asks for tokens.

use super::site::{Site, server_processes};
use super::turns::alone;
use nauthera_test_kubernetes::component::Component;
use nauthera_test_kubernetes::objects::SOON;
use nauthera_test_kubernetes::tokens::{Counts, token};
use nauthera_test_kubernetes::wait::wait_for;
use std::process::Command;

/// Every request was answered with a token.
fn nothing_failed(counts: &Counts) {
    assert_eq!(counts.failed, 0, "of {} requests: {:?}", counts.tokens + counts.failed, counts.failures);
    assert!(counts.tokens > 0);
}

fn kill(pid: u32) {
    assert!(Command::new("kill").args(["-s", "KILL", &pid.to_string()]).status().unwrap().success());
}

#[tokio::test]
async fn what_is_served_outlives_operator_api_server_and_etcd() {
    let _turn = alone().await;
    let site = Site::new("outlives").await;
    let operator = site.operator("first", &[]);
    site.ready().await;
    let mut load = site.load();
    load.more(10, SOON).await.unwrap();
    operator.kill().unwrap();
    load.more(40, SOON).await.unwrap();
    // One that stands for election loses its Lease meanwhile, and leads again after.
    let operator = site.operator("second", &["--leader-elect"]);
    site.edit_is_served(14).await;

    Component::ApiServer.kill().unwrap();
    load.more(20, SOON).await.unwrap();
    let hold = Component::ApiServer.hold().await.unwrap();
    load.more(160, SOON).await.unwrap();
    drop(hold);
    site.edit_when_it_answers(13).await;

    Component::Etcd.kill().unwrap();
    load.more(20, SOON).await.unwrap();
    site.edit_when_it_answers(12).await;
    nothing_failed(&load.end());
    drop(operator);
}

#[tokio::test]
async fn a_server_that_restarts_while_the_api_server_is_down_serves_its_last_good_snapshot() {
    let _turn = alone().await;
    let site = Site::new("restarts").await;
    let _operator = site.operator("only", &[]);
    site.ready().await;
    site.edit_is_served(11).await;
    let (pod, client) = (site.pods().remove(0), site.credentials("till"));
    let [process] = server_processes(site.platform.name())[..] else { panic!("one process") };

    let hold = Component::ApiServer.hold().await.unwrap();
    kill(process);
    let again = async || {
        let now = server_processes(site.platform.name());
        anyhow::ensure!(!now.contains(&process) && now.len() == 1, "{now:?}");
        let answer = token(pod, &client).await?;
        assert_eq!(answer["expires_in"], 660);
        Ok(Some(()))
    };
    wait_for("the server, by itself", SOON, again).await.unwrap();
    drop(hold);
    site.edit_when_it_answers(10).await;
}
