from pearbench import servers
from pearbench.compare import compare, rates_note
from pearbench.figures import Figure, median_ratio

TITLE = "The access log in JSON, on against off"


def run(context):
    context.needs_pear()
    site = context.component("site")
    values = compare(context, {
        "on": servers.pear(context, site, access_log=True, name="pear-log"),
        "off": servers.pear(context, site, access_log=False, name="pear-quiet"),
    })
    return [Figure("rate", "rate with the log / without",
                   median_ratio(values["on"], values["off"], lambda m: m.rate), "×", rates_note(values))]
