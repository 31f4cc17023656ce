from pearbench import servers
from pearbench.compare import compare, rates_note
from pearbench.figures import Figure, median, median_ratio

TITLE = "The peers among themselves: says what this machine's figures are worth"

HELLO = b"hello from the bench\n"


def run(context):
    site = context.component("site")
    values = compare(context, {
        "nginx": servers.nginx(context, HELLO),
        "best": servers.wasmtime(context, site, "best"),
        "pooling": servers.wasmtime(context, site, "pooling"),
        "default": servers.wasmtime(context, site, "default"),
    })
    figures = [Figure("nginx_cpu_us", "nginx: server CPU per request",
                      median(values["nginx"], lambda m: m.cpu_us), "µs", rates_note(values))]
    for name in ("best", "pooling", "default"):
        figures.append(Figure(f"wasmtime_{name}", f"wasmtime {name}: rate / nginx",
                              median_ratio(values[name], values["nginx"], lambda m: m.rate), "×",
                              f"server CPU {median(values[name], lambda m: m.cpu_us):.1f} µs/request"))
    return figures
