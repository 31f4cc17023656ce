"""The comparison that most scenarios are: the same load on several servers, in turns."""

import contextlib
import dataclasses
import math
import resource

from .figures import interleaved
from .process import BenchError


@dataclasses.dataclass
class Measured:
    rate: float
    cpu_us: float       # Of the server, for each request.
    load_cpu_us: float  # Of the program that makes the load.
    failed: int
    p99_us: float


def _children_cpu_s():
    """Of the processes that have ended: programs that made load, and no server that still runs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure(server, generate):
    before, load_before = server.usage(), _children_cpu_s()
    load = generate(server)
    after, load_after = server.usage(), _children_cpu_s()
    if load.requests == 0:
        raise BenchError(f"{server.name} answered nothing")
    return Measured(rate=load.rate, cpu_us=(after.cpu_s - before.cpu_s) * 1e6 / load.requests,
                    load_cpu_us=(load_after - load_before) * 1e6 / load.requests,
                    failed=load.failed, p99_us=load.p99_us)


def compare(context, servers, path="", script=None, generate=None):
    """Starts all, warms each up, measures them in interleaved rounds, stops all.

    The load is wrk's on `path`, or what `generate(server)` makes. Returns {name: [Measured of each round]}. What failed is an error: a figure with errors in it
    compares nothing."""
    if generate is None:
        def generate(server):
            return context.wrk_on(server, path, script)
    with contextlib.ExitStack() as stack:
        for server in servers.values():
            stack.enter_context(server)
        for server in servers.values():
            generate(server)
        values = interleaved(servers, context.rounds,
                             lambda _name, server: measure(server, generate))
    for name, rounds in values.items():
        failed = sum(round_.failed for round_ in rounds)
        if failed:
            raise BenchError(f"{name}: {failed} requests failed")
    return values


def rates_note(values):
    parts = []
    for name, rounds in values.items():
        rates = sorted(round_.rate for round_ in rounds)
        parts.append(f"{name} {rates[len(rates) // 2]:,.0f}/s")
    return ", ".join(parts)


def spread(ratios):
    finite = [ratio for ratio in ratios if math.isfinite(ratio)]
    return f"{min(finite):.2f} to {max(finite):.2f}" if finite else "none"
