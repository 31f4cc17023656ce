"""A client of QUIC and HTTP/3 that can break their rules. Runs where aioquic 1.2 is (tests/peers).

aioquic does the handshake, its acknowledgements and its cryptography; what a case sends against the
rules is made here, frame by frame and packet by packet. aioquic's private members are used for it.
"""

import collections
import select
import socket
import time

import pylsqpack
from aioquic.buffer import Buffer, encode_uint_var
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import QuicProtocolVersion
from aioquic.tls import Epoch

H3_NO_ERROR = 0x100  # Asks for no more of a request that is answered.
REPEAT_S = 0.25  # A packet by which a case breaks a rule is sent again until it is answered.

# What the server said in the end. how: "transport" or "application" for CONNECTION_CLOSE, "stream" for
# RESET_STREAM and STOP_SENDING, "answered" for a response, whose status is the code.
End = collections.namedtuple("End", "how code reason")

Target = collections.namedtuple("Target", "host port name ca patience_s")


class NotApplicable(Exception):
    """This server does not do what the case is about."""


class Unfit(Exception):
    """The server or this client did not even come to what the case is about."""


def varint(value):
    return encode_uint_var(value)


def sized(data):
    return varint(len(data)) + data


class Client(QuicConnection):
    """One connection. What a case alters has to be set before connect()."""

    def __init__(self, target, ticket=None, alpn=("h3",)):
        configuration = QuicConfiguration(
            is_client=True, alpn_protocols=list(alpn), server_name=target.name,
            supported_versions=[QuicProtocolVersion.VERSION_1], idle_timeout=30,
            session_ticket=ticket)
        configuration.load_verify_locations(cafile=target.ca)
        self.tickets = []
        super().__init__(configuration=configuration, session_ticket_handler=self.tickets.append)
        self.target = target
        self.end = None          # Of the connection.
        self.stream_ends = {}    # Of streams, by their ids.
        self.heard = collections.defaultdict(bytes)  # By stream, whole or as far as it came.
        self.finished = set()    # Streams that the server has ended well.
        self.confirmed = False
        self.alter_parameters = lambda parameters: parameters
        self.alter_crypto = lambda epoch, data: data
        self.alter_extensions = lambda extensions: extensions
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect((target.host, target.port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.end is None:
            self.close()
            self._flush()
        self._socket.close()

    # ---- The rim: time and datagrams.

    def start(self):
        """Sends the first flight."""
        self.connect((self.target.host, self.target.port), time.monotonic())
        self._flush()

    def establish(self):
        """A whole handshake, confirmed by the server."""
        self.start()
        if not self.wait(lambda: self.confirmed):
            raise Unfit(f"there is no handshake: {self.end or 'no answer'}")

    def wait(self, holds, again=None):
        """Until it holds, or the connection has ended, or patience; whether it holds.

        It is asked before anything is sent, so that a case can go before aioquic. `again` is called
        whenever a while has passed.
        """
        limit = time.monotonic() + self.target.patience_s
        repeat = time.monotonic() + REPEAT_S
        while True:
            if holds():
                return True
            now = time.monotonic()
            if self.end is not None or now >= limit:
                return False
            if self._close_event is not None:
                raise Unfit(f"this client has closed: {self._close_event.reason_phrase}")
            if now >= repeat:
                repeat = now + REPEAT_S
                if again is not None:
                    again()
            self._flush()
            until = min(filter(None, (limit, repeat, self.get_timer())))
            if select.select([self._socket], [], [], max(0, until - now))[0]:
                self._receive()
            elif (timer := self.get_timer()) is not None and time.monotonic() >= timer:
                self.handle_timer(time.monotonic())

    def _flush(self):
        for data, _ in self.datagrams_to_send(time.monotonic()):
            self._socket.send(data)

    def _receive(self):
        try:
            data = self._socket.recv(65536)
        except ConnectionRefusedError:
            raise Unfit("no server listens there")
        self.receive_datagram(data, (self.target.host, self.target.port), time.monotonic())
        while (event := self.next_event()) is not None:
            name = type(event).__name__
            if name == "StreamDataReceived":
                self.heard[event.stream_id] += event.data
                if event.end_stream:
                    self.finished.add(event.stream_id)
            elif name in ("StreamReset", "StopSendingReceived") and event.error_code != H3_NO_ERROR:
                self.stream_ends.setdefault(event.stream_id, End("stream", event.error_code, ""))
        if self._handshake_confirmed:
            self.confirmed = True

    def _handle_connection_close_frame(self, context, frame_type, buf):
        start = buf.tell()
        code = buf.pull_uint_var()
        if frame_type == 0x1C:
            buf.pull_uint_var()
        reason = buf.pull_bytes(buf.pull_uint_var()).decode("utf-8", "replace")
        if self.end is None:
            self.end = End("transport" if frame_type == 0x1C else "application", code, reason)
        buf.seek(start)
        super()._handle_connection_close_frame(context, frame_type, buf)

    # ---- What cases alter of what aioquic sends.

    def _serialize_transport_parameters(self):
        """alter_parameters sees [(id, value)]."""
        source = Buffer(data=super()._serialize_transport_parameters())
        parameters = []
        while not source.eof():
            kind = source.pull_uint_var()
            parameters.append((kind, source.pull_bytes(source.pull_uint_var())))
        return b"".join(varint(kind) + sized(value)
                        for kind, value in self.alter_parameters(parameters))

    def _initialize(self, peer_cid):
        super()._initialize(peer_cid)
        self.tls.handshake_extensions = self.alter_extensions(self.tls.handshake_extensions)

    def _push_crypto_data(self):
        """alter_crypto sees each flight of TLS messages."""
        for epoch, buf in self._crypto_buffers.items():
            if buf.tell():
                altered = self.alter_crypto(epoch, buf.data)
                buf.seek(0)
                buf.push_bytes(altered)
        super()._push_crypto_data()

    # ---- What cases send beside aioquic.

    def can_send(self, epoch):
        crypto = self._cryptos.get(epoch)
        return crypto is not None and crypto.send.is_valid()

    def send_packet(self, epoch, frames, reserved=0):
        """One packet of these frames, in a datagram of its own. `reserved`: the two reserved bits."""
        crypto = self._cryptos[epoch]
        number = self._packet_number
        self._packet_number += 1
        tail = number.to_bytes(4, "big")
        if epoch == Epoch.ONE_RTT:
            header = bytes([0x43 | reserved << 3 | crypto.key_phase << 2]) + self._peer_cid.cid + tail
        else:
            kind = {Epoch.ZERO_RTT: 1, Epoch.HANDSHAKE: 2}[epoch]
            size = len(tail) + len(frames) + crypto.aead_tag_size
            header = (bytes([0xC3 | kind << 4 | reserved << 2]) + self._version.to_bytes(4, "big")
                      + bytes([len(self._peer_cid.cid)]) + self._peer_cid.cid
                      + bytes([len(self.host_cid)]) + self.host_cid + varint(size) + tail)
        self._socket.send(crypto.encrypt_packet(header, frames, number))

    def open_uni(self):
        """The id of the next stream that only this client sends on."""
        stream = self._local_next_stream_id_uni
        self.send_stream_data(stream, b"")
        return stream


# ---- HTTP/3 and QPACK, written down without any help that would keep to the rules.

DATA, HEADERS, CANCEL_PUSH, SETTINGS, PUSH_PROMISE, GOAWAY, MAX_PUSH_ID = 0, 1, 3, 4, 5, 7, 13
CONTROL, ENCODER, DECODER = 0, 2, 3  # Kinds of streams.


def frame(kind, payload=b""):
    return varint(kind) + sized(payload)


def prefixed(value, bits, pattern):
    """An integer of QPACK: the pattern stands in the bits above the prefix."""
    limit = (1 << bits) - 1
    if value < limit:
        return bytes([pattern | value])
    out, value = [pattern | limit], value - limit
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field_lines(fields):
    """Without any table."""
    return b"".join(prefixed(len(name), 3, 0x20) + name + prefixed(len(value), 7, 0) + value
                    for name, value in ((n.encode(), v.encode()) for n, v in fields))


def section(fields):
    return b"\0\0" + field_lines(fields)


class Http3Client(Client):
    """`control`: what its control stream says. `kinds`: the streams of its own that it begins with.

    A server need not allow more than three of them.
    """

    def __init__(self, target, control=None, kinds=(CONTROL, ENCODER, DECODER)):
        super().__init__(target)
        self._begins = {kind: b"" for kind in kinds}
        self._begins[CONTROL] = frame(SETTINGS) if control is None else control
        self.own = {}  # The streams' ids, by kind.

    def establish(self):
        super().establish()
        self.own = {kind: self.open_kind(kind, data) for kind, data in self._begins.items()}

    def open_kind(self, kind, data=b""):
        stream = self.open_uni()
        self.send_stream_data(stream, varint(kind) + data)
        return stream

    def ask(self, data, end=True):
        """A request stream that begins with this."""
        stream = self.get_next_available_stream_id()
        self.send_stream_data(stream, data, end_stream=end)
        return stream

    def pseudo(self, method="GET", path="/"):
        return [(":method", method), (":scheme", "https"),
                (":authority", f"{self.target.name}:{self.target.port}"), (":path", path)]

    def status(self, stream):
        """Of the answer heard so far; None where there is none."""
        heard = Buffer(data=self.heard[stream])
        try:
            while heard.pull_uint_var() != HEADERS:
                heard.pull_bytes(heard.pull_uint_var())
            block = heard.pull_bytes(heard.pull_uint_var())
        except ValueError:  # The rest has not come.
            return None
        _, fields = pylsqpack.Decoder(0, 0).feed_header(stream, block)
        return int(dict(fields)[b":status"])
