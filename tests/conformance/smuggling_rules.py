"""Requests that two servers in a row may read as different ones, by the rules of RFC 9110 and 9112.

The 44 of our first measurement of other servers are among them, and the classes of
src/http/http1/smuggling_test.cc.
"""

from smuggling_case import CHUNKED, HELLO, HIDDEN, NOTHING, Case, chunked, get, post, raw, request, sized

INNER, INNER_LENGTH = sized(HIDDEN)


def lengths():
    """RFC 9112, 6.2 and 6.3: how long a body is."""
    for name, value in (
            ("a plus", "+5"), ("a minus", "-5"), ("hex", "0x5"), ("a fraction", "5.0"),
            ("an exponent", "5e0"), ("an underscore", "0_5"), ("a blank inside", "0 5"),
            ("a letter behind", "5a"), ("quotes", '"5"'), ("nothing", ""), ("a list", "5, 5"),
            ("a list of two", "5,6"), ("an empty element", "5,"), ("a semicolon", "5;"),
            ("more than 64 bits", "18446744073709551621"), ("2^63", "9223372036854775808"),
            ("a vertical tab", "\v5"), ("a form feed", "5\f"), ("NUL", "5\0"), ("NBSP", "\xa05"),
            ("a digit of Latin-1", "\xb2"), ("digits of another script", "\xd9\xa5"),
            ("a comment", "5 (five)"), ("a word", "chunked")):
        yield Case(f"length: {name}", "RFC 9112 6.2", post(f"Content-Length: {value}"), "refused")
    two = ("5", "5"), ("5", "6"), ("6", "5"), ("0", "5"), ("5", "0"), ("", "5"), ("5", "")
    for first, second in two:
        yield Case(f"lengths: {first!r} and {second!r}", "RFC 9112 6.3", post(
            f"Content-Length: {first}", f"Content-Length: {second}"), "refused")
    for name, fields in (
            ("then chunked", ("Content-Length: 5", CHUNKED)),
            ("after chunked", (CHUNKED, "Content-Length: 5")),
            ("of 0 and chunked", ("Content-Length: 0", CHUNKED)),
            ("wrong, and chunked", ("Content-Length: x", CHUNKED)),
            ("with chunked in capitals", ("CONTENT-LENGTH: 5", "TRANSFER-ENCODING: CHUNKED")),
            ("and an unknown coding", ("Content-Length: 5", "Transfer-Encoding: x")),
            ("and identity", ("Content-Length: 5", "Transfer-Encoding: identity"))):
        yield Case(f"length {name}", "RFC 9112 6.3", post(*fields, body=NOTHING), "refused")
    for name, value in (("zeros before", "0000000005"), ("blanks around", " \t5\t "), ("no blank", "5")):
        yield Case(f"length with {name}", "RFC 9112 6.2", post(f"Content-Length:{value}"), "served")
    yield Case("length of 0", "RFC 9112 6.3", post("Content-Length: 0", body=""), "served")
    yield Case("no length", "RFC 9112 6.3", post(body=""), "served")
    yield Case("a request within a body", "RFC 9112 6.3", post(INNER_LENGTH, **INNER), "served")
    for method in ("GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "PURGE"):
        line = f"{method} /seen0000 HTTP/1.1"
        yield Case(f"body of {method}", "RFC 9112 6", get(INNER_LENGTH, **INNER, line=line), "served")
        yield Case(f"chunked body of {method}", "RFC 9112 6", get(CHUNKED, body=HELLO, line=line), "served")


def codings():
    """RFC 9112, 6.1 and 7: chunked, and nothing else."""
    for name, value in (
            ("unknown", "xchunked"), ("identity", "identity"), ("identity, chunked", "identity, chunked"),
            ("chunked, identity", "chunked, identity"), ("gzip, chunked", "gzip, chunked"),
            ("chunked, gzip", "chunked, gzip"), ("chunked twice", "chunked, chunked"), ("nothing", ""),
            ("comma before", ",chunked"), ("comma behind", "chunked,"), ("quotes", '"chunked"'),
            ("parameter", "chunked;q=1"), ("vertical tab before", "\vchunked"),
            ("form feed behind", "chunked\f"), ("NUL behind", "chunked\0"), ("NBSP before", "\xa0chunked"),
            ("a word more", "chunked x"), ("cut short", "chunke"), ("folded", "\r\n chunked"),
            ("long s", "chun\xc5\xbfed"), ("backspace", "x\bchunked"), ("a colon", ":chunked"),
            ("braces", "[chunked]")):
        data = post(f"Transfer-Encoding: {value}", body=NOTHING)
        yield Case(f"coding: {name}", "RFC 9112 6.1", data, "refused")
    for name, second in (("twice", CHUNKED), ("and identity", "Transfer-Encoding: identity"),
                         ("and nothing", "Transfer-Encoding:"), ("and another", "Transfer-Encoding: x")):
        yield Case(f"codings: chunked {name}", "RFC 9112 6.1", post(CHUNKED, second, body=NOTHING), "refused")
        yield Case(f"codings: chunked {name}, turned round", "RFC 9112 6.1",
                   post(second, CHUNKED, body=NOTHING), "refused")
    yield Case("chunked in HTTP/1.0", "RFC 9112 6.1",
               post(CHUNKED, line="POST /seen0000 HTTP/1.0", body=NOTHING), "refused")
    yield Case("chunked in HTTP/1.0, kept alive", "RFC 9112 6.1", post(
        CHUNKED, "Connection: keep-alive", line="POST /seen0000 HTTP/1.0", body=NOTHING), "refused")
    for value in ("Chunked", "CHUNKED", " \tchunked \t"):
        data = post(f"Transfer-Encoding:{value}", body=HELLO)
        yield Case(f"coding {value!r}", "RFC 9112 7", data, "served")


CHUNKS = (  # Name, body, wanted.
    ("LF after the size", "5\nhello\r\n0\r\n\r\n", "refused"),
    ("CR after the size", "5\rXhello\r\n0\r\n\r\n", "refused"),
    ("CR CR LF after the size", "5\r\r\nhello\r\n0\r\n\r\n", "refused"),
    ("blank before the size", " 5\r\nhello\r\n0\r\n\r\n", "refused"),
    ("blank after the size", "5 \r\nhello\r\n0\r\n\r\n", "refused"),
    ("tab after the size", "5\t\r\nhello\r\n0\r\n\r\n", "refused"),
    ("NUL after the size", "5\0\r\nhello\r\n0\r\n\r\n", "refused"),
    ("0x", "0x5\r\nhello\r\n0\r\n\r\n", "refused"),
    ("plus", "+5\r\nhello\r\n0\r\n\r\n", "refused"),
    ("minus", "-5\r\nhello\r\n0\r\n\r\n", "refused"),
    ("minus zero", "-0\r\n\r\n", "refused"),
    ("underscore", "0_5\r\nhello\r\n0\r\n\r\n", "refused"),
    ("g", "5g\r\nhello\r\n0\r\n\r\n", "refused"),
    ("no size", "\r\nhello\r\n0\r\n\r\n", "refused"),
    ("only an extension", ";a=b\r\nhello\r\n0\r\n\r\n", "refused"),
    ("beyond 64 bits", "10000000000000005\r\nhello\r\n0\r\n\r\n", "refused"),
    ("17 digits", "00000000000000005\r\nhello\r\n0\r\n\r\n", "open"),
    ("longer than it says", "4\r\nhello\r\n0\r\n\r\n", "refused"),
    ("shorter than it says", "6\r\nhello\r\n0\r\n\r\n", "refused"),
    ("LF after the data", "5\r\nhello\n0\r\n\r\n", "refused"),
    ("CR CR after the data", "5\r\nhello\r\r0\r\n\r\n", "refused"),
    ("nothing after the data", "5\r\nhello0\r\n\r\n", "refused"),
    ("blank after the data", "5\r\nhello \r\n0\r\n\r\n", "refused"),
    ("LF in an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n", "refused"),
    ("CR in an extension", "5;a\rb\r\nhello\r\n0\r\n\r\n", "refused"),
    ("NUL in an extension", "5;a\0\r\nhello\r\n0\r\n\r\n", "refused"),
    ("line end in a quoted extension", '5;a="\r\n"\r\nhello\r\n0\r\n\r\n', "refused"),
    ("empty extension", "5;\r\nhello\r\n0\r\n\r\n", "refused"),
    ("open quote in an extension", '5;a="b\r\nhello\r\n0\r\n\r\n', "refused"),
    ("blanks in an extension", "5 ; a = b\r\nhello\r\n0\r\n\r\n", "open"),
    ("LF at the end", "0\r\n\nX", "refused"),
    ("LF after the last size", "0\n\r\n", "refused"),
    ("CR at the end", "0\r\n\rX", "refused"),
    ("LF in a trailer", "0\r\nX: y\n\r\n", "refused"),
    ("NUL in a trailer", "0\r\nX: y\0\r\n\r\n", "refused"),
    ("folded trailer", "0\r\nX: y\r\n z\r\n\r\n", "refused"),
    ("blank before a trailer's colon", "0\r\nX : y\r\n\r\n", "refused"),
    ("trailer without a colon", "0\r\nX\r\n\r\n", "refused"),
    ("length in trailers", "0\r\nContent-Length: 5\r\n\r\n", "open"),
    ("coding in trailers", "0\r\nTransfer-Encoding: chunked\r\n\r\n", "open"),
    ("host in trailers", "0\r\nHost: b\r\n\r\n", "open"),
    ("a sound body", HELLO, "served"),
    ("zeros, extensions, trailers", '05;a="b;\\"\t";c;d=e\r\nhello\r\n000\r\nX: y\r\n\r\n', "served"),
    ("a request within a chunk", f"{len(HIDDEN):X}\r\n{HIDDEN}\r\n0\r\n\r\n", "served"),
    ("capital and small hex", "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "served"),
)

FIELDS = (  # Names and values: RFC 9112, 5.
    ("blank before the colon", "Content-Length : 5"), ("tab before the colon", "Content-Length\t: 5"),
    ("folded", "X: y\r\n z"), ("folded with a tab", "X: y\r\n\tContent-Length: 5"), ("empty name", ": x"),
    ("no colon", "Content-Length 5"), ("NUL in a name", "Content-\0Length: 5"), ("NUL in a value", "X: y\0z"),
    ("control in a name", "\x01Content-Length: 5"), ("byte above ASCII", "Content-Length\xff: 5"),
    ("slash in a name", "Content/Length: 5"), ("quotes around a name", '"Content-Length": 5'),
    ("LF after a field", "X: y\nContent-Length: 5"), ("CR after a field", "X: y\rContent-Length: 5"),
    ("CR CR LF after a field", "X: y\r"), ("LF before a field", "\nX: y"), ("CR before a field", "\rX: y"),
    ("blank line of blanks", " "), ("a tab alone", "\t"), ("vertical tab before the colon", "X\v: y"),
    ("NEL behind a name", "Content-Length\x85: 5"), ("soft hyphen in a name", "Content\xad-Length: 5"))

LINES = (  # Name, what comes before the first field, wanted: RFC 9112, 2.2 and 3.
    ("LF after the line", "GET /seen0000 HTTP/1.1\n", "refused"),
    ("CR after the line", "GET /seen0000 HTTP/1.1\rX", "refused"),
    ("LF first", "\nGET /seen0000 HTTP/1.1\r\n", "refused"),
    ("blank first", " GET /seen0000 HTTP/1.1\r\n", "refused"),
    ("an empty line first", "\r\nGET /seen0000 HTTP/1.1\r\n", "served"),
    ("two empty lines first", "\r\n\r\nGET /seen0000 HTTP/1.1\r\n", "open"),
    ("NUL first", "\0GET /seen0000 HTTP/1.1\r\n", "refused"),
    ("BOM first", "\xef\xbb\xbfGET /seen0000 HTTP/1.1\r\n", "refused"),
    ("two blanks after the method", "GET  /seen0000 HTTP/1.1\r\n", "refused"),
    ("two blanks before the version", "GET /seen0000  HTTP/1.1\r\n", "refused"),
    ("tab for a blank", "GET\t/seen0000 HTTP/1.1\r\n", "refused"),
    ("vertical tab for a blank", "GET\v/seen0000 HTTP/1.1\r\n", "refused"),
    ("blank after the version", "GET /seen0000 HTTP/1.1 \r\n", "refused"),
    ("blank in the target", "GET /seen0000 b HTTP/1.1\r\n", "refused"),
    ("no version", "GET /seen0000\r\n", "refused"),
    ("small version", "GET /seen0000 http/1.1\r\n", "refused"),
    ("version 1.10", "GET /seen0000 HTTP/1.10\r\n", "refused"),
    ("version 01.1", "GET /seen0000 HTTP/01.1\r\n", "refused"),
    ("version 1,1", "GET /seen0000 HTTP/1,1\r\n", "refused"),
    ("version 1.", "GET /seen0000 HTTP/1.\r\n", "refused"),
    ("version 1.2", "GET /seen0000 HTTP/1.2\r\n", "open"),
    ("version 0.9", "GET /seen0000 HTTP/0.9\r\n", "refused"),
    ("version 2.0", "GET /seen0000 HTTP/2.0\r\n", "refused"),
    ("version 3.0", "GET /seen0000 HTTP/3.0\r\n", "refused"),
    ("method that is no token", "G(T /seen0000 HTTP/1.1\r\n", "refused"),
    ("NUL in the method", "GE\0T /seen0000 HTTP/1.1\r\n", "refused"),
    ("NUL in the target", "GET /seen0000\0 HTTP/1.1\r\n", "refused"),
    ("byte above ASCII", "GET /seen0000\xe9 HTTP/1.1\r\n", "refused"),
    ("fragment", "GET /seen0000#b HTTP/1.1\r\n", "open"),
    ("backslash", "GET /seen0000\\..\\b HTTP/1.1\r\n", "open"),
    ("broken escape", "GET /seen0000%2 HTTP/1.1\r\n", "open"),
    ("escaped NUL", "GET /seen0000%00 HTTP/1.1\r\n", "open"),
    ("escaped line end", "GET /seen0000%0d%0aX:%20y HTTP/1.1\r\n", "served"),
    ("target without a slash", "GET seen0000 HTTP/1.1\r\n", "refused"),
    ("another scheme", "GET file://a/seen0000 HTTP/1.1\r\n", "refused"),
    ("userinfo", "GET http://b@a/seen0000 HTTP/1.1\r\n", "refused"),
    ("asterisk with GET", "GET * HTTP/1.1\r\n", "refused"),
    ("authority with GET", "GET a:80 HTTP/1.1\r\n", "refused"),
    ("absolute", "GET http://a/seen0000?b HTTP/1.1\r\n", "served"),
    ("absolute, of another host", "GET http://b/seen0000 HTTP/1.1\r\n", "open"),
    ("absolute, of another port", "GET http://a:81/seen0000 HTTP/1.1\r\n", "open"),
    ("small method", "get /seen0000 HTTP/1.1\r\n", "served"),
    ("CONNECT of a path", "CONNECT /seen0000 HTTP/1.1\r\n", "refused"),
    ("CONNECT", "CONNECT a:80 HTTP/1.1\r\n", "open"),
    ("CONNECT without a port", "CONNECT a HTTP/1.1\r\n", "open"),
    ("dot segments", "GET /seen0000/../x HTTP/1.1\r\n", "served"),
    ("two slashes", "GET /seen0000//x HTTP/1.1\r\n", "served"))

HOSTS = (  # Fields, version, wanted: RFC 9112, 3.2.
    ("no host", (), "1.1", "refused"),
    ("two hosts", ("Host: a", "Host: b"), "1.1", "refused"),
    ("two hosts that agree", ("Host: a", "Host: a"), "1.1", "refused"),
    ("two hosts in HTTP/1.0", ("Host: a", "Host: b"), "1.0", "refused"),
    ("empty host", ("Host:",), "1.1", "refused"),
    ("list of hosts", ("Host: a, b",), "1.1", "refused"),
    ("comma in the host", ("Host: a,b",), "1.1", "open"),
    ("userinfo in the host", ("Host: a@b",), "1.1", "refused"),
    ("path in the host", ("Host: a/b",), "1.1", "refused"),
    ("letter in the port", ("Host: a:80a",), "1.1", "refused"),
    ("port too high", ("Host: a:65536",), "1.1", "open"),
    ("two ports", ("Host: a:1:2",), "1.1", "refused"),
    ("open bracket", ("Host: [::1",), "1.1", "refused"),
    ("no address in brackets", ("Host: [a]",), "1.1", "refused"),
    ("NUL in the host", ("Host: a\0b",), "1.1", "refused"),
    ("blank before the colon", ("Host : a",), "1.1", "refused"),
    ("folded host", ("Host:\r\n a",), "1.1", "refused"),
    ("host in another field", ("X-Host: a",), "1.1", "refused"),
    ("blank inside", ("Host: a b",), "1.1", "refused"),
    ("byte above ASCII", ("Host: \xff",), "1.1", "refused"),
    ("address", ("Host: [2001:db8::1]:8080",), "1.1", "served"),
    ("capital letters", ("HOST: A",), "1.1", "served"),
    ("empty port", ("Host: a:",), "1.1", "served"))


def others():
    yield Case("unknown expectation", "RFC 9110 10.1.1", post("Expect: x", "Content-Length: 5"), "open")
    yield Case("expectation of a body that comes at once", "RFC 9110 10.1.1", post(
        "Expect: 100-continue", "Content-Length: 5"), "served")
    yield Case("Connection is no list", "RFC 9110 7.6.1", get("Connection: a b"), "open")
    yield Case("Connection names the length", "RFC 9110 7.6.1", post(
        "Connection: Content-Length", INNER_LENGTH, **INNER), "served")
    yield Case("Connection names the host", "RFC 9110 7.6.1", get("Connection: Host"), "served")
    yield Case("upgrade to h2c", "RFC 9113 3.1", get(
        "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"), "served")
    yield Case("three at once", "RFC 9112 9.3.2", get() + post("Content-Length: 5") + chunked(HELLO),
               "served")
    yield Case("a line end after a body", "RFC 9112 2.2", post("Content-Length: 5", body="hello\r\n"),
               "served")
    yield Case("NUL after a chunked body", "RFC 9112 3", chunked(HELLO + "\0"), "refused")
    yield Case("a wrong one after a sound one", "RFC 9112 9.3.2", get() + get("X : y"), "refused")
    yield Case("LF at the end of the head", "RFC 9112 2.2",
               raw("GET /seen0000 HTTP/1.1\r\nHost: a\r\n\nX"), "refused")
    yield Case("CR at the end of the head", "RFC 9112 2.2",
               raw("GET /seen0000 HTTP/1.1\r\nHost: a\r\n\rX"), "refused")
    yield Case("blank before the first field", "RFC 9112 2.2",
               raw("GET /seen0000 HTTP/1.1\r\n Host: a\r\n\r\n"), "refused")
    yield Case("bytes above ASCII in a value", "RFC 9110 5.5", get("X: \xe9\xff\x80"), "served")
    yield Case("tab in a value", "RFC 9110 5.5", get("X: a\tb"), "served")
    yield Case("escape in a value", "RFC 9110 5.5", get("X: \x1b[0m"), "open")
    yield Case("DEL in a value", "RFC 9110 5.5", get("X: y\x7f"), "open")


CASES = [
    *lengths(), *codings(), *others(),
    *(Case(f"chunk: {name}", "RFC 9112 7.1", chunked(body), wanted) for name, body, wanted in CHUNKS),
    *(Case(f"field: {name}", "RFC 9112 5", get(text), "refused") for name, text in FIELDS),
    *(Case(f"line: {name}", "RFC 9112 3", raw(f"{line}Host: a\r\n\r\n"), wanted)
      for name, line, wanted in LINES),
    *(Case(f"host: {name}", "RFC 9112 3.2", request(f"GET /seen0000 HTTP/{version}", *fields), wanted)
      for name, fields, version, wanted in HOSTS),
]
