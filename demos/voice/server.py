"""A server of its own for the demo: the real program, on a folder that goes in the end, with the simulated carrier."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

#: Longer than this no start takes.
START = 60


def find():
    """The program: the one that was built last here, or the one in PATH."""
    built = [Path(__file__).parents[2] / "target" / how / "trunkline" for how in ("release", "debug")]
    there = sorted((file for file in built if file.exists()), key=lambda file: file.stat().st_mtime)
    found = there[-1] if there else shutil.which("trunkline")
    if not found:
        raise SystemExit("there is no trunkline here: cargo build --release, or say --server FILE")
    return found


class Failed(Exception):
    """The server answered something else than what was asked for."""


class Server:
    """A running server; it is stopped at the end of a `with`."""

    def __init__(self, program, folder, model, bots):
        with socket.socket() as any_port:
            any_port.bind(("127.0.0.1", 0))
            port = any_port.getsockname()[1]
        self._key, self._log = secrets.token_hex(32), folder / "server.log"
        self.url = f"http://127.0.0.1:{port}"
        environment = {
            # Nothing of our own environment reaches it.
            "PATH": os.environ.get("PATH", ""),
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "DATA_DIR": str(folder / "data"),
            "BOTS": str(bots),
            "OPENAI_REALTIME_URL": model,
            "TRUNKLINE_API_KEY": self._key,
        }
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [Path(program).resolve(), "serve", "--carrier", "simulator"],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def carrier(self):
        """Where the simulated carrier is, once everything is up."""
        said = until(START, self._up)
        if not said:
            raise SystemExit(f"the server does not serve:\n{self._log.read_text()}")
        return said.group(1)

    def _up(self):
        log = self._log.read_text()
        if self._process.poll() is not None:
            raise SystemExit(f"the server ended:\n{log}")
        # The database comes after the calls.
        said = re.search(r"simulated carrier is at (\S+)", log)
        return said if said and self._answers("/api/practitioners") else None

    def _answers(self, path):
        try:
            return self.ask("GET", path) is not None
        except (OSError, Failed):
            return False

    def ask(self, method, path, body=None):
        """The API's answer."""
        return ask(method, self.url + path, body, {"authorization": f"Bearer {self._key}"})


def ask(method, url, body=None, head=None):
    """What is answered, as JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json", **(head or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or "null")
    except urllib.error.HTTPError as error:
        raise Failed(f"{method} {url}: {error.code} {error.read().decode()}") from error


def until(seconds, look):
    """What `look` finds, as soon as it finds something; None if that takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    return None
