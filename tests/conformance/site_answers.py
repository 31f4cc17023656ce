"""What `site/` answers, for the servers that stand in for Pear."""

import functools
import re
import struct

SIZE_MAX = 64 << 20
PIECE_BYTES, PAUSE_MS, PIECES_MAX = 5000, 50, 100  # Of /stream/N.
PAGE = {
    "/page": ("text/html; charset=utf-8", b"""<!doctype html>
<meta charset="utf-8">
<title>conformance</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
<p id="text">not run</p>
<script src="/page.js"></script>
"""),
    "/page.js": ("text/javascript", b"document.getElementById('text').textContent = 'run';\n"),
    "/page.css": ("text/css", b"#text { color: rgb(1, 2, 3); }\n"),
}


@functools.lru_cache(maxsize=4)
def deterministic(size):
    """The body of /bytes/SIZE: words of 64 bits, little-endian, the i-th is i times a large odd number.

    No piece of it is like another, so that pieces that change places are seen.
    """
    factor, mask = 0x9E3779B97F4A7C15, (1 << 64) - 1
    words = (size + 7) // 8
    return struct.pack(f"<{words}Q", *(i * factor & mask for i in range(words)))[:size]


def report(method, target, authority, fields, body):
    """The body of /seen: what the site has heard."""
    head = b"%s %s %s\n" % (method, target, authority)
    return head + b"".join(b"%s: %s\n" % field for field in fields) + b"\n" + body


def answer(path, body):
    """(status, content-type, body) of any path but /seen"""
    if path == "/echo":
        return 200, "application/octet-stream", body
    if found := re.fullmatch(r"/bytes/(\d{1,8})", path):
        if int(found[1]) <= SIZE_MAX:
            return 200, "application/octet-stream", deterministic(int(found[1]))
    if found := re.fullmatch(r"/stream/(\d{1,3})", path):
        if int(found[1]) <= PIECES_MAX:
            return 200, "application/octet-stream", deterministic(PIECE_BYTES * int(found[1]))
    if path in PAGE:
        return 200, *PAGE[path]
    return 200, "text/plain; charset=utf-8", b"heard to the end\n"
