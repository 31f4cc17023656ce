import concurrent.futures

from pearbench import servers
from pearbench.figures import Figure
from pearbench.metrics import Metrics

TITLE = "A URL that traps, asked for 100 times a second beside 1,000 good requests a second"


def run(context):
    context.needs_pear()
    seconds = 5 if context.quick else 60
    with servers.pear(context, context.component("site"), cages=3) as server:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            traps = pool.submit(context.bench_on, server, "--rate", 100, "--duration", f"{seconds}s",
                                "--expect-status", 500, path="trap", seconds=seconds + 30)
            good = pool.submit(context.bench_on, server, "--rate", 1000, "--duration", f"{seconds}s",
                               "--expect-status", 200, seconds=seconds + 30)
        traps = traps.result()["targets"][0]["median"]
        good = good.result()["targets"][0]["median"]
        metrics = Metrics.of(server)
    heal_p99 = metrics.quantile_since(Metrics(""), "pear_heal_seconds", 0.99)
    return [
        Figure("good_failed", f"good requests that failed in {seconds} s", good["failed"], "",
               f"{good['answered']:,} answered, p99 {good['p99_ns'] / 1e3:.0f} µs"),
        Figure("traps_not_500", "trapping requests not answered with 500", traps["failed"], "",
               f"{traps['answered']:,} answered"),
        Figure("heal_p99_us", "pear_heal_seconds, p99", heal_p99 * 1e6, "µs", "as the server counts it"),
    ]
