import resource
import socket
import ssl

from pearbench import servers
from pearbench.figures import Figure
from pearbench.process import BenchError

TITLE = "Connections with TLS that are open and idle, each after one request"

# Connection preface, SETTINGS without entries, and GET / with literal fields (RFC 9113, RFC 7541).
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


def _literal(name, value):
    return bytes([0, len(name)]) + name + bytes([len(value)]) + value


def _request(protocol):
    if protocol == "http/1.1":
        return b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    block = (_literal(b":method", b"GET") + _literal(b":scheme", b"https")
             + _literal(b":authority", b"localhost") + _literal(b":path", b"/"))
    return _PREFACE + len(block).to_bytes(3, "big") + bytes([1, 5, 0, 0, 0, 1]) + block


def _open(server, tls, protocol):
    connection = tls.wrap_socket(socket.create_connection(("127.0.0.1", server.https_port), timeout=5),
                                 server_hostname="localhost")
    if connection.selected_alpn_protocol() != protocol:
        raise BenchError(f"the server does not speak {protocol}")
    connection.sendall(_request(protocol))
    heard = b""
    while b"hello from the bench" not in heard:
        piece = connection.recv(65536)
        if not piece:
            raise BenchError(f"a connection was not answered: {heard[:100]!r}")
        heard += piece
    return connection


def _quiet(server):
    """The memory of the server once it has given back what only busy connections need."""
    lowest = server.usage().resident_bytes
    for _ in range(30):
        tls_wait = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        tls_wait.settimeout(0.1)
        try:
            tls_wait.recv(1)  # Nothing comes: a tenth of a second passes.
        except OSError:
            pass
        tls_wait.close()
        lowest = min(lowest, server.usage().resident_bytes)
    return lowest


def _bytes_each(context, protocol, count):
    tls = ssl.create_default_context()
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE
    tls.set_alpn_protocols([protocol])
    connections = []
    try:
        with servers.pear(context, context.component("site"), isolation="cage", https=True) as server:
            connections += [_open(server, tls, protocol) for _ in range(200)]
            before = _quiet(server)
            connections += [_open(server, tls, protocol) for _ in range(count)]
            return (_quiet(server) - before) / count
    finally:
        for connection in connections:
            connection.close()


def run(context):
    context.needs_pear()
    count = 500 if context.quick else 5_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 400:
        raise BenchError(f"the limit of descriptors is {hard}: {count + 400} are needed (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        return [Figure(name, f"memory of the server for each of {count:,}, {protocol}",
                       _bytes_each(context, protocol, count), "bytes")
                for name, protocol in (("http1_bytes", "http/1.1"), ("http2_bytes", "h2"))]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
