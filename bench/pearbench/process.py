"""Processes that are started for a measurement: always stopped, and what they use is read from /proc."""

import atexit
import contextlib
import ctypes
import dataclasses
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_running = []


class BenchError(Exception):
    """What keeps a scenario from being measured, in a sentence for the person who runs it."""


def _die_with_parent():
    # PR_SET_PDEATHSIG: also when this program is killed with a signal that it cannot meet.
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


@dataclasses.dataclass
class Usage:
    cpu_s: float
    resident_bytes: int  # Proportional set size: a page that processes share is counted once.
    processes: int


def _stat(pid):
    """(parent, group, ticks of the process and of its ended children), or None."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text[text.rindex(")") + 2:].split()
    return int(fields[1]), int(fields[2]), sum(int(n) for n in fields[11:15])


def process_tree(root):
    """The process, its descendants, and everything in its process group."""
    stats = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (stat := _stat(int(name))):
            stats[int(name)] = stat
    tree = {root} | {pid for pid, stat in stats.items() if stat[1] == root}
    grew = True
    while grew:
        more = {pid for pid, stat in stats.items() if stat[0] in tree} - tree
        tree |= more
        grew = bool(more)
    return {pid: stats[pid] for pid in tree if pid in stats}


def _proportional_bytes(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    except OSError:
        return 0


def usage_of(root):
    tree = process_tree(root)
    return Usage(cpu_s=sum(stat[2] for stat in tree.values()) / TICKS_PER_S,
                 resident_bytes=sum(_proportional_bytes(pid) for pid in tree),
                 processes=len(tree))


@contextlib.contextmanager
def priority(nice):
    """Of all that is started meanwhile, where this process may ask for it."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    try:
        yield
    finally:
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, before)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port, path="/", timeout=2.0, method="GET", host=None):
    """One request on a connection of its own: (status, bytes), or None where there was no answer."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host or f'127.0.0.1:{port}'}\r\n"
                               "Connection: close\r\n\r\n".encode())
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
    except OSError:
        return None
    if not answer.startswith(b"HTTP/1.1 ") or len(answer) < 12:
        return None
    return int(answer[9:12]), answer.partition(b"\r\n\r\n")[2]


class Server:
    """A server process in a process group of its own, listening on a port of 127.0.0.1."""

    def __init__(self, name, command, folder, port, env=None):
        self.name = name
        self.command = [str(part) for part in command]
        self.folder = pathlib.Path(folder)
        self.port = port
        self.https_port = None
        self.env = {**os.environ, **(env or {})}
        self.log = self.folder / f"{name}.log"
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    @property
    def https_url(self):
        return f"https://localhost:{self.https_port}/"

    @property
    def pid(self):
        return self.process.pid

    def start(self, ready_path="/", ready_s=60.0):
        """Returns the seconds from the start of the process to its first good answer."""
        with open(self.log, "ab") as log:
            begin = time.monotonic()
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, cwd=self.folder,
                                            stdin=subprocess.DEVNULL, env=self.env,
                                            start_new_session=True, preexec_fn=_die_with_parent)
        _running.append(self)
        watch("group", self.process.pid)
        while time.monotonic() - begin < ready_s:
            answer = ask(self.port, ready_path)
            if answer and answer[0] < 500:
                return time.monotonic() - begin
            if self.process.poll() is not None:
                break
            time.sleep(0.001)
        self.stop()
        raise BenchError(f"{self.name} did not come up: {' '.join(self.command)}\n{self.log_tail()}")

    def log_tail(self):
        return self.log.read_text(errors="replace")[-2000:]

    def usage(self):
        return usage_of(self.pid)

    def stop(self):
        if self in _running:
            _running.remove(self)
        if self.process is None:
            return
        pids = set(process_tree(self.process.pid))
        self._end(pids)
        # Only when all have gone: until then the number of the group cannot be another's.
        if not any(is_alive(pid) for pid in pids):
            watch("stopped", self.process.pid)

    def _end(self, pids):
        for number, patience_s in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
            for pid in pids:
                _signal(pid, number)
            deadline = time.monotonic() + patience_s
            while time.monotonic() < deadline:
                self.process.poll()
                if not any(is_alive(pid) for pid in pids):
                    return
                time.sleep(0.01)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def is_alive(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text[text.rindex(")") + 2] != "Z"


def stop_all():
    for server in list(_running):
        server.stop()


class Watchdog:
    """A process that outlives this one by a moment, and ends what it left behind.

    Handlers and atexit do not run when this program is killed with SIGKILL, and PR_SET_PDEATHSIG
    reaches a server but not its workers. The end of a pipe is always noticed."""

    def __init__(self):
        reading, self._writing = os.pipe()
        if os.fork() == 0:
            os.close(self._writing)
            os.setsid()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self._watch(reading)
            os._exit(0)
        os.close(reading)

    def tell(self, what, value):
        os.write(self._writing, f"{what} {value}\n".encode())

    @staticmethod
    def _watch(reading):
        groups, folders = set(), set()
        with os.fdopen(reading) as lines:
            for line in lines:
                what, _, value = line.rstrip("\n").partition(" ")
                if what == "group":
                    groups.add(int(value))
                elif what == "stopped":
                    groups.discard(int(value))
                elif what == "folder":
                    folders.add(value)
        for group in groups:
            try:
                os.killpg(group, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)


_watchdog = None


def watch(what, value):
    if _watchdog is not None:
        _watchdog.tell(what, value)


def install_cleanup():
    """Whatever ends this program, its servers end too. To be called before there are threads."""
    global _watchdog
    _watchdog = Watchdog()
    atexit.register(stop_all)

    def end(number, _frame):
        stop_all()
        sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
