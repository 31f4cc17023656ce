from pearbench import servers
from pearbench.compare import compare, rates_note
from pearbench.figures import Figure, median, median_ratio

TITLE = "Hello, warm cage, against nginx with a static file of the same size"

HELLO = b"hello from the bench\n"


def run(context):
    context.needs_pear()
    values = compare(context, {
        "pear": servers.pear(context, context.component("site"), isolation="cage"),
        "nginx": servers.nginx(context, HELLO),
    })
    return [
        Figure("rate", "rate / nginx",
               median_ratio(values["pear"], values["nginx"], lambda m: m.rate), "×", rates_note(values)),
        Figure("cpu", "server CPU per request / nginx",
               median_ratio(values["pear"], values["nginx"], lambda m: m.cpu_us), "×"),
        Figure("cpu_us", "server CPU per request", median(values["pear"], lambda m: m.cpu_us), "µs",
               f"nginx {median(values['nginx'], lambda m: m.cpu_us):.1f} µs"),
    ]
