//! The operator as a process: as the account that the shipped roles are for, behind a proxy that only counts.

use nauthera_test_kubernetes::account::Account;
use nauthera_test_kubernetes::operator::{Operator, prepare};
use nauthera_test_kubernetes::proxy::Proxy;
use std::sync::OnceLock;

/// The operator that all tests of this process share. It ends with the cluster.
pub struct Shared {
    _operator: Operator,
    proxy: Proxy,
}

/// Starts it, once.
pub fn operator() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| {
        prepare().unwrap();
        let proxy = Proxy::start().unwrap();
        let kubeconfig = Account::operator("shared").unwrap().kubeconfig(&proxy.way()).unwrap();
        Shared { _operator: Operator::start("shared", &kubeconfig, &[]).unwrap(), proxy }
    })
}

impl Shared {
    /// Everything that it has asked until now is allowed by the shipped roles.
    pub fn nothing_was_forbidden(&self) {
        let forbidden = self.proxy.forbidden();
        assert!(forbidden.is_empty(), "{forbidden:?}");
    }
}
