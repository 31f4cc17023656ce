"""Rules of QUIC (RFC 9000 and 9001) that a client breaks, and what a server has to say to it."""

import functools

from aioquic.tls import Epoch

from http3_case import Case, answered, transport
from http3_client import (HEADERS, Client, End, Http3Client, NotApplicable, frame, section, sized,
                          varint)

KEY_UPDATE = b"\x18\x00\x00\x01\x01"
END_OF_EARLY_DATA = b"\x05\x00\x00\x00"
SERVER_BIDI, SERVER_UNI = 1, 3  # The first streams that only a server may open.
NEVER_OPENED = 4 * 25 + SERVER_BIDI
STREAMS_PAST = (1 << 60) + 1  # One more than there can ever be.


def ended(client, again=None):
    client.wait(lambda: client.end is not None, again)
    return client.end


# ---- Frames.

def stream_frame(stream, offset=0, data=b"", fin=False):
    return bytes([0x0E | fin]) + varint(stream) + varint(offset) + sized(data)


def crypto_frame(data, offset=0):
    return b"\x06" + varint(offset) + sized(data)


def new_connection_id(sequence, retire_prior_to, cid):
    return (b"\x18" + varint(sequence) + varint(retire_prior_to) + bytes([len(cid)]) + cid
            + bytes(range(16)))


# ---- Ways to break a rule.

def frames(data):
    """In a packet of an established connection."""
    def run(target):
        with Client(target) as client:
            client.establish()

            def send():
                client.send_packet(Epoch.ONE_RTT, data)
            send()
            return ended(client, send)
    return run


def handshake_packet(data, reserved=0):
    """Before what ends the handshake."""
    def run(target):
        with Client(target) as client:
            client.start()
            client.wait(lambda: client.can_send(Epoch.HANDSHAKE))

            def send():
                if client.can_send(Epoch.HANDSHAKE):
                    client.send_packet(Epoch.HANDSHAKE, data, reserved)
            send()
            return ended(client, send)
    return run


def parameters(alter):
    """alter: [(id, value)] to what is sent in its place."""
    def run(target):
        with Client(target) as client:
            client.alter_parameters = alter
            client.start()
            return ended(client)
    return run


def with_parameter(kind, value):
    return parameters(lambda sent: [*((k, v) for k, v in sent if k != kind), (kind, value)])


def extensions(alter):
    """alter: what TLS carries for QUIC, [(id, value)], to what is sent in its place."""
    def run(target):
        with Client(target) as client:
            client.alter_extensions = alter
            client.start()
            return ended(client)
    return run


def finished(alter):
    """alter: the flight of TLS messages that ends the handshake, to what is sent in its place."""
    def run(target):
        with Client(target) as client:
            client.alter_crypto = lambda epoch, data: alter(data) if epoch == Epoch.HANDSHAKE else data
            client.start()
            return ended(client)
    return run


def protocols(*names):
    def run(target):
        with Client(target, alpn=names) as client:
            client.start()
            return ended(client)
    return run


def reserved_bits(target):
    with Client(target) as client:
        client.establish()
        send = functools.partial(client.send_packet, Epoch.ONE_RTT, b"\x01", reserved=2)
        send()
        return ended(client, send)


def past_stream_limit(kind):
    """One stream more than the server has allowed so far, which grows: so one far away."""
    return frames(stream_frame(4 * 250_000_000 + kind, data=b"x"))


def crypto_in_early_data(target):
    with Client(target) as client:
        client.establish()
        if not client.wait(lambda: client.tickets):
            raise NotApplicable("it gives no tickets")
        ticket = client.tickets[0]
    if not ticket.max_early_data_size:
        raise NotApplicable("its tickets are not good for early data")
    with Client(target, ticket=ticket) as client:
        client.start()
        client.send_packet(Epoch.ZERO_RTT, crypto_frame(b"\x08\x00\x00\x02\x00\x00"))
        end = ended(client)
        if end is None and client.confirmed and not client.tls.early_data_accepted:
            raise NotApplicable("it accepts no early data")
        return end


def too_many_connection_ids(target):
    """One more than the server has said that it keeps."""
    with Client(target) as client:
        client.establish()

        def send():
            for sequence in range(100, 100 + client._remote_active_connection_id_limit + 1):
                cid = sequence.to_bytes(8, "big")
                client.send_packet(Epoch.ONE_RTT, new_connection_id(sequence, 0, cid))
        send()
        return ended(client, send)


def good_request(target):
    with Http3Client(target) as client:
        client.establish()
        stream = client.ask(frame(HEADERS, section(client.pseudo())))
        if client.wait(lambda: stream in client.finished or stream in client.stream_ends):
            return client.stream_ends.get(stream) or End("answered", client.status(stream), "")
        return client.end


def without(kind):
    return parameters(lambda sent: [(k, v) for k, v in sent if k != kind])


PREFERRED = b"\x7f\0\0\1\x01\xbb" + bytes(18) + b"\x08" + bytes(range(8)) + bytes(range(16))
TLS_UNEXPECTED = transport("alert unexpected_message")
PARAMETER = transport("TRANSPORT_PARAMETER_ERROR")
STATE = transport("STREAM_STATE_ERROR")
ENCODING = transport("FRAME_ENCODING_ERROR")
VIOLATION = transport("PROTOCOL_VIOLATION")
NO_PARAMETERS = transport("alert missing_extension")

CASES = [
    Case("good-request", "RFC 9114 4.1", False, answered(200), good_request),

    # What h3spec lists.
    Case("offset-past-window", "RFC 9000 4.1", True, transport("FLOW_CONTROL_ERROR"),
         frames(stream_frame(0, offset=100_000_000, data=b"x", fin=True))),
    Case("stream-past-limit", "RFC 9000 4.6", True, transport("STREAM_LIMIT_ERROR"),
         past_stream_limit(0)),
    Case("parameter-no-source-id", "RFC 9000 7.3", True, PARAMETER, without(0x0F)),
    Case("parameter-original-id", "RFC 9000 18.2", True, PARAMETER, with_parameter(0x00, b"DUMMYCID")),
    Case("parameter-preferred-address", "RFC 9000 18.2", True, PARAMETER,
         with_parameter(0x0D, PREFERRED)),
    Case("parameter-retry-id", "RFC 9000 18.2", True, PARAMETER, with_parameter(0x10, b"DUMMYCID")),
    Case("parameter-reset-token", "RFC 9000 18.2", True, PARAMETER,
         with_parameter(0x02, bytes(range(16)))),
    Case("parameter-small-payload", "RFC 9000 18.2", True, PARAMETER,
         with_parameter(0x03, varint(1199))),
    Case("parameter-ack-delay-exponent", "RFC 9000 18.2", True, PARAMETER,
         with_parameter(0x0A, varint(21))),
    Case("parameter-max-ack-delay", "RFC 9000 18.2", True, PARAMETER,
         with_parameter(0x0B, varint(1 << 14))),
    Case("frame-unknown", "RFC 9000 12.4", True, ENCODING, frames(b"\x20")),
    Case("packet-without-frames", "RFC 9000 12.4", True, VIOLATION, frames(b"")),
    Case("reserved-bits-handshake", "RFC 9000 17.2", True, VIOLATION,
         handshake_packet(b"\x01", reserved=2)),
    Case("path-challenge-handshake", "RFC 9000 17.2.4", True, VIOLATION,
         handshake_packet(b"\x1a01234567")),
    Case("reserved-bits-short", "RFC 9000 17.3.1", True, VIOLATION, reserved_bits),
    Case("reset-of-send-only", "RFC 9000 19.4", True, STATE,
         frames(b"\x04" + varint(SERVER_UNI) + b"\0\0")),
    Case("stop-sending-never-opened", "RFC 9000 19.5", True, STATE,
         frames(b"\x05" + varint(NEVER_OPENED) + b"\0")),
    Case("new-token-from-client", "RFC 9000 19.7", True, VIOLATION, frames(b"\x07" + sized(b"DUMMY"))),
    Case("data-on-never-opened", "RFC 9000 19.8", True, STATE, frames(stream_frame(SERVER_BIDI))),
    Case("data-on-send-only", "RFC 9000 19.8", True, STATE, frames(stream_frame(SERVER_UNI))),
    Case("window-of-never-opened", "RFC 9000 19.10", True, STATE,
         frames(b"\x11" + varint(NEVER_OPENED) + varint(1_000_000))),
    Case("window-of-receive-only", "RFC 9000 19.10", True, STATE,
         frames(b"\x11" + varint(2) + varint(1_000_000))),
    Case("max-streams-too-many", "RFC 9000 19.11", True, ENCODING,
         frames(b"\x12" + varint(STREAMS_PAST))),
    Case("streams-blocked-too-many", "RFC 9000 19.14", True,
         transport("FRAME_ENCODING_ERROR", "STREAM_LIMIT_ERROR"),
         frames(b"\x16" + varint(STREAMS_PAST))),
    Case("connection-id-retires-itself", "RFC 9000 19.15", True, ENCODING,
         frames(new_connection_id(20, 30, b"DUMMYCID"))),
    Case("connection-id-empty", "RFC 9000 19.15", True, ENCODING,
         frames(new_connection_id(20, 0, b""))),
    Case("handshake-done-from-client", "RFC 9000 19.20", True, VIOLATION, frames(b"\x1e")),
    Case("key-update-handshake", "RFC 9001 6", True, TLS_UNEXPECTED,
         finished(lambda flight: flight + KEY_UPDATE)),
    Case("key-update-after", "RFC 9001 6", True, TLS_UNEXPECTED, frames(crypto_frame(KEY_UPDATE))),
    Case("protocol-unknown", "RFC 9001 8.1", True, transport("alert no_application_protocol"),
         protocols("dummy")),
    Case("no-parameters", "RFC 9001 8.2", True, NO_PARAMETERS, extensions(lambda sent: [])),
    Case("parameters-of-a-draft", "RFC 9001 8.2", True, NO_PARAMETERS,
         extensions(lambda sent: [(0xFFA5, value) for _, value in sent])),
    Case("end-of-early-data", "RFC 9001 8.3", True, TLS_UNEXPECTED,
         finished(lambda flight: END_OF_EARLY_DATA + flight)),
    Case("crypto-in-early-data", "RFC 9001 8.3", True, VIOLATION, crypto_in_early_data),

    # What it does not.
    Case("uni-stream-past-limit", "RFC 9000 4.6", False, transport("STREAM_LIMIT_ERROR"),
         past_stream_limit(2)),
    Case("offset-past-all", "RFC 9000 19.8", False,
         transport("FRAME_ENCODING_ERROR", "FLOW_CONTROL_ERROR"),
         frames(stream_frame(0, offset=(1 << 62) - 1, data=b"xy"))),
    Case("reset-before-its-data", "RFC 9000 4.5", False, transport("FINAL_SIZE_ERROR"),
         frames(stream_frame(0, data=b"\x01\x40\x64ab") + b"\x04\0\0\x03"), must=False),
    Case("parameter-twice", "RFC 9000 7.4", False, PARAMETER,
         parameters(lambda sent: [*sent, *(pair for pair in sent if pair[0] == 0x04)]), must=False),
    Case("parameter-wrong-source-id", "RFC 9000 7.3", False,
         transport("TRANSPORT_PARAMETER_ERROR", "PROTOCOL_VIOLATION"),
         with_parameter(0x0F, b"DUMMYCID")),
    Case("parameter-few-connection-ids", "RFC 9000 18.2", False, PARAMETER,
         with_parameter(0x0E, varint(1))),
    Case("parameter-too-many-streams", "RFC 9000 18.2", False,
         transport("TRANSPORT_PARAMETER_ERROR", "STREAM_LIMIT_ERROR"),
         with_parameter(0x08, varint(STREAMS_PAST))),
    Case("parameter-cut-short", "RFC 9000 7.4", False, PARAMETER,
         with_parameter(0x04, b"")),
    Case("ack-of-never-sent", "RFC 9000 13.1", False, VIOLATION,
         frames(b"\x02" + varint(1_000_000) + b"\0\0\0")),
    Case("retire-of-never-issued", "RFC 9000 19.16", False, VIOLATION,
         frames(b"\x19" + varint(1_000_000))),
    Case("too-many-connection-ids", "RFC 9000 5.1.1", False, transport("CONNECTION_ID_LIMIT_ERROR"),
         too_many_connection_ids),
    Case("connection-id-too-long", "RFC 9000 19.15", False, ENCODING,
         frames(new_connection_id(20, 0, bytes(21)))),
    Case("frame-cut-short", "RFC 9000 12.4", False, ENCODING, frames(b"\x1a0123")),
    Case("stream-in-handshake", "RFC 9000 12.5", False, VIOLATION,
         handshake_packet(stream_frame(0, data=b"x"))),
    Case("crypto-far-ahead", "RFC 9000 7.5", False, transport("CRYPTO_BUFFER_EXCEEDED"),
         frames(crypto_frame(b"x", offset=10_000_000)), must=False),
]
