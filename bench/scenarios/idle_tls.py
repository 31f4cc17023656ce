from pearbench import servers
from pearbench.figures import Figure
from pearbench.idle import bytes_each, descriptors

TITLE = "Connections with TLS that are open and idle, each after one request"

_VERSIONS = (("http1_bytes", "HTTP/1.1", 1), ("http2_bytes", "HTTP/2", 2), ("http3_bytes", "HTTP/3", 3))


def _of_version(context, http, count):
    # A server of its own, so that what one version leaves behind is not another's.
    with servers.pear(context, context.component("site"), isolation="cage", https=True) as server:
        return bytes_each(context, server, server.https_url, count, *context.https_options(http))


def run(context):
    context.needs_pear()
    count = 500 if context.quick else 5_000
    with descriptors(count):
        return [Figure(key, f"memory of the server for each of {count:,}, {name}",
                       _of_version(context, http, count), "bytes")
                for key, name, http in _VERSIONS]
