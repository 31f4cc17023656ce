from pearbench import servers
from pearbench.compare import compare, rates_note
from pearbench.figures import Figure, median_ratio

TITLE = "10 KiB of JSON, made anew for each request"


def run(context):
    context.needs_pear()
    site = context.component("site")
    values = compare(context, {
        "pear": servers.pear(context, site, isolation="cage"),
        "best": servers.wasmtime(context, site, "best"),
    }, path="json")
    return [Figure("to_wasmtime_best", "rate / wasmtime with its best flags",
                   median_ratio(values["pear"], values["best"], lambda m: m.rate), "×",
                   rates_note(values))]
