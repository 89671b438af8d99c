//! Redis, where replicas share limits and used assertions through one: is it there, does it take writes, does it keep them?

use super::{Finding, Findings};
use nauthera_core::facts::Digest;
use nauthera_core::time::Seconds;
use nauthera_store::StoreError;
use nauthera_store::limits::SharedMemory;
use nauthera_store::redis::{Options, Redis, Source};
use std::time::Duration;

/// The longest that one question may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks it, and says what was seen. One key is left behind for a minute.
pub async fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Findings::of("redis");
    match Redis::open(source.clone(), "doctor", Options { within: PATIENCE }).await {
        Ok(redis) => ask(&mut findings, &redis).await,
        Err(error) => findings.error(error.to_string(), "write --redis as `nauthera server --help` has it"),
    }
    findings.all
}

async fn ask(findings: &mut Findings, redis: &Redis) {
    match redis.remember(Digest::of("nauthera doctor"), Seconds::new(1)).await {
        Ok(_) => findings.ok("it takes writes"),
        Err(StoreError::Unavailable(why) | StoreError::Corrupt(why)) => {
            findings.error(
                why,
                "see whether it runs and is reached from here, whether user and password are right, and whether it is full; until \
                 then each replica has limits of its own, and clients that authenticate by assertion are refused",
            );
            return;
        }
    }
    if let Ok(Some(policy)) = redis.eviction().await {
        findings.warning(
            format!("it may remove what is not over yet (maxmemory-policy {policy})"),
            "set maxmemory-policy to noeviction: a client assertion that is forgotten could be used again",
        );
    }
}
