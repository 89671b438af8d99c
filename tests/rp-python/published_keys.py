"""Keys of clients that authenticate by private_key_jwt: one whose manifest holds the public key, and one that publishes it
over https, behind a certificate of an authority that lives as long as the run."""

import datetime
import ipaddress
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey, RSAKey


Key = ec.EllipticCurvePrivateKey

# Keys of kinds that the server need not know: they must not spoil the set (RFC 7517 section 5).
OTHERS = [
    {"kty": "AKP", "alg": "ML-DSA-44", "kid": "post-quantum", "pub": "AAAA"},
    {"kty": "OKP", "crv": "X25519", "use": "enc", "kid": "encryption", "x": "A" * 43},
    {"kty": "EC", "crv": "secp256k1", "kid": "curve", "x": "A" * 43, "y": "A" * 43},
]


def _certificate(name: str, key: Key, by: x509.Certificate | None, signer: Key) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=12))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
    )
    if by:
        names = [x509.DNSName(name), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _pem(thing: x509.Certificate | Key) -> bytes:
    if isinstance(thing, x509.Certificate):
        return thing.public_bytes(serialization.Encoding.PEM)
    return thing.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class PublishedKeys:
    """The keys, and the https server that publishes one of them."""

    def __init__(self, folder: Path) -> None:
        self.in_manifest = RSAKey.generate_key(2048, {"kid": "in-manifest", "use": "sig"})
        self.published = ECKey.generate_key("P-256", {"kid": "first", "use": "sig"})
        # How often the published keys were asked for.
        self.fetches = 0
        authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        authority = _certificate("authority of a test", authority_key, None, authority_key)
        certificate = _certificate("localhost", server_key, authority, authority_key)
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(_pem(authority))
        chain = folder / "server.pem"
        chain.write_bytes(_pem(server_key) + _pem(certificate))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(chain)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        keys = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                keys.fetches += 1
                body = json.dumps({"keys": [*OTHERS, keys.published.as_dict(private=False)]}).encode()
                self.send_response(200)
                self.send_header("content-type", "application/jwk-set+json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def manifests(self) -> dict[str, object]:
        """The two clients."""
        address = f"https://localhost:{self._server.server_port}/keys"
        inline = {"keys": [self.in_manifest.as_dict(private=False)]}
        return {
            "apiVersion": "v1",
            "kind": "List",
            "items": [_client("web-jwt", {"jwks": inline}), _client("web-jwks-uri", {"jwksUri": address})],
        }

    def stop(self) -> None:
        """Stops publishing."""
        self._server.shutdown()
        self._server.server_close()


def _client(name: str, keys: dict[str, object]) -> dict[str, object]:
    return {
        "apiVersion": "auth.nauthera.io/v1alpha1",
        "kind": "AuthClient",
        "metadata": {"namespace": "apps", "name": name},
        "spec": {
            "authServerRef": {"namespace": "identity", "name": "main"},
            "type": "web",
            "grantTypes": ["authorization_code", "refresh_token", "client_credentials"],
            "authentication": {"method": "private_key_jwt", **keys},
            "redirectUris": ["https://rp.example/callback"],
            "scopes": ["openid", "profile", "orders:read"],
        },
    }
