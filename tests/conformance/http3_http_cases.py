"""Rules of HTTP/3 (RFC 9114) and QPACK (RFC 9204) that a client breaks, or may bend."""

from http3_case import REFUSED, Case, answered, application, stream
from http3_client import (CANCEL_PUSH, CONTROL, DATA, DECODER, ENCODER, GOAWAY, HEADERS, MAX_PUSH_ID,
                          PUSH_PROMISE, SETTINGS, End, Http3Client, field_lines, frame, prefixed,
                          section, varint)

QPACK_CAPACITY, FIELD_SECTION_MAX, QPACK_BLOCKED = 1, 6, 7  # Settings.
RESERVED = 0x1F * 1000 + 0x21  # A kind that means nothing: of frames, streams and settings.
PUSH = 1  # A kind of streams that only servers open.


def settings(*pairs):
    return frame(SETTINGS, b"".join(varint(key) + varint(value) for key, value in pairs))


# ---- Ways to break a rule.

def outcome(client, request=None):
    """How it ended; or the answer to the request where nothing was found wrong with it."""
    client.wait(lambda: client.stream_ends)
    if client.end is not None:
        return client.end
    if client.stream_ends:
        return next(iter(client.stream_ends.values()))
    if request is not None and (status := client.status(request)) is not None:
        return End("answered", status, "")
    return None


def asked(*data):
    """A request stream of these bytes, or of what a function makes of the client."""
    def run(target):
        with Http3Client(target) as client:
            client.establish()
            request = client.ask(b"".join(d(client) if callable(d) else d for d in data))
            return outcome(client, request)
    return run


def good(client):
    return frame(HEADERS, section(client.pseudo()))


def good_post(client):
    return frame(HEADERS, section(client.pseudo("POST")))


def fields(make):
    """A request of the fields that a function makes of those that all is well with."""
    return asked(lambda client: frame(HEADERS, section(make(client.pseudo()))))


def posted(*added, body=b""):
    return asked(lambda client: frame(HEADERS, section([*client.pseudo("POST"), *added])), body)


def added(name, value):
    return fields(lambda pseudo: [*pseudo, (name, value)])


def block(tail):
    """A request whose field section goes on with these bytes."""
    return asked(lambda client: frame(HEADERS, section(client.pseudo()) + tail))


def control(*frames_, first=True):
    """These frames on the control stream: first of all, or after SETTINGS."""
    def run(target):
        sent = b"".join(frames_)
        with Http3Client(target, control=sent if first else frame(SETTINGS) + sent) as client:
            client.establish()
            return outcome(client)
    return run


def after_settings(*frames_):
    return control(*frames_, first=False)


def on(kind, act):
    """act(client, stream): on the stream of this kind."""
    def run(target):
        with Http3Client(target) as client:
            client.establish()
            act(client, client.own[kind])
            return outcome(client)
    return run


def instruction(kind, data):
    return on(kind, lambda client, stream: client.send_stream_data(stream, data))


def closed(kind):
    return on(kind, lambda client, stream: client.send_stream_data(stream, b"", end_stream=True))


def reset(kind):
    return on(kind, lambda client, stream: client.reset_stream(stream, 0x100))


def opened(kind, data=b""):
    """A stream of this kind, beside one of the same where a client has one."""
    def run(target):
        kinds = {CONTROL, kind} & {CONTROL, ENCODER, DECODER}
        with Http3Client(target, kinds=sorted(kinds)) as client:
            client.establish()
            client.open_kind(kind, data)
            return outcome(client)
    return run


def tolerated(before=b"", between=b"", control=None, kind=None):
    """A good request beside what a server has to ignore."""
    def run(target):
        with Http3Client(target, control=control, kinds=(CONTROL,)) as client:
            client.establish()
            if kind is not None:
                client.open_kind(kind, b"of no meaning")
            request = client.ask(before + good_post(client) + between + frame(DATA, b"body"))
            client.wait(lambda: request in client.finished or request in client.stream_ends)
            if client.end is not None or request in client.stream_ends:
                return client.end or client.stream_ends[request]
            status = client.status(request)
            return status and End("answered", status, "")
    return run


def without(name):
    return fields(lambda pseudo: [field for field in pseudo if field[0] != name])


def replaced(name, value):
    return fields(lambda pseudo: [(key, value if key == name else old) for key, old in pseudo])


MALFORMED = stream("H3_MESSAGE_ERROR")
MESSAGE = MALFORMED | REFUSED
UNEXPECTED = application("H3_FRAME_UNEXPECTED")
FRAME_ERROR = application("H3_FRAME_ERROR")
SETTING = application("H3_SETTINGS_ERROR")
CREATION = application("H3_STREAM_CREATION_ERROR")
CLOSED = application("H3_CLOSED_CRITICAL_STREAM")
ID_ERROR = application("H3_ID_ERROR")
DECOMPRESSION = application("QPACK_DECOMPRESSION_FAILED")
INCOMPLETE = stream("H3_REQUEST_INCOMPLETE") | REFUSED
TRAILERS = frame(HEADERS, section([("x-after", "1")]))
INSERTS = prefixed(1_000_000, 8, 0)  # More than a table of 15 MB could have seen.
STATIC_NOWHERE = prefixed(99, 6, 0xC0)  # The static table ends with 98.

CASES = [
    # What h3spec lists.
    Case("data-before-headers", "RFC 9114 4.1", True, UNEXPECTED, asked(frame(DATA, b""), good)),
    Case("pseudo-twice", "RFC 9114 4.3.1", True, MALFORMED, added(":method", "GET")),
    Case("pseudo-missing", "RFC 9114 4.3.1", True, MALFORMED, without(":path")),
    Case("pseudo-unknown", "RFC 9114 4.3", True, MALFORMED, added(":foo", "bar")),
    Case("pseudo-after-fields", "RFC 9114 4.3", True, MALFORMED,
         fields(lambda pseudo: [*pseudo[:3], ("foo", "bar"), pseudo[3]])),
    Case("control-without-settings", "RFC 9114 6.2.1", True, application("H3_MISSING_SETTINGS"),
         control(frame(MAX_PUSH_ID, b"\x01"), frame(SETTINGS))),
    Case("control-data", "RFC 9114 7.2.1", True, UNEXPECTED, after_settings(frame(DATA))),
    Case("control-headers", "RFC 9114 7.2.2", True, UNEXPECTED, after_settings(frame(HEADERS))),
    Case("settings-again", "RFC 9114 7.2.4", True, UNEXPECTED, after_settings(frame(SETTINGS))),
    Case("setting-twice", "RFC 9114 7.2.4", True, SETTING,
         control(settings((QPACK_BLOCKED, 0), (FIELD_SECTION_MAX, 32768), (QPACK_BLOCKED, 0))),
         must=False),
    Case("setting-of-http2", "RFC 9114 7.2.4.1", True, SETTING, control(settings((0x02, 1)))),
    Case("request-cancel-push", "RFC 9114 7.2.3", True, UNEXPECTED,
         asked(frame(CANCEL_PUSH, b"\0"), good)),
    Case("static-index-nowhere", "RFC 9204 3.1", True, DECOMPRESSION, block(STATIC_NOWHERE)),
    Case("encoder-large-capacity", "RFC 9204 4.1.3", True, application("QPACK_ENCODER_STREAM_ERROR"),
         instruction(ENCODER, prefixed(10_000_000_000, 5, 0x20))),
    Case("control-closed", "RFC 9114 6.2.1", True, CLOSED, closed(CONTROL)),
    Case("decoder-increment-zero", "RFC 9204 4.4.3", True, application("QPACK_DECODER_STREAM_ERROR"),
         instruction(DECODER, b"\0")),

    # What it does not: messages.
    Case("field-uppercase", "RFC 9114 4.2", False, MESSAGE, added("X-Upper", "1")),
    Case("field-empty-name", "RFC 9114 4.2", False, MESSAGE, added("", "1")),
    Case("field-name-with-space", "RFC 9114 10.3", False, MESSAGE, added("x a", "1")),
    Case("field-value-with-newline", "RFC 9114 10.3", False, MESSAGE, added("x-a", "1\r\nx-b: 2")),
    Case("field-value-with-nul", "RFC 9114 10.3", False, MESSAGE, added("x-a", "1\x002")),
    Case("field-connection", "RFC 9114 4.2", False, MESSAGE, added("connection", "close")),
    Case("field-transfer-encoding", "RFC 9114 4.2", False, MESSAGE,
         added("transfer-encoding", "chunked")),
    Case("field-te", "RFC 9114 4.2", False, MESSAGE, added("te", "gzip")),
    Case("pseudo-method-missing", "RFC 9114 4.3.1", False, MESSAGE, without(":method")),
    Case("pseudo-scheme-missing", "RFC 9114 4.3.1", False, MESSAGE, without(":scheme")),
    Case("authority-missing", "RFC 9114 4.3.1", False, MESSAGE, without(":authority")),
    Case("authority-not-host", "RFC 9114 4.3.1", False, MESSAGE, added("host", "other.test")),
    Case("path-empty", "RFC 9114 4.3.1", False, MESSAGE,
         fields(lambda pseudo: [*pseudo[:3], (":path", "")])),
    Case("pseudo-of-a-response", "RFC 9114 4.3", False, MESSAGE, added(":status", "200")),
    Case("pseudo-in-trailers", "RFC 9114 4.3", False, MESSAGE,
         asked(good_post, frame(DATA, b"x"), frame(HEADERS, section([(":path", "/")])))),
    Case("length-above-body", "RFC 9114 4.1.2", False, MESSAGE,
         posted(("content-length", "5"), body=frame(DATA, b"four"))),
    Case("length-below-body", "RFC 9114 4.1.2", False, MESSAGE,
         posted(("content-length", "3"), body=frame(DATA, b"four"))),
    Case("length-without-body", "RFC 9114 4.1.2", False, MESSAGE, posted(("content-length", "5"))),
    Case("length-twice", "RFC 9114 4.1.2", False, MESSAGE,
         posted(("content-length", "4"), ("content-length", "5"), body=frame(DATA, b"four"))),
    Case("request-without-headers", "RFC 9114 4.1.1", False, INCOMPLETE, asked(b"")),

    # Requests that would be others, or two, where they are written down as HTTP/1.1 (suite_smuggling.py).
    Case("field-name-with-newline", "RFC 9114 10.3", False, MESSAGE, added("x-a: 1\r\nx-b", "2")),
    Case("field-name-with-colon", "RFC 9114 10.3", False, MESSAGE, added("transfer-encoding:", "chunked")),
    Case("field-value-with-request", "RFC 9114 10.3", False, MESSAGE,
         added("x-a", "1\r\n\r\nGET / HTTP/1.1\r\nHost: a")),
    Case("method-with-newline", "RFC 9114 4.3.1", False, MESSAGE,
         replaced(":method", "GET / HTTP/1.1\r\nx-a: 1\r\n")),
    Case("path-with-blank", "RFC 9114 4.3.1", False, MESSAGE, replaced(":path", "/ HTTP/1.1")),
    Case("path-with-newline", "RFC 9114 4.3.1", False, MESSAGE, replaced(":path", "/ HTTP/1.1\r\nx-a: 1")),
    Case("path-without-slash", "RFC 9114 4.3.1", False, MESSAGE, replaced(":path", "a")),
    Case("scheme-with-newline", "RFC 9114 4.3.1", False, MESSAGE, replaced(":scheme", "https\r\nx-a: 1")),
    Case("authority-with-newline", "RFC 9114 4.3.1", False, MESSAGE, replaced(":authority", "a\r\nx-a: 1")),
    Case("authority-with-userinfo", "RFC 9114 4.3.1", False, MESSAGE, replaced(":authority", "b@a")),
    Case("length-with-plus", "RFC 9110 8.6", False, MESSAGE,
         posted(("content-length", "+4"), body=frame(DATA, b"four"))),
    Case("length-list", "RFC 9110 8.6", False, MESSAGE,
         posted(("content-length", "4, 5"), body=frame(DATA, b"four"))),
    Case("transfer-encoding-with-chunks", "RFC 9114 4.1", False, MESSAGE,
         posted(("transfer-encoding", "chunked"), body=frame(DATA, b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n"))),
    Case("trailer-with-newline", "RFC 9114 10.3", False, MESSAGE,
         asked(good_post, frame(DATA, b"x"), frame(HEADERS, section([("x-a", "1\r\nx-b: 2")])))),

    # Frames and streams.
    Case("data-after-trailers", "RFC 9114 4.1", False, UNEXPECTED,
         asked(good_post, frame(DATA, b"x"), TRAILERS, frame(DATA, b"x"))),
    Case("headers-after-trailers", "RFC 9114 4.1", False, UNEXPECTED,
         asked(good_post, frame(DATA, b"x"), TRAILERS, TRAILERS)),
    Case("request-settings", "RFC 9114 7.2.4", False, UNEXPECTED, asked(frame(SETTINGS), good)),
    Case("request-goaway", "RFC 9114 7.2.6", False, UNEXPECTED, asked(frame(GOAWAY, b"\0"), good)),
    Case("request-max-push-id", "RFC 9114 7.2.7", False, UNEXPECTED,
         asked(frame(MAX_PUSH_ID, b"\0"), good)),
    Case("request-push-promise", "RFC 9114 7.2.5", False, UNEXPECTED,
         asked(lambda client: frame(PUSH_PROMISE, b"\0" + section(client.pseudo())), good)),
    *(Case(f"request-frame-{kind}-of-http2", "RFC 9114 7.2.8", False, UNEXPECTED,
           asked(frame(kind, bytes(8)), good)) for kind in (2, 6, 8, 9)),
    Case("control-frame-6-of-http2", "RFC 9114 7.2.8", False, UNEXPECTED,
         after_settings(frame(6, bytes(8)))),
    Case("control-push-promise", "RFC 9114 7.2.5", False, UNEXPECTED,
         after_settings(frame(PUSH_PROMISE, b"\0"))),
    Case("max-push-id-falls", "RFC 9114 7.2.7", False, ID_ERROR,
         after_settings(frame(MAX_PUSH_ID, b"\x05"), frame(MAX_PUSH_ID, b"\x04"))),
    Case("max-push-id-too-long", "RFC 9114 7.1", False, FRAME_ERROR,
         after_settings(frame(MAX_PUSH_ID, b"\x05\x05"))),
    Case("goaway-empty", "RFC 9114 7.1", False, FRAME_ERROR, after_settings(frame(GOAWAY))),
    Case("goaway-rises", "RFC 9114 5.2", False, ID_ERROR,
         after_settings(frame(GOAWAY, b"\x04"), frame(GOAWAY, b"\x08"))),
    Case("settings-cut-short", "RFC 9114 7.1", False, application("H3_FRAME_ERROR", "H3_SETTINGS_ERROR"),
         control(frame(SETTINGS, varint(FIELD_SECTION_MAX)))),
    Case("frame-cut-short", "RFC 9114 7.1", False, FRAME_ERROR,
         asked(good_post, varint(DATA), varint(100), b"short")),
    Case("headers-cut-short", "RFC 9114 7.1", False, FRAME_ERROR,
         asked(varint(HEADERS), varint(100), b"\0\0")),
    Case("control-again", "RFC 9114 6.2.1", False, CREATION, opened(CONTROL, frame(SETTINGS))),
    Case("push-from-client", "RFC 9114 6.2.2", False, CREATION, opened(PUSH, b"\0")),
    Case("encoder-again", "RFC 9204 4.2", False, CREATION, opened(ENCODER)),
    Case("decoder-again", "RFC 9204 4.2", False, CREATION, opened(DECODER)),
    Case("encoder-closed", "RFC 9204 4.2", False, CLOSED, closed(ENCODER)),
    Case("decoder-closed", "RFC 9204 4.2", False, CLOSED, closed(DECODER)),
    Case("control-reset", "RFC 9114 6.2.1", False, CLOSED, reset(CONTROL)),

    # QPACK.
    Case("dynamic-index-of-nothing", "RFC 9204 2.2", False, DECOMPRESSION, block(b"\x80")),
    Case("dynamic-table-required", "RFC 9204 2.1.2", False, DECOMPRESSION,
         asked(lambda client: frame(HEADERS, INSERTS + b"\0" + field_lines(client.pseudo())))),
    Case("section-cut-short", "RFC 9204 4.5", False, DECOMPRESSION, block(b"\x27")),
    Case("huffman-all-ones", "RFC 7541 5.2", False, DECOMPRESSION,
         block(prefixed(3, 3, 0x20) + b"x-a" + b"\x84\xff\xff\xff\xff")),
    Case("encoder-duplicate-of-nothing", "RFC 9204 4.3.4", False,
         application("QPACK_ENCODER_STREAM_ERROR"), instruction(ENCODER, b"\0")),
    Case("decoder-acknowledges-nothing", "RFC 9204 4.4.1", False,
         application("QPACK_DECODER_STREAM_ERROR"), instruction(DECODER, b"\x84")),

    # What has to be ignored.
    Case("reserved-frames", "RFC 9114 7.2.8", False, answered(200),
         tolerated(before=frame(RESERVED, b"x"), between=frame(RESERVED, b"y") + frame(0xFF))),
    Case("reserved-control-frames", "RFC 9114 7.2.8", False, answered(200),
         tolerated(control=frame(SETTINGS) + frame(RESERVED, b"x") + frame(0xFF))),
    Case("reserved-settings", "RFC 9114 7.2.4.1", False, answered(200),
         tolerated(control=settings((RESERVED, 5), (0x3FFF, 1)))),
    Case("reserved-streams", "RFC 9114 6.2.3", False, answered(200), tolerated(kind=RESERVED)),
]
