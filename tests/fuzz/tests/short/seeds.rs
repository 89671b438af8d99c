//! Seeds that are good are taken: a seed that was refused at the door would let nothing behind it be tried.

use axum::body::Body;
use http::Request;
use nauthera_api::manifests::Manifests;
use nauthera_core::compile::compile;
use nauthera_core::snapshot::Snapshot;
use nauthera_fuzz::provider::{self, Provider};
use nauthera_fuzz::support::Call;
use nauthera_fuzz::{files, shot, targets};

fn seed(target: &str, name: &str) -> Vec<u8> {
    std::fs::read(files::home().join("corpus").join(target).join(name)).unwrap()
}

fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let all = files::seeds(target).unwrap().into_iter();
    all.map(|(path, bytes)| (path.display().to_string(), bytes)).collect()
}

/// The status of the answer to a request.
fn status(provider: &Provider, request: Option<Request<Body>>) -> u16 {
    provider.send(request.unwrap()).unwrap().status.as_u16()
}

#[test]
fn every_folder_of_seeds_is_a_targets() {
    let folders = std::fs::read_dir(files::home().join("corpus")).unwrap();
    let mut folders: Vec<String> =
        folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let mut names: Vec<&str> = targets::ALL.iter().map(|target| target.name).collect();
    folders.sort();
    names.sort_unstable();
    assert_eq!(folders, names);
}

#[test]
fn snapshots_decode() {
    for (path, bytes) in seeds("snapshot") {
        let read = Snapshot::from_bytes(&bytes);
        assert_eq!(read.is_err(), path.contains("refused"), "{path}: {read:?}");
    }
}

#[test]
fn manifests_are_read_and_one_folder_compiles() {
    for (path, bytes) in seeds("manifests").into_iter().chain(seeds("schema")) {
        let text = String::from_utf8(bytes).unwrap();
        let manifests = Manifests::from_texts(vec![(path.clone(), text)]);
        assert!(!manifests.is_incomplete(), "{path}: {:?}", manifests.findings());
    }
    let text = String::from_utf8(seed("manifests", "teams.yaml")).unwrap();
    let manifests = Manifests::from_texts(vec![("teams.yaml".into(), text)]);
    let compiled = compile(&manifests.inventory());
    let clients: usize = compiled.snapshots.values().map(|snapshot| snapshot.clients.len()).sum();
    assert_eq!(clients, 1, "{:?}", manifests.findings());
}

#[test]
fn tokens_are_issued_and_a_device_waits() {
    provider::with(|provider| {
        for (name, expected) in [
            ("client-credentials", 200),
            ("code", 200),
            ("refresh", 200),
            ("device", 400),
            ("assertion", 200),
            ("post", 200),
        ] {
            let form = provider.filled(&seed("token", name));
            let id = form_urlencoded::parse(&form).find(|(name, _)| name == "client_id");
            let proof = id
                .filter(|_| !matches!(name, "assertion" | "post"))
                .map(|(_, id)| Call::token(&provider.world, "").without("grant_type").by(&id).headers);
            let proof = proof.unwrap_or_default();
            let headers: Vec<(&str, &str)> =
                proof.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let request = shot::form(&provider.world.path("/oauth2/token"), &headers, &form);
            assert_eq!(status(provider, request), expected, "{name}");
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn authorization_requests_lead_on() {
    provider::with(|provider| {
        for (name, seed) in seeds("authorize") {
            let query = provider.filled(&seed);
            let request = shot::page(&provider.world.path("/oauth2/authorize"), &query, &provider.cookies);
            let status = status(provider, request);
            // A page is shown where the address is wrong; what else is wrong is told to the client.
            let page = name.ends_with("/refused") || name.ends_with("/refused-longer-address");
            assert_eq!(status >= 400, page, "{name}");
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn whole_requests_are_requests() {
    provider::with(|provider| {
        for (name, seed) in seeds("requests") {
            assert!(shot::read(&provider.filled(&seed)).is_some(), "{name}");
        }
        Ok(())
    })
    .unwrap();
    for (name, expected) in
        [("login", 303), ("logout", 303), ("account", 200), ("userinfo", 200), ("discovery", 200)]
    {
        // Each with a provider that no other one has changed.
        provider::with(|provider| {
            let request = shot::read(&provider.filled(&seed("requests", name)));
            assert_eq!(status(provider, request), expected, "{name}");
            Ok(())
        })
        .unwrap();
    }
}
