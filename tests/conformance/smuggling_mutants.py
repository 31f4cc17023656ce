"""Requests made from sound ones by small changes, always the same ones.

What each of them means is for http1_reader.py to say.
"""

import random

from smuggling_case import AFTER, HIDDEN, raw

SEED = 9112
RANDOM = 4000  # Changes made at random, beside those that are all made.

SOUND = [raw(text) for text in (
    "GET /seen0000?b=c HTTP/1.1\r\nHost: example.test\r\nAccept: */*\r\n\r\n",
    f"POST /seen0000 HTTP/1.1\r\nHost: a\r\nContent-Length: {len(HIDDEN)}\r\nX-After: y\r\n\r\n{HIDDEN}",
    "POST /seen0000 HTTP/1.1\r\nHost: a:80\r\nTransfer-Encoding: chunked\r\nX-After: y\r\n\r\n"
    f"{len(HIDDEN):x};a=b\r\n{HIDDEN}\r\n3\r\nabc\r\n0\r\nX-Trailer: z\r\n\r\n",
    "GET http://a.test:80/seen0000 HTTP/1.1\r\nHost: a.test:80\r\n\r\n",
    "PUT /seen0000 HTTP/1.0\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello",
)]

CONTROLS = [bytes([c]) for c in (*range(0x21), 0x7F, 0x80, 0x85, 0xA0, 0xAD, 0xFF)]
PIECES = [*CONTROLS, *(raw(text) for text in (
    ":", ",", ";", '"', "=", "#", "%", "\\", "/", "@", "_", "-", "+", "0", "\r\n", "\n\n", "\r\r\n", "\r\n ",
    "\r\n\t", "\r\n\r\n", " \r\n", "\xc2\xa0", "\xe2\x80\xa8", "0x", "chunked", "\r\nContent-Length: 0",
    "\r\nTransfer-Encoding: chunked", "\r\nX: y"))]
LENGTHS = ("", "5", "05", "+5", "-5", "5,5", "5, 5", "5;5", "0x5", "5 5", "5\t", "\t5", "\v5", "5\f", "5.",
           "5.0", "5e0", "'5'", '"5"', "5\0", "\x005", "5\r", "\xa05", "5\x85", "chunked", "0", "00", "-0",
           "6", "4", "99999999999999999999", "9223372036854775808", "18446744073709551621", "0b101", "0o5",
           "5_0", "_5", "\xd9\xa5", "5\xc2\xa0", "(5)", "5 (a)", "/5", "5h", "%35", "\\x35", "5\b")
CODINGS = ("", "chunked", "Chunked", "CHUNKED", " chunked ", "\tchunked\t", "chunked,", ",chunked",
           ", ,chunked", "chunked,chunked", "chunked, identity", "identity, chunked", "identity", "gzip",
           "gzip, chunked", "chunked, gzip", "x", "chunked;a", "chunked;q=0", "chunked a", "a chunked",
           '"chunked"', "'chunked'", "chunked\0", "\0chunked", "\vchunked", "chunked\f", "chunke",
           "chunkedd", "xchunked", "chunked\r", "\xa0chunked", "chunked\x85", "chun\xc5\xbfed", "cow",
           "chunked\x7f", "chunk", "chunked=", "=chunked", "chunked:", "deflate", "trailers", "chunked, ",
           "chunked\xff", "[chunked]", "\\chunked")
SIZES = ("5", "05", "5;", "5;a", "5;a=b", '5;a="b"', "5;a=", '5;a="b', "5;=b", "5;a b", "5; a", "5 ;a",
         "5;a =b", "5;a= b", "5 ", " 5", "\t5", "5\t", "5\0", "\x005", "0x5", "0X5", "x5", "5h", "+5", "-5",
         "5_", "_5", "0_5", "5.0", "5,", "5,5", "5 5", "", ";a", "5\r", "5\n", "\n5", "5\v", "5\f", "5\x85",
         "5\xa0", "\xef\xbc\x95", "000000000000005", "0000000000000005", "00000000000000005", "4", "6",
         "10000000000000005", "fffffffffffffffff", "ffffffffffffffff", "5;a\rb", "5;a\nb", '5;a="\r\n"',
         '5;a="\\"', '5;a="\\""', "5;a;b;c=d", "5;\x7f", "5;a=\x01", "5;a=b;", "5;;a")
LINE_ENDS = ("\r\n", "\n", "\r", "\r\r\n", "\n\r", "\r\n\r", " \r\n", "\0\r\n", "\v\r\n", "\r\x00\n",
             "\x85", "", "X\r\n", "\r\nX")
NAMES = {"Content-Length": ": 5\r\n\r\nhello",
         "Transfer-Encoding": ": chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
         "Host": ": b\r\n\r\n",
         "Connection": ": close\r\n\r\n"}


def names_of(name):
    """As others may write it, or take it for."""
    name = raw(name)
    for piece in PIECES[:len(CONTROLS) + 20]:
        yield piece + name
        yield name + piece
        yield name[:len(name) // 2] + piece + name[len(name) // 2:]
    yield from (name.replace(b"-", b"_"), name.replace(b"-", b" "), name.replace(b"-", b""), name.lower(),
                name.upper(), name.replace(b"n", b"\xc4\xb1"), name.replace(b"s", b"\xc5\xbf"), b"X-" + name)


def fields():
    """Spellings of the two fields that say how long a body is, alone and together."""
    for length in LENGTHS:
        yield f"Content-Length: {length}\r\n", "hello"
        yield f"Content-Length:{length}\r\nX: y\r\n", "hello"
        yield f"Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"
        yield f"Content-Length: 5\r\nContent-Length: {length}\r\n", "hello"
        yield f"Content-Length: {length}\r\nContent-Length: 5\r\n", "hello"
    for coding in CODINGS:
        yield f"Transfer-Encoding: {coding}\r\n", "0\r\n\r\n"
        yield f"Transfer-Encoding: {coding}\r\n", "5\r\nhello\r\n0\r\n\r\n"
        yield f"Transfer-Encoding:{coding}\r\nContent-Length: 5\r\n", "0\r\n\r\n"
        yield f"Transfer-Encoding: chunked\r\nTransfer-Encoding: {coding}\r\n", "0\r\n\r\n"
        yield f"Transfer-Encoding: {coding}\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"


def requests():
    """The changes that are all made."""
    for text, body in fields():
        for version in ("1.1", "1.0"):
            yield raw(f"POST /seen0000 HTTP/{version}\r\nHost: a\r\n{text}\r\n{body}")
    for name in NAMES:
        for spelled in names_of(name):
            yield raw("POST /seen0000 HTTP/1.1\r\nHost: a\r\n") + spelled + raw(NAMES[name])
    for size in SIZES:
        for end in ("\r\n", "\n"):
            yield chunked(f"{size}{end}hello\r\n0\r\n\r\n")
        yield chunked(f"3\r\nabc\r\n{size}\r\nhello\r\n0\r\n\r\n")
        yield chunked(f"{size.replace('5', '0')}\r\n\r\n")
    for end in LINE_ENDS:
        for sound in SOUND:
            for place in range(sound.count(b"\r\n")):
                yield change_line_end(sound, place, raw(end))


def chunked(body):
    return raw(f"POST /seen0000 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}")


def change_line_end(data, place, end):
    parts = data.split(b"\r\n")
    return b"\r\n".join(parts[:place + 1]) + end + b"\r\n".join(parts[place + 1:])


def changed(data, choose):
    """One or two changes somewhere."""
    for _ in range(choose.choice((1, 1, 2))):
        at = choose.randrange(len(data))
        how = choose.randrange(4)
        piece = choose.choice(PIECES)
        if how == 0:
            data = data[:at] + data[at + 1:]
        elif how == 1:
            data = data[:at] + data[at:at + 1] + data[at:]
        elif how == 2:
            data = data[:at] + piece + data[at:]
        else:
            data = data[:at] + piece + data[at + 1:]
    return data


def streams():
    """Each once, with a sound request behind it."""
    choose = random.Random(SEED)
    at_random = (changed(choose.choice(SOUND), choose) for _ in range(RANDOM))
    return [data + AFTER for data in dict.fromkeys([*SOUND, *requests(), *at_random])]
