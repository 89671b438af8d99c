#!/usr/bin/env python3
"""A server that is one release older, as an operator meets it: the real program of NAUTHERA_PROGRAM, which says on the admin port that it
reads format 1 of Snapshots alone, and has nothing to begin with while another is published."""

import http.client
import http.server
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time

ADMIN = "--admin-listen="
INDEX = "--snapshot-configmaps="
BEHIND = ("127.0.0.1", 18082)
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def words():
    """The words of the real program, and the port that this one answers on."""
    given = sys.argv[1:]
    asked = next(word for word in given if word.startswith(ADMIN))
    moved = [f"{ADMIN}{BEHIND[0]}:{BEHIND[1]}" if word == asked else word for word in given]
    return moved, int(asked.rsplit(":", 1)[1])


def published():
    """The format of what is published; none where the API server does not say."""
    index = next(word for word in sys.argv[1:] if word.startswith(INDEX)).removeprefix(INDEX)
    namespace, name = index.split("/")
    with open(f"{ACCOUNT}/token", encoding="utf-8") as file:
        token = file.read()
    trust = ssl.create_default_context(cafile=f"{ACCOUNT}/ca.crt")
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    api = http.client.HTTPSConnection(host, int(port), timeout=2, context=trust)
    try:
        path = f"/api/v1/namespaces/{namespace}/configmaps/{name}"
        api.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = json.load(api.getresponse())
        return json.loads(answer["data"]["index.json"])["format"]
    except (OSError, KeyError, ValueError):
        return None
    finally:
        api.close()


class Admin(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            behind = http.client.HTTPConnection(*BEHIND, timeout=2)
            behind.request("GET", self.path)
            answer = behind.getresponse()
            status, body = answer.status, answer.read()
        except OSError:
            # The program is not there yet; this one is.
            status, body = 200 if self.path == "/healthz" else 503, b"{}"
        if self.path == "/readyz":
            body = json.dumps({**json.loads(body), "formats": [1]}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


given, port = words()
server = http.server.ThreadingHTTPServer(("0.0.0.0", port), Admin)
threading.Thread(target=server.serve_forever, daemon=True).start()
while published() != 1:
    time.sleep(0.2)
child = subprocess.Popen([os.environ["NAUTHERA_PROGRAM"], *given])
signal.signal(signal.SIGTERM, lambda *_: child.terminate())
sys.exit(child.wait())
