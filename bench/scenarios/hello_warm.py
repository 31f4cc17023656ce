from pearbench import servers
from pearbench.compare import compare, rates_note
from pearbench.figures import Figure, median, median_ratio

TITLE = "Hello, warm cage, against `wasmtime serve`"


def run(context):
    context.needs_pear()
    site = context.component("site")
    values = compare(context, {
        "pear": servers.pear(context, site, isolation="cage"),
        "best": servers.wasmtime(context, site, "best"),
        "default": servers.wasmtime(context, site, "default"),
    })
    note = rates_note(values)
    wrk_us = median(values["pear"], lambda m: m.load_cpu_us)
    return [
        Figure("to_wasmtime_best", "rate / wasmtime with its best flags",
               median_ratio(values["pear"], values["best"], lambda m: m.rate), "×", note),
        Figure("to_wasmtime_default", "rate / wasmtime without flags",
               median_ratio(values["pear"], values["default"], lambda m: m.rate), "×"),
        Figure("cpu_to_wasmtime_best", "server CPU per request / wasmtime best",
               median_ratio(values["pear"], values["best"], lambda m: m.cpu_us), "×",
               ", ".join(f"{name} {median(rounds, lambda m: m.cpu_us):.1f} µs" for name, rounds in values.items())),
        Figure("load_cpu", "CPU of wrk per request", wrk_us, "µs",
               f"it has one thread: no server can be asked more than {1e6 / wrk_us:,.0f}/s"),
    ]
