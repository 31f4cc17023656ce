"""Runs the shipped binary for tests: on free ports, with its own cache and project folders."""

import contextlib
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

PEAR = os.environ["PEAR"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
DEADLINE_S = 60  # Of anything that is waited for; nothing sleeps for a fixed time.


def free_ports(count=2):
    """As many, which differ.

    Below the range that the kernel gives to clients: there, a client that knocks until a server listens
    may be given the port that it knocks at, and so talk to itself.
    """
    with contextlib.ExitStack() as stack:
        ports = []
        while len(ports) < count:
            one = stack.enter_context(socket.socket())
            try:
                one.bind(("127.0.0.1", random.randrange(10_000, 32_000)))
            except OSError:
                continue
            ports.append(one.getsockname()[1])
        return ports


def run(*arguments, cwd=None, env=None):
    """Runs a command of pear to its end."""
    return subprocess.run([PEAR, *map(str, arguments)], cwd=cwd, env=env or os.environ, text=True,
                          capture_output=True, timeout=DEADLINE_S * 2, stdin=subprocess.DEVNULL)


class FolderTest(unittest.TestCase):
    """Tests that share a folder, with pear's cache and local authority; gone when they have ended."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="pear-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        os.environ["XDG_CACHE_HOME"] = str(cls.folder / "cache")
        os.environ["XDG_DATA_HOME"] = str(cls.folder / "data")

    @staticmethod
    def run_well(*arguments, cwd):
        done = run(*arguments, cwd=cwd)
        assert done.returncode == 0, done.stderr + done.stdout


class PearProcess:
    """`pear up PATH` (or `pear watch`), from its start until it serves, and to its end.

    TLS is served where a test asks for it, on `https_port`.
    """

    def __init__(self, path, *arguments, cores=2, wait=True, command="up", https=False):
        self.port, self.admin_port, self.https_port = free_ports(3)
        self.events = []  # Lines of the log, parsed.
        self._changed = threading.Condition()
        self._log_ended = False
        self.process = subprocess.Popen(
            [PEAR, command, str(path), "--listen", f"127.0.0.1:{self.port}", "--cores", str(cores),
             "--set", f"server.admin=127.0.0.1:{self.admin_port}",
             "--set", f"server.https={f'127.0.0.1:{self.https_port}' if https else 'off'}",
             *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._readers = [threading.Thread(target=self._read_log, daemon=True),
                         threading.Thread(target=self.process.stdout.read, daemon=True)]
        for reader in self._readers:
            reader.start()
        if wait:
            self.wait_event("serving")

    def _read_log(self):
        for line in self.process.stderr:
            try:
                event = json.loads(line)
            except ValueError:
                event = {"event": "text", "message": line}
            with self._changed:
                self.events.append(event)
                self._changed.notify_all()
        with self._changed:
            self._log_ended = True
            self._changed.notify_all()

    def wait_event(self, name, count=1, **fields):
        """The count-th event of this name, and with these fields, since the start."""
        def found():
            matching = [e for e in self.events
                        if e.get("event") == name and all(e.get(k) == v for k, v in fields.items())]
            return matching[count - 1] if len(matching) >= count else None
        end = time.monotonic() + DEADLINE_S
        with self._changed:
            while (event := found()) is None:
                left = end - time.monotonic()
                if self._log_ended or left <= 0 or not self._changed.wait(left):
                    raise AssertionError(f"no event {name} {fields}; there were {self.events[-20:]}")
            return event

    def get(self, path="/", method="GET", body=None, headers=None, port=None):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=DEADLINE_S)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read(), dict(response.getheaders())
        finally:
            connection.close()

    def admin(self, path, method="GET"):
        return self.get(path, method=method, port=self.admin_port)

    def status(self):
        return json.loads(self.admin("/status")[1])

    def server_pid(self):
        """The server process, which is the keeper's child."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            return int(children.read().split()[0])

    def stop(self, sig=signal.SIGTERM):
        """Its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(sig)
        code = self.process.wait(DEADLINE_S)
        for reader in self._readers:
            reader.join(DEADLINE_S)
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for reader in self._readers:
            reader.join(DEADLINE_S)
        self.process.stdout.close()
        self.process.stderr.close()
