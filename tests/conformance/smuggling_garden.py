"""The 79 bugs that http-garden (narfindustries/http-garden, ffb9164) found in others, as requests of our own.

By the numbers of its TROPHIES.md: 48 of servers, 24 of servers in between (its 8 is no longer listed),
5 beside them, and 2 of HTTP/2, which stand in smuggling_http2.py.
"""

from smuggling_case import CHUNKED, HELLO, HIDDEN, NOTHING, Case, chunked, get, post, raw, request, sized

REFUSED, SERVED, OPEN = "refused", "served", "open"
LENGTH = "Content-Length: 5"
INNER, INNER_LENGTH = sized(HIDDEN)
TEN = "0123456789"
CONTROLS = bytes(byte for byte in range(0x20) if byte not in b"\r\n").decode()


def length(value, body="hello"):
    return post(f"Content-Length: {value}", body=body)


def coded(value, *fields, body=HELLO):
    return post(f"Transfer-Encoding: {value}", *fields, body=body)


def line(text):
    return request(text, "Host: a")


def hiding(size_line):
    """A chunk, with a request after what its size may be taken for."""
    return chunked(f"{size_line}\r\n\r\n{HIDDEN}")


SERVERS = {
    1: ("chunk size with an underscore, as int() of Python reads it", hiding("0_2e"), REFUSED),
    2: ("NUL and CR in a value", get("X: v\0\ralue"), REFUSED),
    3: ("blank behind a name", post(f"Content-Length : {len(HIDDEN)}", body=HIDDEN), REFUSED),
    4: ("blank before the first name",
        raw("POST /seen0000 HTTP/1.1\r\n\tContent-Length: 5\r\nHost: a\r\n\r\nhello"), REFUSED),
    5: ("version read as far as it is valid", line("GET /seen0000 HTTP/1.12"), REFUSED),
    6: ("method read as far as it is valid", line('GET"(x),[Y];?= /seen0000 HTTP/1.1'), REFUSED),
    7: ("target that is none", line("GET ? HTTP/1.1"), REFUSED),
    8: ("byte above ASCII in a name", get("\xeax: y"), REFUSED),
    9: ("LF for a blank in the request line", line("GET /seen0000\nHTTP/1.1"), REFUSED),
    10: ("length with a plus and an underscore", length("+1_0", TEN), REFUSED),
    11: ("chunked told twice", post(CHUNKED, CHUNKED, body=HELLO), REFUSED),
    12: ("NBSP around the coding", coded("\xa0chunked\xa0"), REFUSED),
    13: ("CR as the end of a line", get("X: y\rContent-Length: 5", body="hello"), REFUSED),
    14: ("what no name may contain", get(f'X{CONTROLS} "(),/;<=>?@[]{{}}: y'), REFUSED),
    15: ("CR within the version", line("GET /seen0000 HTTP/\r1.1"), REFUSED),
    16: ("empty length, taken for 0", length("", ""), REFUSED),
    17: ("empty chunk size, taken for 0", chunked("\r\n\r\n"), REFUSED),
    18: ("empty name", get(": x"), REFUSED),
    19: ("LF after a colon, taken for a blank", get(f"X:\n\n{HIDDEN[:-4]}"), REFUSED),
    20: ("NEL behind a name", post("Content-Length\x85: 10", body=TEN), REFUSED),
    21: ("comma before chunked, taken for another coding", coded(",chunked", LENGTH, body=NOTHING), REFUSED),
    22: ("chunk size read as far as it is valid", hiding("0;\x01"), REFUSED),
    23: ("the first of two lengths", post("Content-Length: 5", "Content-Length: 0"), REFUSED),
    24: ("version numbers that overflow", line("GET /seen0000 HTTP/4294967297.257"), REFUSED),
    25: ("chunk size by strtoll()", chunked("0x5\r\nhello\r\n0\r\n\r\n"), REFUSED),
    26: ("negative length", length("-50"), REFUSED),
    27: ("empty name and value, taken for the end", get(":", "X-Cut: off"), REFUSED),
    28: ("no colon", post("Content-Length 10", body=TEN), REFUSED),
    29: ("length read as far as it is valid", length("5Z"), REFUSED),
    30: ("CR and another byte, taken for the end of the head",
         raw(f"GET /seen0000 HTTP/1.1\r\nHost: a\r\n\rZ{HIDDEN}"), REFUSED),
    31: ("CR and another byte, taken for the end of a chunk line",
         chunked(f"5\r\r;ABCD\r\n2a\r\nE\r\n0\r\n\r\n{HIDDEN}"), REFUSED),
    32: ("length with a zero before, taken for octal", length("010", TEN), SERVED),
    33: ("the last of two lengths", post("Content-Length: 0", "Content-Length: 5"), REFUSED),
    34: ("CR in a value", get("X: va\rlue"), REFUSED),
    35: ("value cut at NUL", get("X: y\0cut off"), REFUSED),
    36: ("CR CR after an extension", chunked(f"2a;a=b\r\r{'x' * 42}\r\n0\r\n\r\n{HIDDEN}"), REFUSED),
    37: ("name that goes on in the next line",
         post("Transfer-\r\nEncoding: chunked", LENGTH, body=NOTHING), REFUSED),
    38: ("empty length, taken for all that comes", length("", HIDDEN), REFUSED),
    39: ("any two bytes for the end of chunks",
         chunked("0\r\nX:POST /seen0000/hidden HTTP/1.1\r\n\r\n"), SERVED),
    40: ("method and version not looked at", raw("\0 /seen0000 HTTP/....01.\r\nHost: a\r\n\r\n"), REFUSED),
    41: ("NEL and NBSP kept in a value", get("X: \x85admin\xa0"), SERVED),
    42: ("empty length before another", post("Content-Length: ", INNER_LENGTH, **INNER), REFUSED),
    43: ("NUL at the end of a value", get("X: y\0"), REFUSED),
    44: ("unknown coding, taken for chunked", coded("blegh"), REFUSED),
    45: ("what comes after a last request", get("Connection: close", body="no request\r\n\r\n"), SERVED),
    46: ("bytes above ASCII around values", coded("\xffchunked\xff"), REFUSED),
    47: ("chunk that is none, passed over", chunked(f"none!\r\n{HIDDEN}"), REFUSED),
    48: ("request behind an empty body, taken for the body",
         post("Content-Length: 0", "Connection:keep-alive", body="") + post(INNER_LENGTH, **INNER), SERVED),
}

BETWEEN = {
    1: ("length in hex", length("0xa", TEN), REFUSED),
    2: ("chunk sizes of other letters", chunked("Z\r\nZZ\r\nZZZ\r\n\r\n"), REFUSED),
    3: ("CR before an extension", chunked(f"2\r\r;a\r\n02\r\n2a\r\n0\r\n\r\n{HIDDEN}"), REFUSED),
    4: ("chunk that is none, passed on without a body", chunked("1\r0\n"), REFUSED),
    5: ("empty length, passed on", get("content-length: "), REFUSED),
    6: ("NEL in a name", get("X\x85: y"), REFUSED),
    7: ("chunk size with text behind, written anew", chunked("1of-these\r\nZ\r\n0\r\n\r\n"), REFUSED),
    9: ("comma before chunked, taken for chunked", coded(",chunked", body=NOTHING), REFUSED),
    10: ("CR in a value, passed on", get("X: this\ris\rno\rvalue"), REFUSED),
    11: ("empty length before a true one, passed on",
         post("content-length: ", INNER_LENGTH.lower(), **INNER), REFUSED),
    12: ("NUL in Host", get(host="a.test\0.b.test"), REFUSED),
    13: ("LF at the end of a chunk", chunked("a\r\n0123456789\n0\r\n\r\n"), REFUSED),
    14: ("line without a colon, passed on", get("Te\r\nst: y"), REFUSED),
    15: ("length with a coding that is not known",
         coded(",chunked", LENGTH, "Connection: close", body=NOTHING), REFUSED),
    16: ("LF passed on", raw("GET /seen0000 HTTP/1.1\nHost: a\nX: y\n\n"), REFUSED),
    17: ("empty line before the last chunk",
         chunked(f"{len(HIDDEN):x}\r\n{HIDDEN}\r\n\r\n0\r\n\r\n"), REFUSED),
    18: ("comma before chunked, and a length", coded(", chunked", LENGTH, body=NOTHING), REFUSED),
    19: ("chunk size of -0x0", chunked("-0x0\r\n\r\n"), REFUSED),
    20: ("line with NUL, joined to the one before", get("X: y", "z\0"), REFUSED),
    21: ("body of GET, dropped", get("Content-Length: 10", body=TEN), SERVED),
    22: ("the last of two lengths, with a request in the body",
         post("Content-Length: 0", INNER_LENGTH, **INNER), REFUSED),
    23: ("length and chunked, passed on", post(LENGTH, CHUNKED, body=NOTHING), REFUSED),
    24: ("blanks before a chunk size", chunked("        0\r\n\r\n"), REFUSED),
    25: ("chunked told twice, taken for once", post(CHUNKED, CHUNKED, body=NOTHING), REFUSED),
}

BESIDE = {  # Of memory; what is wanted is that the server still stands.
    1: ("empty body", post("Content-Length: 0", body=""), SERVED),
    2: ("any request", get("X: y"), SERVED),
    3: ("NUL after a chunked body", chunked(NOTHING + "\0"), REFUSED),
    4: ("body given back before the response", chunked(HELLO), SERVED),
    5: ("any request again", get(), SERVED),
}

CASES = [Case(f"{group} {number}: {name}", "http-garden", data, wanted)
         for group, rows in (("server", SERVERS), ("between", BETWEEN), ("beside", BESIDE))
         for number, (name, data, wanted) in rows.items()]
