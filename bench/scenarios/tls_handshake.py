from pearbench import servers
from pearbench.compare import compare, rates_note
from pearbench.figures import Figure, median, median_ratio

TITLE = "Full TLS 1.3 handshakes, ECDSA P-256, each with its connection and one request, against nginx with OpenSSL 3.0"


def run(context):
    context.needs_pear()
    values = compare(context, {
        "pear": servers.pear(context, context.component("site"), isolation="cage", https=True),
        "nginx": servers.nginx(context, b"hello\n", https=True),
    }, generate=context.handshakes_on)
    return [
        Figure("cpu", "server CPU per handshake / nginx",
               median_ratio(values["pear"], values["nginx"], lambda m: m.cpu_us), "×",
               f"{median(values['pear'], lambda m: m.cpu_us):.0f} µs, "
               f"nginx {median(values['nginx'], lambda m: m.cpu_us):.0f} µs"),
        Figure("rate", "handshakes, 8 clients",
               median(values["pear"], lambda m: m.rate), "/s", rates_note(values)),
    ]
