"""What a case of request smuggling is, what a server may make of it, and shorthands to write one down.

Every case is followed by a sound request on the same connection: it has to be answered if the case
is, and must not be if the case is refused.
"""

import collections
import re

from http1_reader import Message, read_all

# name: its class. source: where the rule or the bug stands. request: the bytes. wanted: "refused", "served",
# or "open": either is right, as the RFCs allow both.
Case = collections.namedtuple("Case", "name source request wanted")

SEEN = b"/seen"
HEARD_WHOLE = 200
HIDDEN = "GET /seen0000/hidden HTTP/1.1\r\nHost: a\r\n\r\n"  # Must never be taken for a request.
AFTER = b"GET /seen0000/after HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
NOTHING = "0\r\n\r\n"            # A chunked body of nothing,
HELLO = "5\r\nhello\r\n0\r\n\r\n"  # and of something.
CHUNKED = "Transfer-Encoding: chunked"

# Said by the connection, or by servers on their way; not a part of what the client wants to tell the site.
UNCOMPARED = {b"host", b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade", b"expect",
              b"transfer-encoding", b"content-length", b"x-forwarded-for", b"x-forwarded-proto"}


def raw(text):
    """Each character is a byte."""
    return text if isinstance(text, bytes) else text.encode("latin-1")


def request(line, *fields, body=""):
    return raw(f"{line}\r\n{''.join(field + chr(13) + chr(10) for field in fields)}\r\n{body}")


def get(*fields, body="", host="a", line="GET /seen0000 HTTP/1.1"):
    return request(line, f"Host: {host}", *fields, body=body)


def post(*fields, body="hello", line="POST /seen0000 HTTP/1.1"):
    return request(line, "Host: a", *fields, body=body)


def chunked(body, *fields):
    return post(CHUNKED, *fields, body=body)


def sized(text):
    """A body that looks like requests, and the field that says that it is none."""
    return {"body": text}, f"Content-Length: {len(text)}"


def numbered(data, number):
    """The same request under a path that no other case has."""
    return data.replace(b"/seen0000", b"/seen%04d" % number)


def stream_of(case, number):
    return numbered(case.request + AFTER, number)


def class_of(reading):
    """What a strict reading wants of a server, as in Case.wanted."""
    if any(message.loose for message in reading.messages) or (reading.head and reading.head.loose):
        return "open"
    return {"closed": "served", "refused": "refused"}.get(reading.end, reading.end)


def check(cases):
    """The cases that are written down wrongly: their own word is not what the reader makes of them."""
    wrong = []
    for case in cases:
        reading = read_all(case.request + AFTER)
        if class_of(reading) != case.wanted:
            wrong.append(f"{case.source}, {case.name}: {case.wanted} is wanted, but it is "
                         f"{class_of(reading)} ({reading.reason or [m.loose for m in reading.messages]})")
    return wrong


# ---- What a server made of a connection.

# Of what is wrong: a request that is none was taken for one; a sound one was refused; neither.
LAX, STRICT, OTHER = "takes what has to be refused", "refuses what is sound", "does something else"


def judge(reading, talk):
    """(which of these, what is wrong); None where all is well."""
    replies = list(talk.replies)
    for place, message in enumerate(reading.messages, 1):
        reported = message.path.startswith(SEEN)
        if not replies:
            return OTHER, f"request {place} of {len(reading.messages)} has no answer; {talk.ended}"
        reply = replies.pop(0)
        if reply.status == HEARD_WHOLE:
            if reported and (wrong := difference(message, reply.body)):
                return kind_of(wrong), f"request {place} arrives as another: {wrong}"
        elif message.loose and not replies:
            return None if talk.ended == "closed" else (OTHER, f"answered {reply.status}, but {talk.ended}")
        elif reported and not message.loose:
            return STRICT, f"request {place} is sound, but answered {reply.status}"
    return judge_end(reading, [reply.status for reply in replies], talk.ended)


def judge_end(reading, said, ended):
    refusal = len(said) == 1 and (400 <= said[0] < 500 or said[0] in (501, 505))
    # What a connection begins with and is no HTTP at all may be TLS: no answer says anything to that.
    silence = not said and not reading.messages and not reading.is_http
    if reading.end == "refused" and not refusal and not silence:
        kind = LAX if 200 in said else OTHER
        return kind, f"{reading.reason}: has to be refused, but is answered {said or 'nothing'}; {ended}"
    if reading.end != "refused" and said and not (reading.end == "incomplete" and refusal):
        return LAX, f"more answers than requests: {said}"
    return None if ended == "closed" else (OTHER, f"the connection is not closed: {ended}")


LEFT_OUT = "fields are left out:"


def kind_of(wrong):
    """To leave a field out that may be taken for another is a way to be strict."""
    return STRICT if wrong.startswith(LEFT_OUT) else LAX


def difference(message, report):
    """Between what was sent and what the site says that it saw; "" where there is none."""
    if message.method == b"HEAD":
        return ""
    head, _, body = report.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    seen = first.split(b" ")
    if seen[:2] != [message.method, message.path]:
        return f"{first!r}"
    if message.host and re.sub(rb":[0-9]*$", b"", seen[2].lower()) != message.host:
        return f"{first!r}, of another host"
    hidden = UNCOMPARED | {option.strip(b" \t").lower() for value in message.all(b"connection")
                           for option in value.split(b",")}
    want = [field for field in message.fields if field[0] not in hidden]
    got = [field for field in (tuple(line.split(b": ", 1)) for line in lines) if field[0] not in hidden]
    if want != got:
        return f"{LEFT_OUT if set(got) < set(want) else 'fields'} {got} instead of {want}"
    if body != message.body:
        return f"a body of {len(body)} bytes, {body[:60]!r}, instead of {len(message.body)}"
    return ""


def allowed(reading):
    """What the site may begin to hear, as SiteServer.seen() says it."""
    heads = [*reading.messages, *([reading.head] if reading.head else [])]
    return [in_words(message) for message in heads if message.path.startswith(SEEN)]


def heard(reading, talk):
    """What the site has to have heard to its end."""
    return [in_words(message) for message, reply in zip(reading.messages, talk.replies)
            if reply.status == HEARD_WHOLE and message.path.startswith(SEEN)]


def in_words(message: Message):
    return f"{message.method.decode('latin-1')} {message.path.decode('latin-1')}"
