import contextlib
import threading

from pearbench import servers
from pearbench.figures import Figure, interleaved, median
from pearbench.process import ask

TITLE = "Open loop at 70 % of saturation, with a request each second that traps"


def one_run(context, server, rate, crash):
    """p50, p99 and p99.9 in microseconds, and what failed, of requests that do not trap."""
    over = threading.Event()

    def crash_each_second():
        while not over.wait(1.0):
            ask(server.port, "/trap")

    crasher = threading.Thread(target=crash_each_second)
    if crash:
        crasher.start()
    try:
        seconds = max(context.seconds, 3)
        result = context.bench_on(server, "--rate", f"{rate:.0f}", "--connections", 64,
                                  "--duration", f"{seconds}s", "--warm-up", "1s")
    finally:
        over.set()
        if crash:
            crasher.join()
    figures = result["targets"][0]["median"]
    return {key: figures[f"{key}_ns"] / 1e3 for key in ("p50", "p99", "p99_9", "max")} | {
        "failed": figures["failed"]}


def run(context):
    context.needs_pear()
    with contextlib.ExitStack() as stack:
        server = servers.pear(context, context.component("site"), isolation="cage")
        stack.enter_context(server)
        context.wrk_on(server)
        # With the generator of the open loop, which shares the cores: what both can do together.
        saturated = context.bench_on(server, "--connections", 64, "--duration", f"{context.seconds}s")
        rate = 0.7 * saturated["targets"][0]["median"]["requests_per_s"]
        values = interleaved({"calm": False, "crashing": True}, context.rounds,
                             lambda _name, crash: one_run(context, server, rate, crash))
    crashing, calm = values["crashing"], values["calm"]
    ratios = [a["p99"] / b["p99"] for a, b in zip(crashing, calm)]
    return [
        Figure("failed_beside_crashes", "requests that failed, but for those that trap",
               sum(value["failed"] for value in crashing), "", f"at {rate:,.0f}/s"),
        Figure("p50_us", "p50", median(crashing, lambda v: v["p50"]), "µs",
               f"calm {median(calm, lambda v: v['p50']):.0f} µs"),
        Figure("p99_us", "p99", median(crashing, lambda v: v["p99"]), "µs",
               f"calm {median(calm, lambda v: v['p99']):.0f} µs"),
        Figure("p99_9_us", "p99.9", median(crashing, lambda v: v["p99_9"]), "µs",
               f"calm {median(calm, lambda v: v['p99_9']):.0f} µs"),
        Figure("p99_ratio_to_calm", "p99 with crashes / without", sorted(ratios)[len(ratios) // 2], "×"),
    ]
