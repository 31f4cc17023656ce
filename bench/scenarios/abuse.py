import contextlib
import dataclasses
import json
import pathlib
import statistics
import subprocess
import sys
import time

from pearbench import servers
from pearbench.figures import Figure, interleaved
from pearbench.process import BenchError

TITLE = "Good clients beside one that misbehaves, for each kind of abuse"

BENCH = pathlib.Path(__file__).resolve().parent.parent
GOOD_PER_S = 500

# What it sends each second: frames, bytes of slow clients, requests that nobody reads, handshakes,
# datagrams. A header bomb is a
# frame of 4 KB, and a handshake a signature: fewer of them are as many as one client could mean.
KINDS = {"rapid_reset": 10_000, "made_you_reset": 10_000, "continuations": 10_000, "pings": 10_000,
         "settings": 10_000, "empty_data": 10_000, "priorities": 10_000, "tiny_windows": 10_000,
         "header_bombs": 200, "stalled_readers": 1_000, "slow_heads": 1_000, "slow_bodies": 1_000,
         "slow_readers": 100, "tls_hellos": 300, "quic_initials": 10_000}
BY_TLS = {"tls_hellos", "quic_initials"}


@dataclasses.dataclass
class Round:
    p99_us: float
    failed: int
    answered: int
    cpu: float  # Of the server, in cores.
    offender: dict


@contextlib.contextmanager
def offending(kind, server, told):
    port = server.https_port if kind in BY_TLS else server.port
    process = subprocess.Popen(
        [sys.executable, "-m", "pearbench.offender", kind, str(port), str(KINDS[kind])],
        cwd=BENCH, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield
    finally:
        said, _ = process.communicate(timeout=30)
    if process.returncode != 0:
        raise BenchError(f"the offender {kind} ended with {process.returncode}")
    told.update(json.loads(said))


def one_round(context, server, kind):
    told = {}
    with contextlib.ExitStack() as stack:
        if kind is not None:
            stack.enter_context(offending(kind, server, told))
        before, begin = server.usage().cpu_s, time.monotonic()
        result = context.bench_on(server, "--rate", GOOD_PER_S, "--connections", 16, "--warm-up", "500ms",
                                  "--duration", f"{context.seconds}s")
        cpu = (server.usage().cpu_s - before) / (time.monotonic() - begin)
    figures = result["targets"][0]["median"]
    return Round(p99_us=figures["p99_ns"] / 1e3, failed=figures["failed"], answered=figures["answered"],
                 cpu=cpu, offender=told)


def run(context):
    context.needs_pear()
    figures = []
    with servers.pear(context, context.component("site"), isolation="cage", https=True) as server:
        for kind in KINDS:
            values = interleaved({"quiet": None, "abused": kind}, context.rounds,
                                 lambda _name, of: one_round(context, server, of))
            quiet, abused = values["quiet"], values["abused"]
            sent = sum(r.offender["sent"] for r in abused) / max(sum(r.offender["seconds"] for r in abused), 1e-9)
            cuts = sum(r.offender["cuts"] for r in abused)
            label = kind.replace("_", " ")
            figures += [
                Figure(f"{kind}_failed", f"{label}: good requests that failed",
                       sum(r.failed for r in abused), "",
                       f"of {sum(r.answered for r in abused):,}; {sent:,.0f} a second, cut off {cuts:,} times"),
                Figure(f"{kind}_p99", f"{label}: p99 of good requests / quiet",
                       statistics.median(a.p99_us / q.p99_us for a, q in zip(abused, quiet)), "×",
                       f"quiet {statistics.median(q.p99_us for q in quiet):.0f} µs"),
                Figure(f"{kind}_cpu", f"{label}: server CPU beyond the quiet one",
                       100 * statistics.median(a.cpu - q.cpu for a, q in zip(abused, quiet)), "% of a core"),
            ]
    return figures
