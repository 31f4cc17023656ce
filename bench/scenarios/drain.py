import concurrent.futures
import contextlib
import signal
import time

from pearbench import load, servers
from pearbench.figures import Figure

TITLE = "SIGTERM under load, by HTTP/1.1, HTTP/2 and HTTP/3 at once"

# What a client meets once the server has gone: none of these was a request that the server had.
GONE = {"refused", "unreachable", "never_sent"}
LOAD_S = 1.5
DRAIN_AFTER_S = 0.7


def one_drain(context, server, options):
    """({version: {failure: count}}, answered, the exit status)."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(server)
        pool = stack.enter_context(concurrent.futures.ThreadPoolExecutor())
        runs = {name: pool.submit(load.pear_bench, context.pear_bench, "-d", f"{LOAD_S * 1000:.0f}ms", "--timeout",
                                  "1s", "-c", 8, *given)
                for name, given in options(server).items()}
        time.sleep(DRAIN_AFTER_S)
        server.process.send_signal(signal.SIGTERM)
        status = server.process.wait(30)
        rounds = {name: run.result()["targets"][0]["rounds"][0] for name, run in runs.items()}
    lost = {name: {kind: count for kind, count in round_["failures"].items() if count and kind not in GONE}
            for name, round_ in rounds.items()}
    return lost, sum(int(round_["answered"]) for round_ in rounds.values()), status


def run(context):
    context.needs_pear()
    context.needs_pear_bench()
    times = 5 if context.quick else 100

    def options(server):
        return {"HTTP/1.1": [server.url],
                "HTTP/2": [*context.https_options(2), "--streams", 8, server.https_url],
                "HTTP/3": [*context.https_options(3), "--streams", 8, server.https_url]}

    lost, answered, exits = {}, 0, 0
    for _ in range(times):
        server = servers.pear(context, context.component("site"), isolation="cage", https=True)
        of_one, count, status = one_drain(context, server, options)
        answered += count
        exits += status != 0
        for name, kinds in of_one.items():
            for kind, number in kinds.items():
                key = f"{name} {kind}"
                lost[key] = lost.get(key, 0) + number
    return [
        Figure("failed", f"requests that failed in {times} drains", sum(lost.values()), "",
               f"of {answered:,}" + "".join(f"; {key}: {number}" for key, number in sorted(lost.items()))),
        Figure("exits", "drains that did not end with 0", exits, ""),
    ]
