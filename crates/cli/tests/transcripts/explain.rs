//! `nauthera explain`.

use crate::run::{assert_transcript, output, stdout};

#[test]
fn a_client_as_it_asks() {
    assert_transcript!("explain", "shop/storefront", "clean");
}

#[test]
fn a_narrowed_client() {
    assert_transcript!("explain", "shop/storefront", "company");
}

#[test]
fn a_refused_client() {
    assert_transcript!("explain", "shop/till", "company");
}

#[test]
fn a_client_that_waits_for_its_frozen_server() {
    assert_transcript!("explain", "shop/storefront", "frozen");
}

#[test]
fn a_client_as_json() {
    assert_transcript!("explain", "shop/catalog", "company", "--format", "json");
}

#[test]
fn a_client_that_is_not_there() {
    assert_transcript!("explain", "shop/storefrnot", "company");
}

#[test]
fn without_a_path_it_names_what_is_missing() {
    assert_transcript!("explain", "shop/storefront");
}

#[test]
fn a_code() {
    assert_transcript!("explain", "NA0103");
}

#[test]
fn a_code_as_json() {
    assert_transcript!("explain", "na0203", "--format", "json");
}

#[test]
fn a_code_that_is_not_there() {
    assert_transcript!("explain", "NA0299");
}

#[test]
fn neither_a_client_nor_a_code() {
    assert_transcript!("explain", "Storefront!");
}

#[test]
fn a_name_alone_is_in_the_namespace_of_the_context() {
    assert_transcript!("explain", "storefront", "--kubeconfig", "kubeconfig/shut.yaml");
}

#[test]
fn a_name_alone_with_a_path_is_in_the_namespace_that_is_named() {
    let named = output(&["explain", "catalog", "company", "-n", "shop"]);
    let whole = output(&["explain", "shop/catalog", "company"]);
    assert_eq!((named.status.code(), stdout(&named)), (whole.status.code(), stdout(&whole)));
}

#[test]
fn every_code_is_explained() {
    let document = stdout(&output(&["reference", "diagnostics"]));
    let codes: Vec<&str> = document.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert!(codes.len() > 30);
    for code in codes {
        let output = output(&["explain", code]);
        assert_eq!(output.status.code(), Some(0), "{code}");
        assert!(stdout(&output).contains(code));
    }
}
