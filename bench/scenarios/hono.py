from pearbench import servers
from pearbench.compare import compare, rates_note
from pearbench.figures import Figure, median_ratio

TITLE = "A Hono application (JavaScript), a fresh instance for each request"


def run(context):
    context.needs_pear()
    site = context.component("hono")
    values = compare(context, {
        "pear": servers.pear(context, site, isolation="request", cpu="5000ms"),
        "pooling": servers.wasmtime(context, site, "pooling"),
    }, path="pears")
    return [Figure("to_wasmtime_pooling", "rate / wasmtime with pooling",
                   median_ratio(values["pear"], values["pooling"], lambda m: m.rate), "×",
                   rates_note(values))]
