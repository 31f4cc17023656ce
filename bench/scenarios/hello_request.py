from pearbench import servers
from pearbench.compare import compare, rates_note
from pearbench.figures import Figure, median_ratio

TITLE = "Hello, a fresh instance for each request, against `wasmtime serve` doing the same"


def run(context):
    context.needs_pear()
    site = context.component("site")
    values = compare(context, {
        "pear": servers.pear(context, site, isolation="request"),
        "pooling": servers.wasmtime(context, site, "pooling"),
    })
    return [Figure("to_wasmtime_pooling", "rate / wasmtime with pooling, one request per instance",
                   median_ratio(values["pear"], values["pooling"], lambda m: m.rate), "×",
                   rates_note(values))]
