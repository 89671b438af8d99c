//! What the pages say.

use super::browser::Seen;
use super::manifests::{HOSTILE, ISSUER, add, client, object, secret_of};
use super::world::{SECRETS, World, address};
use crate::console::with_callback;
use http::StatusCode;
use nauthera_core::compile::compile;
use nauthera_core::grant::ClientType;
use std::sync::Arc;

const PAGES: [&str; 12] = [
    "/",
    "/clients",
    "/clients/shop/web",
    "/clients/shop/jobs",
    "/clients/shop/keyed",
    "/clients/shop/hostile",
    "/policies",
    "/policies/identity/baseline",
    "/policies/identity/pushed",
    "/policies/identity/watching",
    "/diagnostics",
    "/try",
];

fn has(seen: &Seen, words: &[&str]) {
    let text = seen.words();
    for word in words {
        assert!(text.contains(word), "{word} is not in: {text}");
    }
}

#[tokio::test]
async fn the_overview_answers_the_three_teams() {
    let world = World::new();
    let page = world.browser().open("/").await;
    let revision = compile(&world.inventory).snapshots[&object("identity/main")].revision().to_string();
    let kid = world.app.keys.load().iter().next().unwrap().kid.clone();
    has(&page, &[ISSUER, &revision, &kid, "static, 1 person: ada"]);
    has(
        &page,
        &[
            "http://127.0.0.1:8080/oauth2/token",
            "http://127.0.0.1:8080/oauth2/par",
            "http://127.0.0.1:8080/device",
        ],
    );
    has(&page, &["identity/baseline", "7 governed", "2 beyond it", "audits"]);
    has(&page, &["shop/jobs", "narrowed", "2 narrowed", "5 ok", "examples/shop"]);
    let (jobs, spa) = (page.text.find("shop/jobs").unwrap(), page.text.find("shop/spa").unwrap());
    assert!(jobs < spa, "clients that want attention come first");
}

#[tokio::test]
async fn a_client_page_says_what_was_taken_and_who_decided() {
    let world = World::new();
    let mut browser = world.browser();
    let jobs = browser.open("/clients/shop/jobs").await;
    has(&jobs, &["NA0203", "payroll:admin", "not served", "identity/baseline@1", "allowedScopes", "Help:"]);
    let web = browser.open("/clients/shop/web").await;
    has(
        &web,
        &["token.accessTokenTTL", "15m", "1h", "client_secret_basic", "What policies in Audit would do"],
    );
    has(&web, &["http://127.0.0.1:8081/try/callback this console, in memory only", "https://app.example/cb"]);
    has(&web, &[&format!("{SECRETS}/shop/web"), "identity/watching"]);
}

#[tokio::test]
async fn a_client_whose_key_is_its_own_cannot_be_tried() {
    let world = World::new();
    let page = world.browser().open("/clients/shop/keyed").await;
    has(&page, &["private_key_jwt", "the console has none"]);
    assert!(!page.text.contains("action=\"/try\""));
}

#[tokio::test]
async fn a_policy_page_says_what_it_states_and_whom_it_governs() {
    let world = World::new();
    let mut browser = world.browser();
    let baseline = browser.open("/policies/identity/baseline").await;
    has(
        &baseline,
        &["allowedScopes openid, profile, email, offline_access, orders:*", "token.accessTokenTTL 15m"],
    );
    has(&baseline, &["Clients that ask beyond it", "identity/main 7 5 2"]);
    let pushed = browser.open("/policies/identity/pushed").await;
    has(&pushed, &["clients: shop/posting", "requirePushedAuthorizationRequests true"]);
    assert!(!pushed.words().contains("shop/web"));
    has(&browser.open("/policies/identity/watching").await, &["enforcement Audit", "shop/web"]);
}

#[tokio::test]
async fn diagnostics_are_what_the_terminal_prints() {
    let world = World::new();
    let page = world.browser().open("/diagnostics").await;
    assert!(page.text.contains("beyond policy\n  --&#62; jobs.yaml:1:1"), "{}", page.text);
    has(&page, &["Diagnostics 1 findings"]);
}

#[tokio::test]
async fn what_is_not_there_is_said_so() {
    let world = World::new();
    let mut browser = world.browser();
    for path in ["/clients/shop/nobody", "/policies/a/b", "/try/nothing", "/nothing"] {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn hostile_names_stay_text_on_every_page() {
    let mut world = World::new();
    world.folder = format!("folder{HOSTILE}");
    world.diagnostics = vec![format!("error[NA0001]: {HOSTILE}")];
    world.show();
    let mut browser = world.browser();
    for path in PAGES {
        let page = browser.open(path).await;
        assert!(!page.text.contains("<script>"), "{path}");
        has(&page, &[&format!("folder{HOSTILE}")]);
    }
    let searched = browser.open("/clients?q=%22%3E%3Cscript%3Ealert(1)&policy=%22%3Ex/y").await;
    assert!(!searched.text.contains("<script>") && !searched.text.contains("\">x/y"), "{}", searched.text);
}

#[tokio::test]
async fn no_page_has_inline_code_and_every_form_has_its_token() {
    let world = World::new();
    let mut browser = world.browser();
    for path in PAGES {
        let page = browser.open(path).await;
        for tag in page.text.split('<').filter_map(|rest| rest.split('>').next()) {
            assert!(!tag.contains(" style=") && !tag.contains(" on"), "{path}: {tag}");
            assert!(!tag.starts_with("script") || tag.contains(" src=\"/assets/"), "{path}: {tag}");
        }
        let posts = page.text.matches("method=\"post\"").count();
        assert_eq!(page.text.matches("name=\"csrf\"").count(), posts, "{path}");
        for one in ["<main", "<h1", "<title", "aria-current"] {
            assert_eq!(page.text.matches(one).count(), 1, "{path}: {one}");
        }
    }
}

#[tokio::test]
async fn ids_are_unique_and_what_refers_to_them_finds_them() {
    let world = World::new();
    let mut browser = world.browser();
    for path in PAGES {
        let page = browser.open(path).await;
        let all = |name: &str| -> Vec<String> {
            let attribute = format!(" {name}=\"");
            let rest = page.text.split(&attribute).skip(1);
            rest.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
        };
        let mut ids = all("id");
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count, "{path}");
        for reference in all("for").iter().chain(&all("aria-labelledby")) {
            assert!(ids.contains(reference), "{path}: {reference}");
        }
    }
}

#[tokio::test]
async fn no_page_shows_a_secret() {
    let world = World::new();
    let mut browser = world.browser();
    for path in PAGES {
        let page = browser.open(path).await;
        assert!(!page.words().contains(&secret_of(&object("shop/web"))), "{path}");
    }
}

#[tokio::test]
async fn clients_are_filtered_by_the_address() {
    let world = World::new();
    let mut browser = world.browser();
    for (query, found, missing) in [
        ("q=JOB", "shop/jobs", "shop/web"),
        ("q=Web+shop", "shop/web", "shop/jobs"),
        ("verdict=narrowed", "shop/jobs", "shop/spa"),
        ("type=device", "shop/tv", "shop/web"),
        ("policy=identity/pushed", "shop/posting", "shop/web"),
        ("violates=identity/baseline", "shop/jobs", "shop/spa"),
    ] {
        let list = browser.open(&format!("/clients?{query}")).await.words();
        assert!(list.contains(found) && !list.contains(missing), "{query}: {list}");
    }
    has(&browser.open("/clients?q=nobody").await, &["No client is like that."]);
}

#[tokio::test]
async fn thousands_of_clients_come_in_pages() {
    let world = World::with(|inventory, key| {
        for n in 0..1_200 {
            add(inventory, key, &format!("bulk-{n:04}"), client(ClientType::Service, &["orders:read"]));
        }
    });
    let mut browser = world.browser();
    let second = browser.open("/clients?q=bulk&page=2").await;
    has(&second, &["51 to 100 of 1200", "Page 2 of 24", "shop/bulk-0050", "shop/bulk-0099"]);
    assert_eq!(second.text.matches("class=\"client-row\"").count(), 50);
    assert!(
        second.text.contains("href=\"/clients?q=bulk&#38;page=3\"") && second.text.contains("rel=\"prev\"")
    );
    let last = browser.open("/clients?q=bulk&page=999").await;
    has(&last, &["1151 to 1200 of 1200"]);
    assert!(!last.text.contains("rel=\"next\""));
    let policy = browser.open("/policies/identity/baseline").await;
    has(&policy, &["All 1207"]);
}

#[tokio::test]
async fn the_callback_is_added_once_to_clients_that_redirect_and_to_no_others() {
    let world = World::new();
    let plain = compile(&world.inventory).snapshots[&object("identity/main")].clone();
    let once = with_callback(&plain, address());
    let twice = with_callback(&once, address());
    assert_eq!(once, twice);
    for (id, row) in &plain.clients {
        let served = &once.clients[id];
        let added = |uris: &[nauthera_core::uri::RedirectUri], own: &str| {
            uris.iter().filter(|uri| uri.as_str() == own).count()
        };
        let redirects = usize::from(row.client_type.redirects());
        assert_eq!(added(&served.redirect_uris, "http://127.0.0.1:8081/try/callback"), redirects, "{id}");
        assert_eq!(
            added(&served.post_logout_redirect_uris, "http://127.0.0.1:8081/try/ended"),
            redirects,
            "{id}"
        );
        assert_eq!(Arc::ptr_eq(row, served), redirects == 0, "{id}");
    }
}
