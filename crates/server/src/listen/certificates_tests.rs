//! Pairs of files: those that are served, those that are refused, and how a change is seen.

use super::*;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, date_time_ymd};
use std::fs;
use std::os::unix::fs::symlink;
use tempfile::TempDir;

/// A certificate of this machine that ends with that year, and its key, as PEM.
fn pair(year: i32) -> (String, String) {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_after = date_time_ymd(year, 12, 31);
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

/// 31 December of that year.
fn end_of(year: i16) -> UnixTime {
    UnixTime(
        jiff::civil::date(year, 12, 31).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_second(),
    )
}

struct Folder(TempDir);

impl Folder {
    fn with((certificate, key): &(String, String)) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("tls.crt", certificate);
        folder.write("tls.key", key);
        folder
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.at(name), text).unwrap();
    }

    fn open(&self) -> Result<Arc<Certificates>, CertificateFault> {
        Certificates::open(&self.at("tls.crt"), &self.at("tls.key"))
    }
}

#[test]
fn versions_and_suites_are_these() {
    let config = Folder::with(&pair(2030)).open().unwrap().config.clone();
    let suites: Vec<_> =
        config.crypto_provider().cipher_suites.iter().map(|suite| format!("{:?}", suite.suite())).collect();
    assert_eq!(
        suites,
        [
            "TLS13_AES_256_GCM_SHA384",
            "TLS13_AES_128_GCM_SHA256",
            "TLS13_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        ]
    );
    assert_eq!(config.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    assert_eq!(config.max_early_data_size, 0, "what may be replayed is not taken");
}

#[test]
fn the_end_of_the_certificate_is_known() {
    assert_eq!(Folder::with(&pair(2031)).open().unwrap().not_after(), end_of(2031));
}

#[test]
fn a_pair_that_is_none_says_what_is_wrong_with_which_file() {
    let (certificate, key) = pair(2030);
    let other = pair(2030).1;
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (files, why) in [
        ((certificate.clone(), other), "tls.key is not the one of the certificate in"),
        ((String::new(), key.clone()), "tls.crt holds no certificate"),
        (("text".to_owned(), key.clone()), "tls.crt holds no certificate"),
        ((key.clone(), key.clone()), "tls.crt holds no certificate"),
        ((garbage.to_owned(), key.clone()), "the first certificate of"),
        ((certificate.clone(), String::new()), "tls.key holds no private key"),
        ((certificate.clone(), certificate.clone()), "tls.key holds no private key"),
        ((certificate.replace("CERTIFICATE", "CERTIFICAT"), key.clone()), "tls.crt holds no certificate"),
        (("x".repeat(1_100_000), key), "larger than 1 MiB"),
    ] {
        let fault = Folder::with(&files).open().map(drop).unwrap_err().to_string();
        assert!(fault.contains(why), "{why}: {fault}");
    }
    let folder = Folder(tempfile::tempdir().unwrap());
    let fault = folder.open().map(drop).unwrap_err().to_string();
    assert!(fault.contains("tls.crt cannot be read"), "{fault}");
}

#[test]
fn a_key_of_another_kind_is_served_too() {
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    assert!(Folder::with(&(certificate.pem(), key.serialize_pem())).open().is_ok());
}

#[test]
fn a_change_of_content_is_seen_and_nothing_else() {
    let folder = Folder::with(&pair(2030));
    let certificates = folder.open().unwrap();
    assert!(matches!(certificates.look(), Look::Same));
    // Written again as it was: another time of change, the same content.
    let text = fs::read_to_string(folder.at("tls.crt")).unwrap();
    folder.write("tls.crt", &text);
    assert!(matches!(certificates.look(), Look::Same));
    let (certificate, key) = pair(2032);
    folder.write("tls.crt", &certificate);
    // Half of a change is no pair: what is held stays until the other half is there.
    assert!(matches!(certificates.look(), Look::Refused(CertificateFault::Mismatch { .. })));
    assert_eq!(certificates.not_after(), end_of(2030));
    folder.write("tls.key", &key);
    assert!(matches!(certificates.look(), Look::Renewed));
    assert!(matches!(certificates.look(), Look::Same));
    assert_eq!(certificates.not_after(), end_of(2032));
}

#[test]
fn files_that_are_gone_or_broken_leave_what_is_held() {
    let folder = Folder::with(&pair(2030));
    let certificates = folder.open().unwrap();
    fs::remove_file(folder.at("tls.key")).unwrap();
    assert!(matches!(certificates.look(), Look::Refused(CertificateFault::Unreadable { .. })));
    folder.write("tls.key", "garbage");
    assert!(matches!(certificates.look(), Look::Refused(CertificateFault::NoKey(_))));
    assert_eq!(certificates.not_after(), end_of(2030));
}

#[test]
fn a_mounted_secret_changes_behind_its_link() {
    let (old, new) = (Folder::with(&pair(2030)), Folder::with(&pair(2033)));
    let mount = Folder(tempfile::tempdir().unwrap());
    symlink(old.0.path(), mount.at("..data")).unwrap();
    symlink("..data/tls.crt", mount.at("tls.crt")).unwrap();
    symlink("..data/tls.key", mount.at("tls.key")).unwrap();
    let certificates = mount.open().unwrap();
    symlink(new.0.path(), mount.at("..data_tmp")).unwrap();
    fs::rename(mount.at("..data_tmp"), mount.at("..data")).unwrap();
    assert!(matches!(certificates.look(), Look::Renewed));
    assert_eq!(certificates.not_after(), end_of(2033));
}

#[test]
fn a_pipe_is_not_looked_at_again() {
    let folder = Folder::with(&pair(2030));
    let certificates = folder.open().unwrap();
    fs::remove_file(folder.at("tls.key")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.at("tls.key")).status().unwrap();
    assert!(made.success());
    assert!(matches!(certificates.look(), Look::Same));
}
