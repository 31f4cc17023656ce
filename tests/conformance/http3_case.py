"""What a case of HTTP/3 and QUIC is, and what counts as the right answer to it."""

import collections

# name: for --case. rule: where the rule stands. listed: it is one of h3spec's 50.
# expect: pairs of End's how and code, each of which is right. run: of a target; an End, or None.
# must: False where a server only should, or may, mind.
Case = collections.namedtuple("Case", "name rule listed expect run must", defaults=(True,))

TRANSPORT = {"NO_ERROR": 0x0, "INTERNAL_ERROR": 0x1, "CONNECTION_REFUSED": 0x2,
             "FLOW_CONTROL_ERROR": 0x3, "STREAM_LIMIT_ERROR": 0x4, "STREAM_STATE_ERROR": 0x5,
             "FINAL_SIZE_ERROR": 0x6, "FRAME_ENCODING_ERROR": 0x7, "TRANSPORT_PARAMETER_ERROR": 0x8,
             "CONNECTION_ID_LIMIT_ERROR": 0x9, "PROTOCOL_VIOLATION": 0xA, "INVALID_TOKEN": 0xB,
             "APPLICATION_ERROR": 0xC, "CRYPTO_BUFFER_EXCEEDED": 0xD, "KEY_UPDATE_ERROR": 0xE,
             "AEAD_LIMIT_REACHED": 0xF, "NO_VIABLE_PATH": 0x10}
ALERTS = {"close_notify": 0, "unexpected_message": 10, "handshake_failure": 40,
          "bad_certificate": 42, "illegal_parameter": 47, "decode_error": 50, "decrypt_error": 51,
          "protocol_version": 70, "internal_error": 80, "missing_extension": 109,
          "unsupported_extension": 110, "no_application_protocol": 120}
TRANSPORT |= {f"alert {name}": 0x100 + number for name, number in ALERTS.items()}
APPLICATION = {"H3_NO_ERROR": 0x100, "H3_GENERAL_PROTOCOL_ERROR": 0x101, "H3_INTERNAL_ERROR": 0x102,
               "H3_STREAM_CREATION_ERROR": 0x103, "H3_CLOSED_CRITICAL_STREAM": 0x104,
               "H3_FRAME_UNEXPECTED": 0x105, "H3_FRAME_ERROR": 0x106, "H3_EXCESSIVE_LOAD": 0x107,
               "H3_ID_ERROR": 0x108, "H3_SETTINGS_ERROR": 0x109, "H3_MISSING_SETTINGS": 0x10A,
               "H3_REQUEST_REJECTED": 0x10B, "H3_REQUEST_CANCELLED": 0x10C,
               "H3_REQUEST_INCOMPLETE": 0x10D, "H3_MESSAGE_ERROR": 0x10E, "H3_CONNECT_ERROR": 0x10F,
               "H3_VERSION_FALLBACK": 0x110, "QPACK_DECOMPRESSION_FAILED": 0x200,
               "QPACK_ENCODER_STREAM_ERROR": 0x201, "QPACK_DECODER_STREAM_ERROR": 0x202}
CODES = {"transport": TRANSPORT, "application": APPLICATION, "stream": APPLICATION}

# May always stand for a code that says more: RFC 9000, section 11; RFC 9001, 4.8; RFC 9114, 8.1.
GENERIC = {("transport", "PROTOCOL_VIOLATION"), ("transport", "INTERNAL_ERROR"),
           ("application", "H3_GENERAL_PROTOCOL_ERROR"), ("application", "H3_INTERNAL_ERROR"),
           ("stream", "H3_GENERAL_PROTOCOL_ERROR"), ("stream", "H3_INTERNAL_ERROR")}
GENERIC_ALERTS = {("transport", "alert handshake_failure"), ("transport", "alert internal_error")}


def transport(*names):
    return frozenset(("transport", name) for name in names)


def application(*names):
    return frozenset(("application", name) for name in names)


def stream(*names):
    """An error of one stream; a server may take it for one of the connection."""
    return frozenset((how, name) for how in ("stream", "application") for name in names)


def answered(status):
    return frozenset([("answered", status)])


# A server may refuse a malformed request by an answer: RFC 9114, 4.1.2. h3spec does not take that.
REFUSED = frozenset(("answered", status) for status in range(400, 500))


def pair_of(end):
    """As it stands in `expect`."""
    if end.how == "answered":
        return end.how, end.code
    names = {code: name for name, code in CODES[end.how].items()}
    return end.how, names.get(end.code, f"{end.code:#x}")


def judge(case, end):
    """"ok", "generic" (right, and says less than it could), "lax" (allowed) or "FAIL"."""
    wrong = "FAIL" if case.must else "lax"
    if end is None:
        return wrong
    pair = pair_of(end)
    if pair in case.expect:
        return "ok"
    hows = {how for how, _ in case.expect}
    if any(name.startswith("alert ") for how, name in case.expect if how == "transport") \
            and pair in GENERIC_ALERTS:
        return "generic"
    return "generic" if pair in GENERIC and pair[0] in hows else wrong


def in_words(pair):
    how, what = pair
    return {"stream": f"stream {what}", "answered": f"answered {what}"}.get(how, str(what))


def wanted(case):
    """In short: an error of a stream may also be one of the connection."""
    refused = case.expect >= REFUSED
    names = {str(what) for how, what in case.expect if not (refused and how == "answered")}
    return " or ".join([*sorted(names), *(["4xx"] if refused else [])])
