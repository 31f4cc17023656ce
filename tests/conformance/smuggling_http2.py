"""Requests of HTTP/2 that would be others, or more than one, where they are written down as HTTP/1.1.

By the rules of RFC 9113, 8.1 to 8.3. A refusal is an error of the stream or of the connection, or a
status that says so; where nothing is wrong, the next request on the connection is served.
"""

import collections
import socket
import struct
import sys

from http1_client import Reply
from http1_reader import Message
from smuggling_case import HEARD_WHOLE, HIDDEN, LAX, OTHER, SEEN, STRICT, difference, in_words, kind_of, raw
from suite import HERE

sys.path.insert(0, str(HERE.parent / "e2e"))
from http2_client import (ACK, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PREFACE,  # noqa: E402
                          RST_STREAM, SETTINGS, frame)

# fields: (name, value) as they are sent. data: DATA frames. trailers: fields, or None. late: only what
# comes after the head is wrong, so that the site may have begun to hear it.
Case = collections.namedtuple("Case",
"name source wanted fields data trailers late", defaults=((), None, False))

REFUSED, SERVED, OPEN = "refused", "served", "open"
ASKED, AFTER = 1, 3  # Streams.
PSEUDO = {":method": "GET", ":scheme": "http", ":authority": "a", ":path": "/seen0000"}


# ---- Header blocks: each field as it is, neither compressed nor remembered.

def sized(text):
    size, out = len(text), []
    if size < 127:
        return bytes([size]) + text
    size -= 127
    while size >= 128:
        out.append(size & 127 | 128)
        size >>= 7
    return bytes([127, *out, size]) + text


def block(fields):
    return b"".join(b"\0" + sized(raw(name)) + sized(raw(value)) for name, value in fields)


STATIC = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}  # RFC 7541, appendix A.
HUFFMAN = {**{format(digit, "05b"): str(digit) for digit in range(3)},
           **{format(0x16 + digit, "06b"): str(digit) for digit in range(3, 10)}}  # Appendix B.


def status_of(header_block):
    """The first field of a response's."""
    while header_block[0] & 0xE0 == 0x20:  # The size of the table.
        header_block = header_block[1:]
    first, rest = header_block[0], header_block[1:]
    if first & 0x80:
        return STATIC[first & 0x7F]
    value = rest[1:1 + (rest[0] & 0x7F)]
    if not rest[0] & 0x80:
        return int(value)
    bits, text, piece = "".join(format(byte, "08b") for byte in value), "", ""
    for bit in bits:
        piece += bit
        if piece in HUFFMAN:
            text, piece = text + HUFFMAN[piece], ""
    return int(text)


# ---- One case.

class Connection:
    """What the server says to each stream."""

    def __init__(self, port, patience_s):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.statuses, self.bodies = {}, collections.defaultdict(bytes)
        self.answered, self.reset, self.ended = set(), set(), ""

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            self.ended = "closed"

    def over(self, stream):
        return stream in self.answered or stream in self.reset

    def read_until_over(self, *streams):
        """Until the server has said its last word to all of them, or to the connection."""
        try:
            while not all(map(self.over, streams)) and not self.ended:
                head = self.file.read(9)
                if len(head) < 9:
                    self.ended = "closed"
                    return
                kind, flags, stream = struct.unpack("!BBI", head[3:])
                self.take(kind, flags, stream, self.file.read(int.from_bytes(head[:3], "big")))
        except TimeoutError:
            self.ended = "silent"
        except OSError:
            self.ended = "reset"

    def take(self, kind, flags, stream, payload):
        if kind == SETTINGS and not flags & ACK:
            self.send(frame(SETTINGS, ACK, 0))
        elif kind == GOAWAY and payload[4:8] != bytes(4):
            self.ended = "closed"
        elif kind == RST_STREAM and stream not in self.answered:
            self.reset.add(stream)
        elif kind == HEADERS and stream not in self.statuses:
            status = status_of(payload)
            if status >= 200:
                self.statuses[stream] = status
        elif kind == DATA:
            self.bodies[stream] += payload
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            self.answered.add(stream)

    def close(self):
        self.file.close()
        self.socket.close()


def message_of(fields, data=()):
    values = dict(fields)
    rest = [(raw(name), raw(value)) for name, value in fields if not name.startswith(":")]
    host = values.get(":authority", values.get("host", ""))
    return Message(raw(values.get(":method", "")), raw(values.get(":path", "")), b"HTTP/2", raw(host),
                   fields=rest, body=raw("".join(data)))


def frames_of(stream, fields, data=(), trailers=None):
    more = bool(data) or trailers is not None
    out = frame(HEADERS, END_HEADERS | (0 if more else END_STREAM), stream, block(fields))
    for place, piece in enumerate(data, 1):
        last = place == len(data) and trailers is None
        out += frame(DATA, END_STREAM if last else 0, stream, raw(piece))
    if trailers is not None:
        out += frame(HEADERS, END_HEADERS | END_STREAM, stream, block(trailers))
    return out


def meet(server, ledger, case, number, patience_s):
    """(kind, what is wrong), as smuggling_case.judge() says it."""
    path = f"/seen{number:04d}"
    fields = [(name, value.replace("/seen0000", path)) for name, value in case.fields]
    after = [*(PSEUDO | {":path": f"{path}/after"}).items()]
    data = [piece.replace("/seen0000", path) for piece in case.data]
    asked, next_one = message_of(fields, data), message_of(after)
    connection = Connection(server.port, patience_s)
    try:
        connection.send(PREFACE + frame(SETTINGS, 0, 0) + frames_of(ASKED, fields, data, case.trailers))
        connection.read_until_over(ASKED)
        if not connection.ended:
            connection.send(frames_of(AFTER, after))
            connection.read_until_over(AFTER)
    finally:
        connection.close()
    for stream, message, may_begin in ((ASKED, asked, case.wanted != REFUSED or case.late),
    (AFTER, next_one, True)):
        if may_begin and message.path.startswith(SEEN):
            ledger.may_begin[in_words(message)] += 1
        if connection.statuses.get(stream) == HEARD_WHOLE and message.path.startswith(SEEN):
            ledger.whole[in_words(message)] += 1
    return judge(case, connection, asked, next_one)


def judge(case, connection, asked, next_one):
    status = connection.statuses.get(ASKED)
    if status == HEARD_WHOLE:
        if case.wanted == REFUSED:
            return LAX, "has to be refused, but is answered 200"
        reply = Reply(status, connection.bodies[ASKED])
        if asked.path.startswith(SEEN) and (wrong := difference(asked, reply.body)):
            return kind_of(wrong), f"arrives as another: {wrong}"
    elif case.wanted == SERVED:
        return STRICT, f"is sound, but {connection.ended or status or 'its stream is reset'}"
    elif status is not None and not 400 <= status < 500 and status != 501:
        return OTHER, f"is answered {status}"
    if connection.ended in ("silent", "reset"):
        return OTHER, f"the server is {connection.ended}"
    if connection.ended:
        return None
    if connection.statuses.get(AFTER) != HEARD_WHOLE:
        return OTHER, f"the request after it is answered {connection.statuses.get(AFTER)}"
    wrong = difference(next_one, connection.bodies[AFTER])
    return (LAX, f"the request after it arrives as another: {wrong}") if wrong else None


# ---- The cases.

def with_pseudo(**changed):
    """The four, where None leaves one out, and the rest."""
    pseudo = PSEUDO | {f":{name}": value for name, value in changed.items()}
    return [(name, value) for name, value in pseudo.items() if value is not None]


GET = with_pseudo()
POST = with_pseudo(method="POST")
INJECTED = f"y\r\nContent-Length: 0\r\n\r\n{HIDDEN}"
FIELD, PSEUDO_RULE, HOP, BODY = "RFC 9113 8.2.1", "RFC 9113 8.3.1", "RFC 9113 8.2.2", "RFC 9113 8.1.1"


def names_and_values():
    for name, field in (
            ("capital letter", "X-a"), ("blank behind", "content-length "), ("blank before", " x"),
            ("empty (http-garden)", ""), ("colon inside", "x:y"), ("colon behind", "x:"),
            ("line end", "x: y\r\nz"), ("LF", "x\ny"), ("CR", "x\ry"), ("NUL", "x\0y"),
            ("control", "x\x01"), ("DEL", "x\x7f"), ("byte above ASCII", "x\xe9"), ("tab", "x\ty"),
            ("slash", "x/y"), ("quotes", '"x"'), ("Transfer-Encoding in capitals", "Transfer-Encoding"),
            ("Content-Length in capitals", "Content-Length")):
        yield Case(f"name: {name}", FIELD, REFUSED, [*GET, (field, "1")])
    for name, value, wanted in (
            ("line end and a request", INJECTED, REFUSED), ("LF", "a\nb", REFUSED),
            ("CR", "a\rb", REFUSED), ("NUL", "a\0b", REFUSED), ("LF at the end", "a\n", REFUSED),
            ("blank before", " a", REFUSED), ("blank behind", "a ", REFUSED),
            ("tabs around (http-garden)", "\ta\t", REFUSED), ("control", "a\x01b", OPEN),
            ("bytes above ASCII", "\xe9\xff", SERVED), ("blanks inside", "a \t b", SERVED),
            ("empty", "", SERVED)):
        yield Case(f"value: {name}", FIELD, wanted, [*GET, ("x-a", value)])
    for name, value, wanted in (
            ("connection", "close", REFUSED), ("connection", "x-a", REFUSED),
            ("keep-alive", "timeout=5", REFUSED), ("proxy-connection", "close", REFUSED),
            ("upgrade", "h2c", REFUSED), ("te", "gzip", REFUSED), ("te", "trailers, gzip", REFUSED),
            ("te", "trailers", SERVED), ("transfer_encoding", "chunked", SERVED)):
        yield Case(f"{name}: {value}", HOP, wanted, [*GET, (name, value)])
    for value in ("chunked", "identity", "gzip, chunked", "", "x"):
        yield Case(f"transfer-encoding: {value}", HOP, REFUSED, [*POST, ("transfer-encoding", value)],
                   ["0\r\n\r\n", HIDDEN])


def pseudo_fields():
    for name, values in (
            ("method", ("", "GET / HTTP/1.1", "GET\r\nx: y", "GE\0T", "G(T", "\xe9")),
            ("path", ("", "seen0000", "/seen0000 HTTP/1.1\r\nHost: b", "/seen0000\r\nx: y", "/seen0000\0",
                      "/seen0000 b", "/seen0000\n", "/seen0000\xe9", "*")),
            ("scheme", ("", "http\r\nx: y", "http://a/b?", "h ttp")),
            ("authority", ("b@a", "a/b", "a b", "a\r\nx: y", "a\0", "a, b", "a:80a", "[::1", "a?b", "\xe9"))):
        for value in values:
            yield Case(f":{name} {value!r}", PSEUDO_RULE, REFUSED, with_pseudo(**{name: value}))
        yield Case(f":{name} twice", "RFC 9113 8.3", REFUSED, [*GET, (f":{name}", PSEUDO[f":{name}"])])
    for name in ("method", "path", "scheme"):
        yield Case(f"no :{name}", PSEUDO_RULE, REFUSED, with_pseudo(**{name: None}))
    for name, wanted, fields in (
            ("after a field", REFUSED, [*GET[:3], ("x-a", "1"), GET[3]]),
            ("unknown", REFUSED, [*GET, (":x", "1")]),
            ("of a response", REFUSED, [*GET, (":status", "200")]),
            ("authority and another host", REFUSED, [*GET, ("host", "b")]),
            ("authority and another port", REFUSED, [*GET, ("host", "a:81")]),
            ("authority and the same host", SERVED, [*GET, ("host", "a")]),
            ("two hosts", REFUSED, [*GET, ("host", "a"), ("host", "b")]),
            ("two hosts that agree", OPEN, [*GET, ("host", "a"), ("host", "a")]),
            ("host alone", SERVED, [*with_pseudo(authority=None), ("host", "a")]),
            ("no host at all", OPEN, with_pseudo(authority=None)),
            ("two hosts, no authority", REFUSED,
             [*with_pseudo(authority=None), ("host", "a"), ("host", "b")]),
            ("CONNECT with a path", REFUSED, with_pseudo(method="CONNECT")),
            ("CONNECT", OPEN, with_pseudo(method="CONNECT", path=None, scheme=None, authority="a:80"))):
        yield Case(f"pseudo-fields: {name}", "RFC 9113 8.3", wanted, fields)


def bodies():
    for name, wanted, length, data in (
            ("more than says", REFUSED, "4", ["hello"]), ("less than says", REFUSED, "6", ["hello"]),
            ("some where none is said", REFUSED, "0", ["hello"]),
            ("in pieces, more than says", REFUSED, "8", ["hello", "hello"]),
            ("none where some is said", REFUSED, "5", []),
            ("an empty one where some is said", REFUSED, "5", [""]), ("as it says", SERVED, "5", ["hello"]),
            ("in pieces", SERVED, "10", ["hello", "", "hello"])):
        yield Case(f"body: {name}", BODY, wanted, [*POST, ("content-length", length)], data, late=True)
    for value in ("+5", "-5", "0x5", "5.0", "5, 5", "5,5", "5 5", "", "5a", "18446744073709551621", "x"):
        yield Case(f"content-length: {value}", BODY, REFUSED, [*POST, ("content-length", value)], ["hello"])
    for first, second in (("5", "6"), ("6", "5"), ("0", "5"), ("5", "0")):
        yield Case(f"content-length: {first} and {second}", BODY, REFUSED,
                   [*POST, ("content-length", first), ("content-length", second)], ["hello"])
    yield Case("content-length: 5 twice", BODY, OPEN,
               [*POST, ("content-length", "5"), ("content-length", "5")], ["hello"])
    yield Case("a request for a body", BODY, SERVED, POST, [HIDDEN])
    yield Case("chunks for a body", BODY, SERVED, POST, ["0\r\n\r\n", HIDDEN])
    yield Case("a request for a body of GET", BODY, SERVED,
               [*GET, ("content-length", str(len(HIDDEN)))], [HIDDEN])
    yield Case("a request for a body of HEAD", BODY, SERVED, with_pseudo(method="HEAD"), [HIDDEN])
    for name, trailers, wanted in (
            ("pseudo-field", [(":path", "/seen0000/hidden")], REFUSED),
            ("capital letter", [("X-a", "1")], REFUSED), ("line end", [("x-a", INJECTED)], REFUSED),
            ("NUL", [("x-a", "\0")], REFUSED), ("connection", [("connection", "close")], REFUSED),
            ("transfer-encoding", [("transfer-encoding", "chunked")], REFUSED),
            ("content-length", [("content-length", "5")], OPEN), ("sound", [("x-a", "1")], SERVED)):
        yield Case(f"trailers: {name}", "RFC 9113 8.1", wanted, POST, ["hello"], trailers, late=True)


CASES = [*names_and_values(), *pseudo_fields(), *bodies()]
