"""The server of the scenario `tenants`: a shop, a good neighbour and hostile tenants, in a memory cgroup of its own;
who lives there and what is heard of it."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

from . import process
from .memory_group import MemoryGroup
from .metrics import Metrics
from .process import BenchError, Server, ask, free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACK = ROOT / "tests" / "hostile" / "attacks"
sys.path.insert(0, str(PACK))

import components  # noqa: E402
import tenants  # noqa: E402

MEMORY_BYTES = 3 << 30
SLOW_LOG_BYTES_PER_S = 1_000_000
CALM_CORES = 0.2
# Clients stand for other machines: those that are measured may wait for nobody here, and those that attack may take
# nothing that the server would have.
CLIENTS_NICE, SERVER_NICE, ATTACKERS_NICE = -10, -5, 5
SHOP = '[site.shop]\nhosts = ["shop.test"]\nsource = "shop.wasm"\nrun.isolation = "cage"\n'
# Whatever sites and clients are charged with. A metric that a version does not have counts nothing.
ACCOUNTS = ("pear_memory_bytes",)


class LogReader(threading.Thread):
    """Reads the server's log, which is a named pipe, and keeps what the figures need of it."""

    def __init__(self, pipe, copy):
        super().__init__(daemon=True)
        self._pipe, self._copy = pipe, copy
        self.slow = False
        self.serving = 0        # Server processes that came up.
        self.good_lines = 0     # Access lines of the good neighbour.
        self.start()

    def run(self):
        rest = b""
        # Read and written, so that there is no end while no server has it open.
        with open(self._pipe, "r+b", buffering=0) as pipe, open(self._copy, "ab") as copy:
            while piece := pipe.read(65_536):
                lines = (rest + piece).split(b"\n")
                rest = lines.pop()
                for line in lines:
                    self._see(line, copy)
                if self.slow:
                    time.sleep(len(piece) / SLOW_LOG_BYTES_PER_S)

    def _see(self, line, copy):
        if b'"event":"access"' in line:
            self.good_lines += b'"site":"good"' in line and b'"path":"/ok"' in line
        elif b'"event":"guest"' not in line:
            self.serving += b'"event":"server_serving"' in line
            copy.write(line + b"\n")
            copy.flush()


class House(Server):
    """`with` it serves; `rebuild()` when an attack has left nothing that can go on."""

    def __init__(self, context):
        self.context = context
        folder = context.new_folder("house")
        ports = (free_port(), free_port(), free_port())
        components.make(folder / "components", pear=context.pear)
        (folder / "shop.wasm").write_bytes(context.component("shop").read_bytes())
        tenants.furnish(folder, ports, context.pear_cache, cores=context.cores, more_sites=SHOP)
        super().__init__("house", [context.pear, "up", folder / "pear.toml"], folder, ports[0])
        self.https_port, self.admin_port = ports[1:]
        self.group = MemoryGroup(f"pear-house-{os.getpid()}", MEMORY_BYTES)
        self.command = self.group.within(self.command)
        for name in ("PORT", "LISTEN_FDS"):
            self.env.pop(name, None)
        self.events = folder / "events.log"
        self.log = folder / "log.pipe"
        os.mkfifo(self.log)
        self.heard = LogReader(self.log, self.events)

    def log_tail(self):
        return self.events.read_text(errors="replace")[-2_000:] if self.events.exists() else ""

    def start(self, ready_path="/", ready_s=60.0):
        with process.priority(SERVER_NICE):
            took = super().start(ready_path, ready_s)
        self.settle()
        time.sleep(1.0)
        self.idle_bytes = self.resident()
        return took

    def __exit__(self, *what):
        super().__exit__(*what)
        self.group.remove()

    def server_pid(self):
        """The keeper's child that serves: the one that has used most time. None while there is none."""
        tree = process.process_tree(self.pid)
        children = {pid: stat for pid, stat in tree.items() if stat[0] == self.pid}
        return max(children, key=lambda pid: children[pid][2], default=None)

    def resident(self):
        """Bytes of the server that no file backs, all its processes together."""
        total = 0
        for pid in process.process_tree(self.pid):
            try:
                text = pathlib.Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            total += 1024 * sum(int(kib) for kib in re.findall(r"^Rss(?:Anon|Shmem):\s+(\d+)", text, re.MULTILINE))
        return total

    def accounts(self):
        """What all sites and connections are charged with, or None where nobody answers."""
        try:
            metrics = Metrics.of(self)
        except (OSError, ValueError):
            return None
        return sum(metrics.value(name) for name in ACCOUNTS)

    def is_well(self):
        try:
            answers = [self._status(host) for host in ("good.test", "shop.test", "evil.test", "evil2.test")]
        except OSError:
            return False
        return answers[0] == 200 and answers[1] in (200, 404) and answers[2:] == [200, 200]

    def _status(self, host):
        answer = ask(self.port, "/well", host=host)
        return answer[0] if answer else None

    def settle(self, patience_s=30.0):
        """Until all sites answer again, and what was begun has ended or takes too long; whether they answer."""
        end = time.monotonic() + patience_s
        while not self.is_well():
            if self.process.poll() is not None or time.monotonic() > end:
                return False
            time.sleep(0.05)
        while time.monotonic() < end and self.cores_used(0.3) > CALM_CORES:
            pass
        return self.is_well()

    def cores_used(self, seconds):
        before = self.usage().cpu_s
        time.sleep(seconds)
        return (self.usage().cpu_s - before) / seconds

    def restore(self):
        """What an owner has deployed goes again. Whether all is well afterwards."""
        tenants.restore(self.folder)
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGHUP)
        return self.settle()

    def rebuild(self):
        """A new server, where an attack has left nothing that can go on."""
        self.stop()
        self.start()

    def target(self):
        return json.dumps({"port": self.port, "https_port": self.https_port, "admin_port": self.admin_port,
                           "ca": str(self.folder / "cert.pem"), "folder": str(self.folder), "keeper": self.pid})


class Attacking:
    """An attack beside whatever is done in the `with`. Afterwards `saw` is what the attacker saw."""

    def __init__(self, name, target):
        self.name, self.target, self.saw = name, target, {}

    def __enter__(self):
        with process.priority(ATTACKERS_NICE):
            self.process = subprocess.Popen([sys.executable, PACK / "attack", self.name, self.target],
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                            text=True)
        if self.process.stdout.readline() != "begun\n":
            self.process.kill()
            raise BenchError(f"the attack {self.name} did not begin: {self.process.communicate()[1][-500:]}")
        return self

    def __exit__(self, *_):
        try:
            said, wrong = self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            said, wrong = self.process.communicate()
        if not said.startswith("{"):
            raise BenchError(f"the attack {self.name} ended with {self.process.returncode}: {wrong[-500:]}")
        self.saw = json.loads(said)
        if self.saw.pop("failed"):
            raise BenchError(f"the attack {self.name} went wrong by itself: {wrong[-500:]}")
