import statistics

from pearbench import servers
from pearbench.figures import Figure, interleaved

TITLE = "From the start of the program to the first byte of an answer, caches warm"


def run(context):
    context.needs_pear()
    site = context.component("site")

    def start_time(_name, make):
        server = make()
        try:
            return server.start() * 1e3
        finally:
            server.stop()

    makers = {
        "pear": lambda: servers.pear(context, site),
        "wasmtime": lambda: servers.wasmtime(context, site, "best"),
    }
    start_time("pear", makers["pear"])  # Fills the cache of compiled components.
    values = interleaved(makers, context.rounds, start_time)
    return [Figure("first_byte_ms", "`pear up` to the first byte", statistics.median(values["pear"]), "ms",
                   f"wasmtime serve {statistics.median(values['wasmtime']):.0f} ms")]
