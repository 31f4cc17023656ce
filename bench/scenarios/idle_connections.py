from pearbench import servers
from pearbench.figures import Figure
from pearbench.idle import bytes_each, descriptors

TITLE = "Connections that are open and idle, each after one request"


def run(context):
    context.needs_pear()
    count = 1_000 if context.quick else 10_000
    with descriptors(count), servers.pear(context, context.component("site"), isolation="cage") as server:
        context.wrk_on(server)
        return [Figure("bytes_each", f"memory of the server for each of {count:,}",
                       bytes_each(context, server, server.url, count), "bytes")]
