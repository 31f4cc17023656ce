import resource
import socket

from pearbench import servers
from pearbench.figures import Figure
from pearbench.process import BenchError

TITLE = "Connections that are open and idle, each after one request"


def run(context):
    context.needs_pear()
    count = 1_000 if context.quick else 10_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 200:
        raise BenchError(f"the limit of descriptors is {hard}: {count + 200} are needed (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    connections = []
    try:
        with servers.pear(context, context.component("site"), isolation="cage") as server:
            context.wrk_on(server)
            before = server.usage().resident_bytes
            for _ in range(count):
                connection = socket.create_connection(("127.0.0.1", server.port), timeout=5)
                connections.append(connection)
                connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
                    raise BenchError(f"connection {len(connections)} was not answered")
            after = server.usage().resident_bytes
    finally:
        for connection in connections:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return [Figure("bytes_each", f"memory of the server for each of {count:,}",
                   (after - before) / count, "bytes")]
