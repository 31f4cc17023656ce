"""The classes of requests that http-desync-guardian (aws/http-desync-guardian, 7dd6f37) tells apart.

One of our own for each of the 159 that its tests name, in their order, by the names of its files. It
sorts requests into four tiers; here each is refused, or served as a strict reading has it.
"""

from smuggling_case import CHUNKED, HELLO, NOTHING, Case, get, post, raw, request

PUT = "PUT /seen0000 HTTP/1.1"
OLD = "POST /seen0000 HTTP/1.0"
OLDEST = "POST /seen0000 HTTP/0.9"
NO_VERSION = "POST /seen0000 "
CODED = "X-Custom: text\x01", CHUNKED
TEXT = "X-Custom: some text"
LENGTH = "Content-Length: 5"


def utf8(text):
    return text.encode().decode("latin-1")


def put(*fields, body="hello"):
    return post(*fields, body=body, line=PUT)


def bodiless(method, *fields, body=""):
    return get(*fields, body=body, line=f"{method} /seen0000 HTTP/1.1")


def target(text, wanted, version="HTTP/1.1"):
    return request(f"GET {text} {version}", "Host: a", TEXT), wanted


REFUSED, SERVED, OPEN = "refused", "served", "open"

ACCEPTABLE = (
    (put("x-custom : text", body=""), REFUSED),
    (put("x-custom : text", CHUNKED, body=HELLO), REFUSED),
    (put("\x01x-custom: text", CHUNKED, body=HELLO), REFUSED),
    (put("x-custom : text", LENGTH), REFUSED),
    (bodiless("GET", "Content-Length: 0"), SERVED),
    (bodiless("HEAD", "Content-Length: 0"), SERVED),
    (get(TEXT, line="GET /seen0000 HTTP/0.9"), REFUSED),
    (get(TEXT, line="GET /seen0000 "), REFUSED),
    (get(TEXT, line="GET /seen0000 HTTP/1.2"), OPEN),
)

AMBIGUOUS = (
    *((post(f"{name}: chunked", body=HELLO), REFUSED) for name in (
        "Transfer-Encoding ", "Transfer-Encoding\t", "\x01Transfer-Encoding", "\x01\x01Transfer-Encoding")),
    *((post(f"{name}: 5"), REFUSED) for name in ("\x01\x01Content-Length", "\x01Content-Length")),
    (post("Transfer- Encoding: chunked", body=HELLO), REFUSED),
    (post("Transfer_Encoding: chunked", body=""), SERVED),  # Other names, and so without a body.
    (post("Content_Length: 1000", body=""), SERVED),
    (put("Content-Length: 5", "Content-Length: 5"), REFUSED),
    (post(CHUNKED, "Content-Length: 5", body=NOTHING), REFUSED),
    (post("Transfer-Encoding: gzip", "Content-Length: 5"), REFUSED),
    (bodiless("GET", LENGTH, body="hello"), SERVED),
    (bodiless("GET", CHUNKED, body=HELLO), SERVED),
    (bodiless("HEAD", LENGTH, body="hello"), SERVED),
    (bodiless("HEAD", CHUNKED, body=HELLO), SERVED),
    (post("Transfer-Encoding : chunked", LENGTH, body=NOTHING), REFUSED),
    (post(" Transfer-Encoding: chunked", LENGTH, body=NOTHING), REFUSED),
    (post(" Transfer-Encoding: chunked", " Content-Length: 5", body=NOTHING), REFUSED),
    (post("Transfer-Encoding : chunked", "Content-Length : 5", body=NOTHING), REFUSED),
    (post(": chunked", LENGTH), REFUSED),
    (post(":X-Custom:Transfer-Encoding:: chunked", LENGTH), REFUSED),
    (post("  \t\t : chunked", LENGTH), REFUSED),
    (post(CHUNKED, body=HELLO, line=OLD), REFUSED),
    (post(CHUNKED, body=HELLO, line=OLDEST), REFUSED),
    (post(LENGTH, line=OLDEST), REFUSED),
    (post(CHUNKED, body=HELLO, line=NO_VERSION), REFUSED),
    (post(LENGTH, line=NO_VERSION), REFUSED),
    (post(utf8("Tran\u017ffer-Encoding: chunked"), body=HELLO), REFUSED),
    (post(utf8("Transfer-Encod\u0131ng: chunked"), body=HELLO), REFUSED),
    (post("Transfer---Encoding: chunked", body=""), SERVED),
    (post("Transfer___Encoding: chunked", body=""), SERVED),
    (post(utf8("\u2003Transfer-Encoding: chunked"), body=HELLO), REFUSED),
    (post(utf8("Content-Length\u2003: 5")), REFUSED),
    (post(utf8("Transfer\u2015Encoding: chunked"), body=HELLO), REFUSED),
    (post("Transfer-Encoding\x88: chunked", body=HELLO), REFUSED),
    (post("\xa0Content-Length: 5"), REFUSED),
)

BAD_CHARACTERS = (
    (post(TEXT, "\x01Transfer-Encoding: chunked", body=HELLO), REFUSED),
    *((post(f"Transfer-Encoding: {value}", body=HELLO), REFUSED) for value in (
        "\x01chunked", "chunked\x01", "\xa0chunked", "chunked\xa0")),
    (post(TEXT, "Transfer-Encoding\x01: chunked", body=HELLO), REFUSED),
    (post(TEXT, "\x01Content-Length: 5"), REFUSED),
    (post(TEXT, "Content-Length\x01: 5"), REFUSED),
    *((post(f"Content-Length: {value}"), REFUSED) for value in ("\x015", "5\x01", "5\xa0")),
    (post("X-Custom\x01: text", CHUNKED, body=HELLO), REFUSED),
    (post("\x01X-Custom: text", CHUNKED, body=HELLO), REFUSED),
    (post("X-Custom: \x01text", CHUNKED, body=HELLO), OPEN),
    (post(*CODED, body=HELLO), OPEN),
)

EDGES = (
    (post("X-Custom: text\x12", "Content-Length: 5\x11"), REFUSED),
    (post("X-Custom: text\x11", "Transfer-Encoding: chunked\x7f", body=HELLO), REFUSED),
    (put("X-Custom\t: \x11\x12 text \0 text", "Transfer-Encoding\t: chunked", body=HELLO), REFUSED),
    (bodiless("GET", *CODED, body=HELLO), OPEN),
    (bodiless("HEAD", "X-Custom: text\x01", LENGTH, body="hello"), OPEN),
    (post("X-Custom: \x11text", "Transfer-Encoding: chunked\x80", "Content-Length: $5"), REFUSED),
    (post("X-Custom: \x11text", "Transfer-Encoding: chunked\x80", "Content-Length: $5",
          line="POST /seen0000\t/x HTTP/1.1"), REFUSED),
    (get("X-Custom: text\x01", LENGTH, body="hello", line="GET /seen0000\t/x HTTP/1.1"), REFUSED),
)

BROWSER = ("User-Agent: a browser (of some kind; rv:1.0)", "Accept: text/html, */*;q=0.8",
           "Accept-Language: en;q=0.5", "Accept-Encoding: gzip, deflate", "Connection: keep-alive",
           "Upgrade-Insecure-Requests: 1")


def visited(*fields, body="", line="POST /seen0000 HTTP/1.1"):
    """As browsers write it."""
    return post(*BROWSER, *fields, body=body, line=line)


MORE_COMPLIANT = (
    (visited("Content-Length:  5  ", body="hello", line=PUT), SERVED),
    (visited(LENGTH, *(f"X-Custom-{i}: text" for i in range(80)), body="hello", line=PUT), SERVED),
    (visited(CHUNKED, body=HELLO, line=PUT), SERVED),
    (visited(CHUNKED, body=HELLO, line="POST /seen0000?a=b&c&%dd=%ee HTTP/1.1"), SERVED),
    (visited(LENGTH, body="hello"), SERVED),
    (visited("Transfer-Encoding: gzip, chunked", body=HELLO), REFUSED),  # 501: codings are not undone.
    (visited("Content-Length: 100000", "X-Custom: Transfer-Encoding: chunked", body="x" * 100_000), SERVED),
    (visited("Transfer-Encoding: deflate, identity, chunked", body=HELLO), REFUSED),
    (visited("Transfer-Encoding: gzip", "Transfer-Encoding: deflate", body=HELLO), REFUSED),
    (visited("Transfer-Encoding: \t\t\tchunked;a;\t\t\t", body=HELLO), REFUSED),
)

OBS_TEXT = "\t\t\ttext;`\x85\x93\xa0"

COMPLIANT = (
    (get(), SERVED),
    (post(CHUNKED, body=HELLO), SERVED),
    (put(LENGTH), SERVED),
    (post(CHUNKED, f"X-Custom: {OBS_TEXT}", body=HELLO), SERVED),
    *((post(f"{name}: {OBS_TEXT}", body=""), SERVED) for name in (
        "X-Custom.!#$%&'*+^_`|~09", "X_Custom", "X.Custom", "X-Custom-0987654321")),
    (post("Transfer-Encoding: gzip", "Transfer-Encoding: deflate", "Transfer-Encoding: identity",
          "Transfer-Encoding: compress", body=HELLO), REFUSED),
    (post("Transfer-Encoding: gzip , deflate , \tidentity\t, compress\t, ", body=HELLO), REFUSED),
    (post("Transfer-Encoding:    gzip   ;   ", "Transfer-Encoding: deflate\t\t;\t\t",
          "Transfer-Encoding: \tchunked;a;\t", body=HELLO), REFUSED),
    (get("Accept: */*", line="POST /seen0000;a:b@c.test/x?d=e%20f+~!@$%20^&*()_+:<>?,./; HTTP/1.1"), OPEN),
    target(utf8("/seen0000/\u0441\u0442\u043e"), REFUSED),  # It has to be percent-encoded.
    target("", REFUSED),
)

SEVERE = (
    (post("Content-Length: 5", "Content-Length: 4"), REFUSED),
    *((post(f"Content-Length: {value}"), REFUSED) for value in (
        "5,5", "5 5", "5.5", "18446744073709551616")),
    (post("Transfer-Encoding: xchunked", body=HELLO), REFUSED),
    (post("Transfer-Encoding: chunked\x11", body=HELLO), REFUSED),
    (post("Content-Length: 5\x11"), REFUSED),
    (post(CHUNKED, CHUNKED, body=HELLO), REFUSED),
    (post("Transfer-Encoding: chunked,chunked", body=HELLO), REFUSED),
    (post(LENGTH, "X-Custom: lines\r\n and \n more"), REFUSED),
    (post(LENGTH, "X-Custom: lines\n and \n more"), REFUSED),
    (post(LENGTH, "X-Custom: text\r with\r CR"), REFUSED),
    (post(LENGTH, "X-Custom: text\n with\n LF"), REFUSED),
    (post("X-Custom\r: 5", body=""), REFUSED),
    (post("X-Custom\n: Content-Length:5\r\n Transfer-Encoding:", LENGTH), REFUSED),
    (post("X-Custom\0: 5", body=""), REFUSED),
    *((post(f"X-Custom: text{byte}content-length: 4", LENGTH), REFUSED) for byte in ("\r", "\n ", "\0")),
    *((post(field, LENGTH), REFUSED) for field in ("\0X-Custom: text", "X-Custom: \0text",
    "X-Custom: text\0")),
    (post("Content-Length : 4", LENGTH), REFUSED),
    (post(" Content-Length: 4", LENGTH), REFUSED),
    (post("Transfer-Encoding : chunked", CHUNKED, body=HELLO), REFUSED),
    (get(line="bad_method /seen0000 HTTP/1.1"), SERVED),  # A token, and so a method.
)

SINGLE = ((post(CHUNKED, "Content-Length: 5", body=HELLO), REFUSED),)

TARGETS = (
    target("/seen0000\tHTTP/1.1", REFUSED),
    target("/seen0000", REFUSED, "HTTP/1.1 "),
    target("/seen0000\x01HTTP/1.1", REFUSED),
    target("/seen0000?a=b c d", REFUSED),
    target("/seen0000", REFUSED, "HTTP/1.1 HTTP/1.1"),
    target("/seen0000\rHTTP/1.1", REFUSED),
    target("/seen0000\nHTTP/1.1", REFUSED),
    target("/seen0000\tHTTP/1.1\r\nHost:a\r\n\r\nGET\t/seen0000/hidden\t", REFUSED),
    target("/seen0000\0HTTP/1.1", REFUSED),
    target("\0/seen0000HTTP/1.1", REFUSED),
    *(target(f"/seen0000-%{byte}-x", SERVED) for byte in ("09", "20", "0D", "0A")),
)

REAL_LIFE = (
    (visited(LENGTH, body="hello", line="GET /seen0000 HTTP/1.1"), SERVED),
    (visited(CHUNKED, body=HELLO, line="GET /seen0000 HTTP/1.1"), SERVED),
    (visited(CHUNKED, body=HELLO, line=OLD), REFUSED),
    (visited(LENGTH, LENGTH, body="hello"), REFUSED),
    (visited(CHUNKED, CHUNKED, body=HELLO), REFUSED),
    (visited(LENGTH, CHUNKED, body=HELLO), REFUSED),
    (visited("X-Custom: gzip, \0deflate", LENGTH, body="hello"), REFUSED),
    (visited("X-Custom: text\r\nx\r\nContent-Length: 5", body="hello"), REFUSED),
    (visited("Content-Length: 5\r", "Content-Length: 4", body="hello"), REFUSED),
    (visited("Transfer-Encoding\t: chunked", LENGTH, body=HELLO), REFUSED),
    (visited("\rTransfer-Encoding: chunked", LENGTH, body=HELLO), REFUSED),
    (visited("\rTransfer-Encoding: chunked", body=HELLO), REFUSED),
    (visited("\rContent-Length: 5", body="hello"), REFUSED),
    (visited("Transfer-Encoding: chunk", LENGTH, body=HELLO), REFUSED),
    (visited("Transfer-Encoding: identity", LENGTH, body="hello"), REFUSED),
    (visited("Transfer-Encoding: xchunked", LENGTH, body=HELLO), REFUSED),
    (visited("Transfer-Encoding: identity", CHUNKED, LENGTH, body=HELLO), REFUSED),
    (visited("tRaNsFeR-eNcOdInG: cHuNkEd", "cOnTeNt-LeNgTh: 5", body=HELLO), REFUSED),
    (visited(CHUNKED, "Transfer-Encoding: cow", CHUNKED, body=HELLO), REFUSED),
    (visited(CHUNKED, "Content-Length: 000", body=HELLO), REFUSED),
    (visited("Transfer-Encoding: chunked\x0b", LENGTH, body=HELLO), REFUSED),
    (visited("\0Transfer-Encoding: chunked", LENGTH, body=HELLO), REFUSED),
    (visited("Transfer-Encoding: \0chunked", LENGTH, body=HELLO), REFUSED),
    (visited("X-Custom: " + "x" * 1000, CHUNKED, LENGTH, body=HELLO), REFUSED),
)

FILES = {"acceptable": ACCEPTABLE, "ambiguous": AMBIGUOUS, "bad-header-characters": BAD_CHARACTERS,
         "edge-cases": EDGES, "more-compliant-tests": MORE_COMPLIANT, "rfc-compliant": COMPLIANT,
         "severe": SEVERE, "single-case": SINGLE, "uri-specific-test-cases": TARGETS,
         "real-life-test-cases": REAL_LIFE}

CASES = [Case(f"{file} {number}", "http-desync-guardian", raw(data), wanted)
         for file, rows in FILES.items() for number, (data, wanted) in enumerate(rows, 1)]
