//! A client explained from a status looks as one explained from manifests.

use super::*;
use serde_json::json;

fn object() -> serde_json::Value {
    json!({
        "metadata": { "namespace": "shop", "name": "web", "generation": 4 },
        "spec": { "type": "web", "authServerRef": { "name": "main", "namespace": "auth" } },
        "status": {
            "observedGeneration": 4, "clientId": "shop.web", "issuer": "https://id.example",
            "policies": [{ "namespace": "auth", "name": "baseline", "generation": 7 }],
            "effective": [
                { "setting": "scopes", "value": "openid", "requested": "openid orders:read", "policy": "auth/baseline", "field": "allowedScopes" },
                { "setting": "grantTypes", "value": "authorization_code refresh_token", "field": "type" },
                { "setting": "pkce", "value": "required (S256)", "field": "baseline" },
                { "setting": "redirectUris", "value": "https://shop.example/cb", "field": "redirectUris" },
                { "setting": "consent", "value": "Required" },
            ],
            "violations": [{
                "code": "NA0203", "policy": "auth/baseline", "field": "spec.scopes[1]", "requested": "orders:read",
                "allowed": "openid", "message": "scope `orders:read` is beyond policy",
            }],
            "violationsTotal": 1,
            "conditions": [
                { "type": "Compliant", "status": "False", "reason": "Narrowed", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z" },
                { "type": "Programmed", "status": "True", "reason": "Programmed", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z" },
            ],
        },
    })
}

#[test]
fn for_people_and_for_machines() {
    let name = ObjectRef::new("shop", "web");
    let explained = explained(&object()).unwrap();
    let cases: Vec<Case> = explained
        .findings
        .iter()
        .map(|finding| Case { finding: finding.clone(), marks: Vec::new() })
        .collect();
    let manifests = Manifests::default();
    let views = cases.iter().map(|case| FindingView::of(&manifests, case)).collect();
    let document = ClientDocument::read(&name, &explained, views);
    let people = format!("{}\n\n{}", heading(&document), settings(&document).unwrap());
    insta::assert_snapshot!("from_a_status", people);
    insta::assert_json_snapshot!("from_a_status_as_json", document);
}
