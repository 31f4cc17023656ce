from pearbench import servers
from pearbench.figures import Figure

TITLE = "Memory: idle with three cages, and its growth over millions of requests"

MIB = 2**20


def run(context):
    context.needs_pear()
    first, last = (100_000, 500_000) if context.quick else (1_000_000, 5_000_000)
    with servers.pear(context, context.component("site"), isolation="cage", cages=3) as server:
        idle = server.usage().resident_bytes

        def requests(count):
            result = context.bench_on(server, "--requests", count, "--connections", 64,
                                      "--duration", "10m", seconds=700)
            if result["targets"][0]["median"]["failed"]:
                raise RuntimeError("requests failed")
            return server.usage().resident_bytes

        after_first = requests(first)
        after_last = requests(last - first)
    return [
        Figure("idle_mib", "idle, three cages", idle / MIB, "MiB"),
        Figure("after_first_mib", f"after {first:,} requests", after_first / MIB, "MiB"),
        Figure("growth_mib", f"growth from {first:,} to {last:,} requests",
               (after_last - after_first) / MIB, "MiB"),
    ]
