"""A client of HTTP/2 that tests can steer frame by frame. It does not read header blocks."""

import socket
import ssl
import struct

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 0x1, 0x1, 0x4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def text(value):
    value = value.encode()
    assert len(value) < 127
    return bytes([len(value)]) + value


def literal(name, value):
    """A field as it is: neither compressed nor remembered."""
    return b"\x00" + text(name) + text(value)


def request_block(authority, path="/", method="GET", scheme="https", fields=()):
    pseudo = ((":method", method), (":scheme", scheme), (":authority", authority), (":path", path))
    return b"".join(literal(*field) for field in (*pseudo, *fields))


class Http2Client:
    def __init__(self, port, host="localhost", tls=None, timeout=60, source=None):
        self.host = host
        self.scheme = "http" if tls is None else "https"
        self.socket = socket.create_connection(("127.0.0.1", port), timeout, source)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname=host)
            assert self.socket.selected_alpn_protocol() == "h2"
        self._next = 1
        self._read = b""
        self._unacknowledged = 0
        self.asked = []         # Streams of requests that were sent.
        self.ended = set()      # Those whose response came whole.
        self.reset = {}         # Those that the server reset, with its reason.
        self.last_stream = None  # What the latest GOAWAY says,
        self.goaway_reason = None  # and why.
        self.settled = False    # The server has confirmed the settings.
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0))

    def ask(self, path="/", method="GET", fields=(), end=True):
        """Begins a request; its stream."""
        stream, self._next = self._next, self._next + 2
        block = request_block(self.host, path, method, self.scheme, fields)
        flags = END_HEADERS | (END_STREAM if end else 0)
        self.asked.append(stream)
        self.socket.sendall(frame(HEADERS, flags, stream, block))
        return stream

    def send(self, stream, data, end=False):
        self.socket.sendall(frame(DATA, END_STREAM if end else 0, stream, data))

    def _take(self, size):
        while len(self._read) < size:
            more = self.socket.recv(65536)
            if not more:
                return None
            self._read += more
        taken, self._read = self._read[:size], self._read[size:]
        return taken

    def read_frame(self):
        """The next one as (kind, flags, stream, payload), answered as it must be. None: the end."""
        head = self._take(9)
        if head is None:
            return None
        size = int.from_bytes(head[:3], "big")
        kind, flags, stream = struct.unpack("!BBI", head[3:])
        payload = self._take(size)
        if payload is None:
            return None
        if kind == SETTINGS:
            if flags & ACK:
                self.settled = True
            else:
                self._answer(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self._answer(frame(PING, ACK, 0, payload))
        elif kind == GOAWAY:
            self.last_stream, self.goaway_reason = struct.unpack("!II", payload[:8])
        elif kind == RST_STREAM:
            self.reset[stream] = struct.unpack("!I", payload)[0]
        elif kind in (DATA, HEADERS):
            if kind == DATA and payload:
                self._acknowledge(stream, len(payload), ended=bool(flags & END_STREAM))
            if flags & END_STREAM:
                self.ended.add(stream)
        return kind, flags, stream, payload

    def _acknowledge(self, stream, size, ended):
        """Tiny steps for the connection are gathered: many of them count as an attack."""
        self._unacknowledged += size
        if self._unacknowledged >= 16384:
            step = struct.pack("!I", self._unacknowledged)
            self._answer(frame(WINDOW_UPDATE, 0, 0, step))
            self._unacknowledged = 0
        if not ended:
            self._answer(frame(WINDOW_UPDATE, 0, stream, struct.pack("!I", size)))

    def _answer(self, bytes_):
        try:
            self.socket.sendall(bytes_)
        except (ConnectionError, ssl.SSLError):
            pass  # The server has ended; what it said before can still be read.

    def close(self):
        self.socket.close()
