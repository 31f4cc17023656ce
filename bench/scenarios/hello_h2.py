from pearbench import servers
from pearbench.compare import compare, rates_note
from pearbench.figures import Figure, median, median_ratio

TITLE = "Hello over TLS and HTTP/2, 32 connections of 32 streams, against nginx with a static file of 1 KiB"


def run(context):
    context.needs_pear()
    values = compare(context, {
        "pear": servers.pear(context, context.component("site"), isolation="cage", https=True),
        "nginx": servers.nginx(context, b"x" * 1024, https=True),
    }, generate=lambda server: context.multiplexed_on(server, 2))
    return [
        Figure("rate", "rate / nginx",
               median_ratio(values["pear"], values["nginx"], lambda m: m.rate), "×", rates_note(values)),
        Figure("cpu", "server CPU per request / nginx",
               median_ratio(values["pear"], values["nginx"], lambda m: m.cpu_us), "×",
               f"{median(values['pear'], lambda m: m.cpu_us):.1f} µs, "
               f"nginx {median(values['nginx'], lambda m: m.cpu_us):.1f} µs"),
    ]
