"""Attacks by HTTP/2, without TLS. Each function is one pass. See also floods.py."""

import pathlib
import struct
import sys

from target import OTHER_ADDRESS, WARM, at_once, name_of, pause

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))

from http2_client import (DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PREFACE, RST_STREAM,  # noqa: E402
                          SETTINGS, WINDOW_UPDATE, Http2Client, frame, request_block)

CONTINUATION = 9
HEADER_TABLE_SIZE, INITIAL_WINDOW = 1, 4
_DIGITS = {"00000": "0", "00001": "1", "00010": "2", "011001": "3", "011010": "4", "011011": "5", "011100": "6",
           "011101": "7", "011110": "8", "011111": "9"}
_INDEXED = {0x88: "200", 0x89: "204", 0x8A: "206", 0x8B: "304", 0x8C: "400", 0x8D: "404", 0x8E: "500"}


def settings(**values):
    names = {"table": HEADER_TABLE_SIZE, "window": INITIAL_WINDOW}
    return b"".join(struct.pack("!HI", names[name], value) for name, value in values.items())


def status_of(block):
    """Of a header block of a server that was allowed no dynamic table: its first field (RFC 7541, section 6)."""
    while block[0] & 0xE0 == 0x20:  # The size of the table.
        block = block[1:]
    if block[0] in _INDEXED:
        return _INDEXED[block[0]]
    size, value = block[1] & 0x7F, block[2:]
    if not block[1] & 0x80:
        return value[:size].decode()
    bits, digits = "".join(f"{byte:08b}" for byte in value[:size]), ""
    while len(digits) < 3:
        code = next(code for code in _DIGITS if bits.startswith(code))
        digits, bits = digits + _DIGITS[code], bits[len(code):]
    return digits


class Client(Http2Client):
    """Says which streams came to which status."""

    def __init__(self, target, host=WARM, window=None):
        super().__init__(target.port, host, timeout=max(0.05, target.left()), source=OTHER_ADDRESS)
        self.statuses = {}
        more = {} if window is None else {"window": window}
        self.socket.sendall(frame(SETTINGS, 0, 0, settings(table=0, **more)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def read_frame(self):
        got = super().read_frame()
        if got is not None and got[0] == HEADERS and got[2] not in self.statuses:
            self.statuses[got[2]] = status_of(got[3])
        return got

    def outcome_of(self, stream):
        """A response that ended: its status, or how it did not end."""
        try:
            while stream not in self.ended and stream not in self.reset and self.read_frame() is not None:
                pass
        except OSError as error:
            return "cut" if stream in self.statuses else name_of(error)
        if stream in self.reset and self.reset[stream] != 0:
            return "cut" if stream in self.statuses else "reset"
        return self.statuses.get(stream, "closed")


def ask(target, path, host=WARM, **more):
    try:
        with Client(target, host) as client:
            return client.outcome_of(client.ask(path, **more))
    except OSError as error:
        return name_of(error)


def hit(path, count, host=WARM):
    def one_pass(target):
        for _ in range(target.much(count)):
            if target.over():
                return
            target.count(ask(target, path, host))
    return one_pass


def _connection(target, first_settings=b""):
    one = target.connect()
    one.sendall(PREFACE + frame(SETTINGS, 0, 0, first_settings)
                + frame(WINDOW_UPDATE, 0, 0, struct.pack("!I", 0x3FFFFFFF)))
    return one


def _drain(one):
    """What has come by now: the kinds of frames that a flood wants to know of. None at the end."""
    one.setblocking(False)
    try:
        return one.recv(1 << 16) or None
    except BlockingIOError:
        return b""
    except OSError:
        return None


def _data_flood(target, path, payloads, streams=15):
    """Streams with bodies of such DATA frames, in turns, as far as the connection takes them."""
    block = request_block(WARM, path, "POST", "http")
    try:
        with _connection(target) as one:
            ids = [1 + 2 * place for place in range(streams)]
            one.sendall(b"".join(frame(HEADERS, END_HEADERS, stream, block) for stream in ids))
            pause(target, 0.2)
            unsent = b""
            for payload in payloads:
                unsent += b"".join(frame(DATA, 0, stream, payload) for stream in ids)
                if len(unsent) < 1 << 16:
                    continue
                one.settimeout(max(0.05, min(2.0, target.left())))
                one.sendall(unsent)
                unsent = b""
                if _drain(one) is None or target.over():
                    target.count("closed")
                    return
            pause(target, 1.5)
            target.count("sent")
    except OSError as error:
        target.count(name_of(error))


def data_of_one_byte(target):
    """65,000 DATA frames of a byte on each of 15 streams, to a guest that lets them wait."""
    count = target.much(65_000)
    at_once(target.much(2), lambda _: _data_flood(target, "/sink?6000", (b"x" for _ in range(count))))


def data_with_padding(target):
    """Frames that are padding but for a byte; they are not marked as padded, so that each is 200 bytes of body."""
    count = target.much(4_000)
    at_once(target.much(2), lambda _: _data_flood(target, "/sink?6000", (b"x" * 200 for _ in range(count))))


def zero_windows(target):
    """Finished responses for which no window is opened: 12 connections of 100 streams."""
    block = request_block(WARM, "/kilobytes?64", scheme="http")
    held = []
    try:
        for _ in range(target.much(12)):
            one = _connection(target, settings(window=0))
            held.append(one)
            one.sendall(b"".join(frame(HEADERS, END_HEADERS | END_STREAM, 1 + 2 * i, block) for i in range(100)))
        pause(target, 4)
    except OSError as error:
        target.count(name_of(error))
    finally:
        for one in held:
            one.close()


def open_streams(target):
    """Requests whose bodies never come: 20 connections of 100 streams."""
    block = request_block(WARM, "/echo", "POST", "http")
    held = []
    try:
        for _ in range(target.much(20)):
            one = _connection(target)
            held.append(one)
            one.sendall(b"".join(frame(HEADERS, END_HEADERS, 1 + 2 * i, block) for i in range(100)))
        pause(target, 4)
    except OSError as error:
        target.count(name_of(error))
    finally:
        for one in held:
            one.close()


def cookie_crumbs(target):
    """120 crumbs of one cookie, as browsers send them, are one field."""
    for _ in range(target.much(30)):
        target.count(ask(target, "/ok", fields=[("cookie", f"c{i}=v")for i in range(120)]))


def early_answers(target):
    """An upload of 256 KiB that is answered early: the answer must come whole."""
    def client(_):
        try:
            with Client(target) as one:
                stream = one.ask("/early", "POST", end=False)
                sent = 0
                while sent < 49_152:  # Of a window of 64 KiB.
                    one.send(stream, bytes(16_384))
                    sent += 16_384
                target.count(one.outcome_of(stream))
        except OSError as error:
            target.count(name_of(error))
    at_once(target.much(20, 2), client)


def short_uploads(target):
    """A client that states 100,000 bytes, is answered early, and ends its body after 10."""
    def client(_):
        try:
            with Client(target) as one:
                stream = one.ask("/early", "POST", [("content-length", "100000")], end=False)
                one.send(stream, b"0123456789", end=True)
                target.count(one.outcome_of(stream))
        except OSError as error:
            target.count(name_of(error))
    at_once(target.much(20, 2), client)


def half_closed(target):
    """A client that closes its way out when it has asked, and gets its answers."""
    import socket
    for _ in range(target.much(10)):
        try:
            with Client(target) as one:
                streams = [one.ask("/sleep?200") for _ in range(5)]
                one.socket.shutdown(socket.SHUT_WR)
                for stream in streams:
                    target.count(one.outcome_of(stream))
        except OSError as error:
            target.count(name_of(error))


def resets_in_answers(target):
    """Each response is reset by its client after the first bytes."""
    try:
        with Client(target) as one:
            for _ in range(target.much(300)):
                if target.over():
                    return
                stream = one.ask("/kilobytes?256")
                while stream not in one.statuses and one.read_frame() is not None:
                    pass
                one.socket.sendall(frame(RST_STREAM, 0, stream, b"\0\0\0\x08"))
                target.count(one.statuses.get(stream, "closed"))
    except OSError as error:
        target.count(name_of(error))


def trailers_of_requests(target):
    """Trailers that never end, by HEADERS after a body and CONTINUATION after it."""
    block = request_block(WARM, "/echo", "POST", "http")
    more = b"".join(b"\x00\x03x-t\x7f\x49" + b"v" * 200 for _ in range(60))
    for _ in range(target.much(40)):
        if target.over():
            return
        try:
            with _connection(target) as one:
                one.sendall(frame(HEADERS, END_HEADERS, 1, block) + frame(DATA, 0, 1, b"x")
                            + frame(HEADERS, END_STREAM, 1, more)
                            + frame(CONTINUATION, 0, 1, more) * 100)
                heard = b""
                one.settimeout(1)
                while piece := one.recv(1 << 16):
                    heard += piece
                target.count("goaway" if bytes([GOAWAY]) in heard else "closed")
        except OSError as error:
            target.count(name_of(error))
