#!/usr/bin/env python3
"""A server that is one release older, as an operator meets it: the real program of NAUTHERA_PROGRAM, which says on the admin port that it
reads format 1 of Snapshots alone."""

import http.client
import http.server
import json
import os
import signal
import subprocess
import sys
import threading

ADMIN = "--admin-listen="
BEHIND = ("127.0.0.1", 18082)


def words():
    """The words of the real program, and the port that this one answers on."""
    given = sys.argv[1:]
    asked = next(word for word in given if word.startswith(ADMIN))
    moved = [f"{ADMIN}{BEHIND[0]}:{BEHIND[1]}" if word == asked else word for word in given]
    return moved, int(asked.rsplit(":", 1)[1])


class Admin(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            behind = http.client.HTTPConnection(*BEHIND, timeout=2)
            behind.request("GET", self.path)
            answer = behind.getresponse()
            status, body = answer.status, answer.read()
        except OSError:
            status, body = 503, b"{}"
        if self.path == "/readyz" and body != b"{}":
            said = json.loads(body)
            said["formats"] = [1]
            body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


given, port = words()
child = subprocess.Popen([os.environ["NAUTHERA_PROGRAM"], *given])
signal.signal(signal.SIGTERM, lambda *_: child.terminate())
server = http.server.ThreadingHTTPServer(("0.0.0.0", port), Admin)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.exit(child.wait())
