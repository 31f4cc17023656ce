import json
import os
import subprocess

from pearbench.figures import Figure
from pearbench.process import BenchError

TITLE = "In process, the SDK's hello: a call, a recovery, and what the C++ side allocates"

REPETITIONS = 5


def benchmarks(program, component):
    """{name: what the program measured, the median of its repetitions}."""
    if not program.is_file():
        raise BenchError(f"{program} is not there: build all of the preset `release`")
    command = [program, "--benchmark_format=json", f"--benchmark_repetitions={REPETITIONS}",
               "--benchmark_report_aggregates_only=true",
               "--benchmark_filter=component|BM_Heal|BM_WarmRequest"]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "PEAR_BENCH_COMPONENT": str(component)})
    if done.returncode != 0:
        raise BenchError(f"{program.name} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    entries = json.loads(done.stdout)["benchmarks"]
    return {entry["run_name"].removesuffix("/manual_time"): entry
            for entry in entries if entry.get("aggregate_name") == "median"}


def run(context):
    context.needs_pear()
    component = context.component("site")
    build = context.pear.parent
    engine = benchmarks(build / "src/engine/engine_bench", component)
    server = benchmarks(build / "src/server/server_bench", component)
    plain, with_rates = (server[f"BM_WarmRequest/{kind}"] for kind in ("plain", "with_rates"))
    return [
        Figure("warm_call_us", "call of a warm instance",
               engine["BM_WarmCall/component"]["real_time"] / 1e3, "µs"),
        Figure("fresh_call_us", "fresh instance and call",
               engine["BM_FreshCall/component"]["real_time"] / 1e3, "µs"),
        Figure("heal_p99_us", "from the fault to a successor that is ready, p99",
               engine["BM_Heal"]["p99_us"], "µs", f"mean {engine['BM_Heal']['real_time'] / 1e3:.1f} µs"),
        Figure("warm_request_us", "request of a warm cage, client's and server's socket calls included",
               plain["real_time"] / 1e3, "µs",
               f"with three limits of rate {with_rates['real_time'] / 1e3:.1f} µs"),
        Figure("allocations", "allocations of the C++ side for each warm request",
               max(plain["allocations"], with_rates["allocations"]), ""),
    ]
