import contextlib
import threading

from pearbench import servers
from pearbench.figures import Figure
from pearbench.metrics import Metrics
from pearbench.process import BenchError, ask

TITLE = "Requests that loop for ever: what one costs, and what a hundred cost another site"

BUDGET_MS = 100
LOOPS = 100


def one_loop(server):
    """Milliseconds of guest CPU beyond the budget, and the status of the answer."""
    before = Metrics.of(server)
    answer = ask(server.port, "/spin", timeout=30)
    after = Metrics.of(server)
    used = after.value("pear_cage_cpu_seconds_total") - before.value("pear_cage_cpu_seconds_total")
    return used * 1e3 - BUDGET_MS, answer[0] if answer else 0


@contextlib.contextmanager
def looping(server):
    """Keeps LOOPS endless requests running in the site `bench`."""
    over = threading.Event()

    def keep_asking():
        while not over.is_set():
            ask(server.port, "/spin", timeout=60)

    threads = [threading.Thread(target=keep_asking) for _ in range(LOOPS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def queue_p99_ms(context, server):
    """Of requests of the site `other`: from their head to their guest's first slice, in the server."""
    before = Metrics.of(server)
    result = context.bench_on(server, "--rate", 200, "--connections", 32, "--duration",
                              f"{max(context.seconds, 2)}s", "--header", "Host: other.test")
    if result["targets"][0]["median"]["failed"]:
        raise BenchError("requests of the other site failed")
    return Metrics.of(server).quantile_since(before, "pear_queue_seconds", 0.99, site="other") * 1e3


def run(context):
    context.needs_pear()
    component = context.component("site")
    with servers.pear(context, component, cpu=f"{BUDGET_MS}ms", cages=3, other_site=True) as server:
        loops = [one_loop(server) for _ in range(context.rounds)]
        quiet = queue_p99_ms(context, server)
        with looping(server):
            busy = queue_p99_ms(context, server)
    return [
        Figure("beyond_budget_ms", f"guest CPU beyond its budget of {BUDGET_MS} ms, most",
               max(beyond for beyond, _ in loops), "ms", "as the server counts it"),
        Figure("status_is_504", "answers with 504, share",
               sum(status == 504 for _, status in loops) / len(loops), ""),
        Figure("added_queue_p99_ms", f"what {LOOPS} loops add to another site's queue time, p99",
               busy - quiet, "ms", f"{busy:.2f} ms beside them, {quiet:.2f} ms without"),
    ]
