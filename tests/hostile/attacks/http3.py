"""Attacks by HTTP/3 and QUIC. Runs where aioquic is (tests/peers). Each function is one pass."""

import pathlib
import socket
import sys
import time

from target import OTHER_ADDRESS, name_of

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "conformance"))

import http3_client as h3  # noqa: E402
from aioquic.tls import Epoch  # noqa: E402
from http3_client import DATA, HEADERS, Http3Client, Unfit, frame, section, sized, varint  # noqa: E402

NAME = "localhost"  # Of the certificate; the tenant that keeps its instances answers for it too.
INITIAL_MAX_DATA = 4
CRYPTO, PING, NEW_CONNECTION_ID, PATH_CHALLENGE = b"\x06", b"\x01", b"\x18", b"\x1a"
STREAM = 0x0E  # With an offset and a length.
PACKET = 1_150


class Client(Http3Client):
    def __init__(self, target):
        super().__init__(target)
        self._socket.close()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(OTHER_ADDRESS)
        self._socket.connect((target.host, target.port))

    def is_open(self, stream):
        """Whether more may be sent: aioquic resets a stream by itself when the server stops it."""
        return self._streams[stream].sender._reset_error_code is None

    def _handle_path_response_frame(self, _context, _frame_type, buf):
        buf.pull_bytes(8)  # To challenges that aioquic knows nothing of.


def connected(target):
    return Client(h3.Target("127.0.0.1", target.https_port, NAME, target.ca, max(0.1, target.left())))


def head(client, path, method="GET", fields=()):
    return frame(HEADERS, section([*client.pseudo(method, path), *fields]))


def outcome_of(client, stream):
    ended = client.wait(lambda: stream in client.finished or stream in client.stream_ends)
    status = client.status(stream)
    if stream in client.stream_ends:
        return "reset" if status is None else "cut"
    if not ended:
        return "closed" if client.end is not None else "timeout"
    return "closed" if status is None else str(status)


def guarded(attack):
    """What the client meets that is no answer is an outcome too."""
    def one_pass(target):
        try:
            attack(target)
        except (Unfit, OSError) as error:
            target.count("unfit" if isinstance(error, Unfit) else name_of(error))
    one_pass.__doc__ = attack.__doc__
    return one_pass


def ask(target, path, _host=None):
    try:
        with connected(target) as client:
            client.establish()
            return outcome_of(client, client.ask(head(client, path)))
    except (Unfit, OSError) as error:
        return "unfit" if isinstance(error, Unfit) else name_of(error)


def turn(client, seconds):
    """Takes what comes for so long."""
    end = time.monotonic() + seconds
    client.wait(lambda: time.monotonic() >= end)


def packets(frames):
    """Frames, as many in each packet as there is room for."""
    packet = b""
    for one in frames:
        if len(packet) + len(one) > PACKET:
            yield packet
            packet = b""
        packet += one
    if packet:
        yield packet


def send_all(target, client, frames):
    for place, packet in enumerate(packets(frames)):
        client.send_packet(Epoch.ONE_RTT, packet)
        if place % 50 == 49:
            turn(client, 0.01)
            if client.end is not None or target.over():
                break
    target.count("closed" if client.end is not None else "sent")


@guarded
def holes_in_streams(target):
    """Every other byte of bodies, so that each byte that came has to be kept by itself."""
    with connected(target) as client:
        client.establish()
        first = head(client, "/sink?6000", "POST")
        streams = [client.ask(first, end=False) for _ in range(target.much(60))]
        turn(client, 0.2)
        send_all(target, client, (
            bytes([STREAM]) + varint(stream) + varint(len(first) + 10 + 2 * place) + varint(1) + b"x"
            for place in range(target.much(7_000)) for stream in streams))
        turn(client, 1)


@guarded
def holes_in_the_handshake(target):
    """The same in CRYPTO frames, after the handshake."""
    with connected(target) as client:
        client.establish()
        send_all(target, client, (CRYPTO + varint(100 + 2 * place) + varint(1) + b"x"
                                  for place in range(target.much(100_000))))
        turn(client, 0.5)


@guarded
def data_of_one_byte(target):
    """DATA frames of a byte each, to a guest that lets them wait."""
    with connected(target) as client:
        client.establish()
        streams = [client.ask(head(client, "/sink?6000", "POST"), end=False) for _ in range(target.much(20))]
        for _ in range(target.much(40)):
            for stream in streams:
                client.send_stream_data(stream, frame(DATA, b"x") * 500)
            turn(client, 0.05)
            if client.end is not None or target.over():
                break
        target.count("closed" if client.end is not None else "sent")
        turn(client, 0.5)


@guarded
def zero_windows(target):
    """100 responses that the client allows no byte of, on each of 6 connections."""
    held = []
    try:
        for _ in range(target.much(6)):
            client = connected(target)
            held.append(client)
            # Room for nothing but what the server's own streams begin with.
            client.alter_parameters = lambda parameters: [
                (kind, varint(2_000) if kind == INITIAL_MAX_DATA else value) for kind, value in parameters]
            client._local_max_data.value = client._local_max_data.sent = 2_000
            client.establish()
            for _ in range(90):
                client.ask(head(client, "/kilobytes?64"))
            turn(client, 0.2)
        target.count("sent")
        turn(held[0], 2)
    finally:
        for client in held:
            client.__exit__()


@guarded
def resets_in_answers(target):
    """Each response is refused by its client while it comes."""
    with connected(target) as client:
        client.establish()
        for _ in range(target.much(300)):
            stream = client.ask(head(client, "/kilobytes?64"), end=False)
            client.wait(lambda: client.heard[stream] or stream in client.stream_ends)
            if stream in client.finished or stream in client.stream_ends:
                continue
            if client.is_open(stream):
                client.reset_stream(stream, 0x10C)
            client.stop_stream(stream, 0x10C)
            target.count("reset")
            if client.end is not None or target.over():
                break


@guarded
def large_heads(target):
    """Header sections at, and far over, what a head may be."""
    for size in (30_000, 33_000, 60_000, 200_000):
        with connected(target) as client:
            client.establish()
            fields = [(f"x-{i}", "v" * 1_000) for i in range(size // 1_000)]
            for _ in range(target.much(10)):
                stream = client.ask(head(client, "/ok", fields=fields))
                target.count(outcome_of(client, stream))
                if client.end is not None or target.over():
                    break


@guarded
def early_answers(target):
    """Uploads that are answered early and end short of what they stated: the answer comes whole."""
    for _ in range(target.much(10)):
        with connected(target) as client:
            client.establish()
            stream = client.ask(head(client, "/early", "POST", [("content-length", "100000")]), end=False)
            client.send_stream_data(stream, frame(DATA, bytes(10_000)))
            client.wait(lambda: client.status(stream) is not None or stream in client.stream_ends)
            if client.is_open(stream):
                client.send_stream_data(stream, b"", end_stream=True)
            target.count(outcome_of(client, stream))


@guarded
def frames_that_are_answered(target):
    """PATH_CHALLENGE, each of which wants an answer, and PING."""
    with connected(target) as client:
        client.establish()
        send_all(target, client, (PATH_CHALLENGE + place.to_bytes(8, "big") + PING
                                  for place in range(target.much(100_000))))
        turn(client, 0.5)


@guarded
def unknown_frames(target):
    """A request stream of frames that no version knows, one of them said to be endless."""
    with connected(target) as client:
        client.establish()
        for _ in range(target.much(50)):
            stream = client.ask(frame(0x21, b"g") * 2_000 + varint(0x40) + varint(1 << 40), end=False)
            turn(client, 0.02)
            if client.end is not None or target.over():
                break
        stream = client.ask(frame(0x21, sized(b"g") * 5) + head(client, "/ok"))
        target.count(outcome_of(client, stream))
