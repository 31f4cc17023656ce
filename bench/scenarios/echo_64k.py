from pearbench import servers
from pearbench.compare import compare, rates_note
from pearbench.figures import Figure, median_ratio

TITLE = "POST of 64 KiB, sent back by the site"

WRK_SCRIPT = """wrk.method = "POST"
wrk.body = string.rep("x", 65536)
wrk.headers["Content-Type"] = "application/octet-stream"
"""


def run(context):
    context.needs_pear()
    site = context.component("site")
    script = context.new_folder("echo") / "post.lua"
    script.write_text(WRK_SCRIPT)
    values = compare(context, {
        "pear": servers.pear(context, site, isolation="cage"),
        "best": servers.wasmtime(context, site, "best"),
    }, path="echo", script=script)
    return [Figure("to_wasmtime_best", "rate / wasmtime with its best flags",
                   median_ratio(values["pear"], values["best"], lambda m: m.rate), "×",
                   rates_note(values))]
