"""Who lives beside the hostile tenants: a good neighbour at a steady rate, half of it on connections of its own, and
the shop, to which a real log is replayed. Each by a `pear bench` of its own, all at once."""

import concurrent.futures
import dataclasses
import os
import pathlib
import subprocess
import sys
import threading

from . import load
from .process import BenchError

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("PEAR_WAF_DATA", ROOT.parent / "shared/waf-data"))
LOG = DATA / "log_semicomplete_2015.tsv.gz"
GOOD_PER_S, SHOP_PER_S = 100, 200
TIMEOUT = "10s"
NEAR_US = 2_000  # So much later is as bad as twice as late: what is fast may double for nothing.
SAMPLE_S = 0.2


@dataclasses.dataclass
class Heard:
    asked: int
    failed: int
    p99_us: float


class Replay:
    """The log in pieces, one for each round, and from its start again when it has ended."""

    def __init__(self, folder):
        if not LOG.exists():
            raise BenchError(f"{LOG} is not there: PEAR_WAF_DATA names its folder")
        whole = folder / "requests.log"
        subprocess.run([sys.executable, ROOT / "tools" / "replay_from_log.py", "requests", LOG, whole], check=True,
                       stdout=subprocess.DEVNULL)
        self._lines = whole.read_text(encoding="ascii").splitlines(keepends=True)
        self._piece = folder / "piece.log"
        self._next = self.sent = 0

    def piece(self, count):
        doubled = self._lines + self._lines
        self._piece.write_text("".join(doubled[self._next:self._next + count]), encoding="ascii")
        self._next = (self._next + count) % len(self._lines)
        self.sent += count
        return self._piece


def heard_by(context, port, host, path, *options):
    """Of one `pear bench` for a host of the server at `port`."""
    done = load.pear_bench(context.pear_bench, "--timeout", TIMEOUT, "--connect-to", f"{host}:80:127.0.0.1:{port}",
                           *options, f"http://{host}{path}", seconds=context.seconds + 30)
    one = load.load_of(done)
    return Heard(asked=one.requests, failed=one.failed, p99_us=one.p99_us)


def good_neighbour(context, port, host, path):
    """What the half on kept connections heard, and that on new ones."""
    rate = ["--rate", GOOD_PER_S // 2, "-d", f"{context.seconds}s", "--expect-status", 200]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        kept = pool.submit(heard_by, context, port, host, path, *rate, "-c", 8)
        new = pool.submit(heard_by, context, port, host, path, *rate, "-c", 64, "--new-connections")
        return [kept.result(), new.result()]


class Residents:
    def __init__(self, context, server):
        self._context, self._server = context, server
        self.replay = Replay(server.folder)

    def one_round(self):
        """{who: Heard}"""
        log = self.replay.piece(SHOP_PER_S * self._context.seconds)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            shop = pool.submit(heard_by, self._context, self._server.port, "shop.test", "/", "--rate", SHOP_PER_S,
                               "--replay", log, "-c", 32)
            kept, new = good_neighbour(self._context, self._server.port, "good.test", "/ok")
            return {"kept": kept, "new": new, "shop": shop.result()}


def slowdown(quiet, attacked):
    """How many times as late the worst off are, by their p99; NEAR_US later counts as twice."""
    def one(before, now):
        later = 1 + max(0, now - before) / NEAR_US
        return later if before == 0 else min(now / before, later)
    return max(one(quiet[who].p99_us, attacked[who].p99_us) for who in quiet)


class MemoryWatch(threading.Thread):
    """What the server holds more than at the start, beside what its accounts say more, until stop(). `worst` is the
    largest ratio of what it holds to what it should, `peak` the most bytes."""

    def __init__(self, house):
        super().__init__(daemon=True)
        self._house, self._stop_now = house, threading.Event()
        self._held, self._charged = house.resident(), house.accounts() or 0
        self.worst, self.peak = 1.0, 0
        self.start()

    def run(self):
        while not self._stop_now.wait(SAMPLE_S):
            before = self._house.accounts()
            held = self._house.resident()
            after = self._house.accounts()
            self.peak = max(self.peak, held)
            if before is None or after is None:
                continue
            charged = max(before, after)  # The two are not read at one moment.
            self.worst = max(self.worst, held / (self._held + max(0, charged - self._charged)))

    def stop(self):
        self._stop_now.set()
        self.join()
