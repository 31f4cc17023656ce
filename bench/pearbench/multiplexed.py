"""The hello over a version of HTTP that carries many requests at a time, beside nginx."""

from . import servers
from .compare import compare, rates_note
from .figures import Figure, median, median_ratio


def hello_beside_nginx(context, http, **nginx):
    """Figures of 32 connections with 32 requests each. `nginx`: what its server is asked to speak."""
    context.needs_pear()
    values = compare(context, {
        "pear": servers.pear(context, context.component("site"), isolation="cage", https=True),
        "nginx": servers.nginx(context, b"x" * 1024, **nginx),
    }, generate=lambda server: context.multiplexed_on(server, http))
    return [
        Figure("rate", "rate / nginx",
               median_ratio(values["pear"], values["nginx"], lambda m: m.rate), "×", rates_note(values)),
        Figure("cpu", "server CPU per request / nginx",
               median_ratio(values["pear"], values["nginx"], lambda m: m.cpu_us), "×",
               f"{median(values['pear'], lambda m: m.cpu_us):.1f} µs, "
               f"nginx {median(values['nginx'], lambda m: m.cpu_us):.1f} µs"),
    ]
