"""Reads requests of HTTP/1.1 by RFC 9110 and 9112, slowly and strictly, as nobody could read them otherwise.

What the RFCs let a server repair is refused here. What they allow, and a server may still refuse,
such as a target that is no URI, makes a message `loose`, with the reason.
"""

import dataclasses
import io
import ipaddress
import re

LINE_MAX = 64 << 10
BODY_MAX = 1 << 30   # More never comes: the message is incomplete.
LENGTH_MAX = (1 << 63) - 1
SIZE_DIGITS_MAX = 16

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
QUOTED = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
EXTENSIONS = re.compile(rb"(?:;%s(?:=(?:%s|%s))?)*" % (TOKEN, TOKEN, QUOTED))
BLANKED_EXTENSIONS = re.compile(rb"(?:[ \t]*;[ \t]*%s(?:[ \t]*=[ \t]*(?:%s|%s))?)*" % (TOKEN, TOKEN, QUOTED))
HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._~-]+)(?::([0-9]*))?")
LOOSE_HOST = re.compile(rb"((?:[0-9A-Za-z._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::([0-9]*))?")
URI = re.compile(rb"(?:[0-9A-Za-z._~!$&'()*+,;=:@/?-]|%(?!00)[0-9A-Fa-f]{2})*")
METHODS = rb"(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH)"
AS_HTTP = re.compile(rb"[\r\n]*(?:[^\n]* HTTP/|%s[ \n])" % METHODS)
ABSOLUTE = re.compile(rb"(https?)://([^/?]*)(.*)", re.IGNORECASE)
# Framing, routing, and what says how the rest is to be read (RFC 9110, section 6.5.1).
NOT_IN_TRAILERS = {
    b"content-length", b"transfer-encoding", b"trailer", b"connection", b"host", b"keep-alive",
    b"proxy-connection", b"te", b"upgrade", b"cache-control", b"expect", b"max-forwards", b"pragma",
    b"range", b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since", b"if-range",
    b"authorization", b"cookie", b"set-cookie", b"proxy-authorization", b"proxy-authenticate",
    b"www-authenticate", b"content-encoding", b"content-range", b"content-type", b"age", b"date",
    b"expires", b"location", b"retry-after", b"vary", b"warning"}


@dataclasses.dataclass
class Message:
    method: bytes
    path: bytes            # With its query.
    version: bytes
    host: bytes = b""      # Lower case, without the port. Empty where nothing names one.
    port: bytes = b""      # As written.
    fields: list = dataclasses.field(default_factory=list)  # (name in lower case, value)
    body: bytes = b""
    close: bool = False    # The connection ends with it.
    expects: bool = False  # 100-continue.
    loose: list = dataclasses.field(default_factory=list)

    def all(self, name):
        return [value for key, value in self.fields if key == name]


class Unread(Exception):
    """`head`: the message, where only its body was wrong."""

    def __init__(self, reason, head=None):
        super().__init__(reason)
        self.head = head


class Refused(Unread):
    """Has no meaning, or more than one: 400 or the like, and the connection has to end."""


class Incomplete(Unread):
    """Ends before its end."""


class Reader:
    """Of requests, from a file such as socket.makefile("rb"). `on_head`: called before a body is read."""

    def __init__(self, file, on_head=lambda message: None):
        self.file = file
        self.on_head = on_head

    def next(self):
        """The next message; None at the end."""
        line, loose = self._first_line()
        if line is None:
            return None
        message = request_line(line)
        message.loose += loose
        message.fields = self._fields(message)
        check_host(message)
        check_connection(message)
        length, chunked = framing(message)
        self.on_head(message)
        try:
            message.body = self._chunked(message) if chunked else self._exactly(length)
        except Unread as unread:
            unread.head = message
            raise
        return message

    def _first_line(self):
        loose = []
        for empty in range(4):
            line = self._line(may_end=not empty)
            if line is None:
                return None, loose
            if line:
                return line, loose
            if empty:
                loose.append("more than one empty line before it (RFC 9112, 2.2)")
        raise Refused("nothing but empty lines")

    def _line(self, may_end=False):
        line = self.file.readline(LINE_MAX + 1)
        if not line and may_end:
            return None
        if len(line) > LINE_MAX:
            raise Refused("a line is too long")
        if not line.endswith(b"\n"):
            raise Incomplete("a line has no end")
        if not line.endswith(b"\r\n"):
            raise Refused("LF without CR")
        if b"\r" in line[:-2]:
            raise Refused("CR without LF")
        return line[:-2]

    def _fields(self, message):
        fields = []
        while line := self._line():
            name, colon, value = line.partition(b":")
            if not colon:
                raise Refused("a field without a colon, or folded")
            if not re.fullmatch(TOKEN, name):
                raise Refused("a name that is no token")
            if b"\0" in value:
                raise Refused("NUL in a value")
            if re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", value):
                message.loose.append("a control in a value (RFC 9110, 5.5)")
            fields.append((name.lower(), value.strip(b" \t")))
        return fields

    def _exactly(self, size):
        if size > BODY_MAX:
            raise Incomplete("a body too long to come")
        data = self.file.read(size)
        if len(data) < size:
            raise Incomplete("a body is cut short")
        return data

    def _chunked(self, message):
        pieces = []
        while size := self._chunk_size(message):
            pieces.append(self._exactly(size))
            end = self.file.read(2)
            if end[:1] not in (b"", b"\r") or end[1:] not in (b"", b"\n"):
                raise Refused("a chunk is longer than it says")
            if len(end) < 2:
                raise Incomplete("a chunk has no end")
        if NOT_IN_TRAILERS & {name for name, _ in self._fields(message)}:
            message.loose.append("a field that no trailer may be (RFC 9110, 6.5.1)")
        return b"".join(pieces)

    def _chunk_size(self, message):
        line = self._line()
        digits = re.match(rb"[0-9A-Fa-f]*", line)[0]
        if not digits:
            raise Refused("a chunk without a size")
        extensions = line[len(digits):]
        if not EXTENSIONS.fullmatch(extensions):
            if not BLANKED_EXTENSIONS.fullmatch(extensions):
                raise Refused("a chunk size with something behind it")
            message.loose.append("blanks in a chunk extension (RFC 9112, 7.1.1)")
        if len(digits) > SIZE_DIGITS_MAX:
            if digits.lstrip(b"0")[SIZE_DIGITS_MAX:]:
                raise Refused("a chunk size beyond 64 bits")
            message.loose.append("a chunk size of many digits (RFC 9112, 7.1)")
        return int(digits, 16)


# ---- The rules.

def request_line(line):
    parts = line.split(b" ")
    if len(parts) != 3:
        raise Refused("a request line of other than three parts")
    method, target, version = parts
    if not re.fullmatch(TOKEN, method):
        raise Refused("a method that is no token")
    if not re.fullmatch(rb"HTTP/[0-9]\.[0-9]", version):
        raise Refused("no version")
    if version[5:6] != b"1":
        raise Refused("another major version")
    if not target or re.search(rb"[^!-~]", target):
        raise Refused("a byte that no target may have")
    message = Message(method, target, version)
    if version[7:] not in (b"0", b"1"):
        message.loose.append("a minor version that is not known (RFC 9110, 2.5)")
    read_target(message, target)
    if not URI.fullmatch(message.path):
        message.loose.append("a target that is no URI (RFC 9112, 3.2)")
    return message


def read_target(message, target):
    if message.method == b"CONNECT":
        message.loose.append("CONNECT, which an origin server need not do (RFC 9110, 9.3.6)")
        message.host, message.port = host_of(message, target)
    elif target == b"*":
        if message.method != b"OPTIONS":
            raise Refused("the target * is for OPTIONS only")
    elif not target.startswith(b"/"):
        absolute = ABSOLUTE.fullmatch(target)
        if absolute is None:
            raise Refused("a target of no form")
        message.host, message.port = host_of(message, absolute[2])
        root = b"*" if message.method == b"OPTIONS" and not absolute[3] else b"/"
        message.path = absolute[3] or root
        if message.path.startswith(b"?"):
            message.loose.append("an absolute target without a path (RFC 9112, 3.2.1)")


def host_of(message, authority):
    found = HOST.fullmatch(authority)
    if found is None:
        found = LOOSE_HOST.fullmatch(authority)
        if found is None:
            raise Refused("a host that is none")
        message.loose.append("a host that is no name of DNS (RFC 3986, 3.2.2)")
    elif found[1].startswith(b"["):
        try:
            ipaddress.IPv6Address(found[1][1:-1].decode())
        except ValueError:
            raise Refused("a host in brackets that is no address")
    if int(found[2] or b"0") > 65535 or len(found[2] or b"") > 5:
        message.loose.append("a port that is none (RFC 3986, 3.2.3)")
    return found[1].lower(), found[2] or b""


def check_host(message):
    hosts = message.all(b"host")
    if len(hosts) > 1 or (not hosts and message.version != b"HTTP/1.0"):
        raise Refused("not one Host")
    if not hosts:
        return
    host, port = host_of(message, hosts[0])
    if not message.host:
        message.host, message.port = host, port
    elif (host, port) != (message.host, message.port):
        message.loose.append("Host is not the target's (RFC 9112, 3.2.2)")


def check_connection(message):
    options = {option.strip(b" \t").lower() for value in message.all(b"connection")
               for option in value.split(b",")} - {b""}
    if any(not re.fullmatch(TOKEN, option) for option in options):
        message.loose.append("Connection is no list of tokens (RFC 9110, 7.6.1)")
    old = message.version == b"HTTP/1.0"
    message.close = b"close" in options or (old and b"keep-alive" not in options)
    expectations = [] if old else [value.lower() for value in message.all(b"expect")]
    if any(value != b"100-continue" for value in expectations):
        message.loose.append("an expectation that is not known (RFC 9110, 10.1.1)")
    message.expects = b"100-continue" in expectations


def framing(message):
    """(length, chunked), by RFC 9112, section 6."""
    lengths, codings = message.all(b"content-length"), message.all(b"transfer-encoding")
    if len(lengths) + len(codings) > 1:
        raise Refused("more than one word on the length")
    if codings:
        if message.version == b"HTTP/1.0":
            raise Refused("a transfer coding in HTTP/1.0")
        if codings[0].lower() != b"chunked":
            raise Refused("a transfer coding other than chunked")
        return 0, True
    if not lengths:
        return 0, False
    if not re.fullmatch(rb"[0-9]+", lengths[0]) or int(lengths[0]) > LENGTH_MAX:
        raise Refused("a length that is none")
    return int(lengths[0]), False


# ---- A whole connection.

@dataclasses.dataclass
class Reading:
    messages: list
    end: str               # "end", "closed" (by the last message), "refused" or "incomplete".
    reason: str = ""
    head: Message = None   # Of the message whose body was refused, or incomplete.
    is_http: bool = True   # However malformed: the first line names a version, or begins with a usual method.


def read_all(data):
    """What a client that sends these bytes has said."""
    reader, messages = Reader(io.BytesIO(data)), []
    try:
        while message := reader.next():
            messages.append(message)
            if message.close:
                return Reading(messages, "closed")
    except Refused as refused:
        return Reading(messages, "refused", str(refused), refused.head, bool(AS_HTTP.match(data)))
    except Incomplete as incomplete:
        return Reading(messages, "incomplete", str(incomplete), incomplete.head)
    return Reading(messages, "end")
