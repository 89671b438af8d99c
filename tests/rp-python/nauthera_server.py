"""Runs `nauthera up` for the suite: on a copy of the shared manifests, on a free port of the loopback address, with a data
folder of its own. It is stopped by its own process id, and its talk is kept for the test that fails."""

import json
import os
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

MANIFESTS = Path(__file__).parent.parent / "manifests"
START_WITHIN = 30.0
STOP_WITHIN = 15.0

Found = TypeVar("Found")


def free_port() -> int:
    """A port that nobody listens on, below those that the system gives to outgoing connections."""
    for _ in range(100):
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no port is free")


def until(what: str, within: float, look: Callable[[], Found]) -> Found:
    """Calls `look` until it returns something, and fails when that takes longer than `within` seconds."""
    deadline = time.monotonic() + within
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"within {within} s: {what}")
        time.sleep(0.02)
    return found


class Server:
    """One `nauthera up`."""

    def __init__(self, files: dict[str, object] | None = None, algorithm: str = "RS256", ca: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="nauthera-suite-"))
        self.data = self.folder / "data"
        manifests = self.folder / "manifests"
        shutil.copytree(MANIFESTS, manifests)
        # JSON is YAML.
        for name, content in (files or {}).items():
            (manifests / name).write_text(json.dumps(content))
        settings = manifests / "platform/server.yaml"
        settings.write_text(settings.read_text().replace("RS256", algorithm))
        port = free_port()
        self.issuer = f"http://127.0.0.1:{port}"
        self._talk: list[str] = []
        self._ready = threading.Event()
        flags = ["--listen", f"127.0.0.1:{port}", "--issuer", self.issuer, "--data", self.data, "--console", "none"]
        environment = {**os.environ, "NO_COLOR": "1", "RUST_LOG": "nauthera=debug,warn"}
        if ca:
            flags.append("--allow-private-fetch")
            environment["SSL_CERT_FILE"] = str(ca)
        self._process = subprocess.Popen(
            [os.environ["NAUTHERA_BIN"], "up", manifests, *flags],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        threading.Thread(target=self._listen, daemon=True).start()
        if not self._ready.wait(START_WITHIN) or self._process.poll() is not None:
            self._process.kill()
            raise RuntimeError(f"it does not serve\n{self.log()}")

    def _listen(self) -> None:
        for line in self._process.stdout:
            self._talk.append(line)
            if line == f"ready {self.issuer}\n":
                self._ready.set()
        # Its end is news too: whoever waits should not wait longer.
        self._process.wait()
        self._ready.set()

    def log(self) -> str:
        """What it has said so far."""
        return f"--- nauthera up, issuer {self.issuer}\n{''.join(self._talk)}---"

    def credentials(self, name: str) -> dict[str, str]:
        """What the client was given, as its Secret would hold it: `client_id`, `client_secret` and so on."""
        folder = self.data / "secrets" / "apps" / f"{name}-client-secret"
        return {file.name: file.read_text() for file in folder.iterdir()}

    def stop(self) -> None:
        """Ends the process in order, and removes what it made."""
        self._process.terminate()
        try:
            code = self._process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        shutil.rmtree(self.folder)
        assert code == 0, f"it did not stop in order\n{self.log()}"
