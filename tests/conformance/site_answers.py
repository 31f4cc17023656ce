"""What `site/` answers, for the servers that stand in for Pear."""

import functools
import re
import struct

SIZE_MAX = 64 << 20


@functools.lru_cache(maxsize=4)
def deterministic(size):
    """The body of /bytes/SIZE: words of 64 bits, little-endian, the i-th is i times a large odd number.

    No piece of it is like another, so that pieces that change places are seen.
    """
    factor, mask = 0x9E3779B97F4A7C15, (1 << 64) - 1
    words = (size + 7) // 8
    return struct.pack(f"<{words}Q", *(i * factor & mask for i in range(words)))[:size]


def answer(path, body):
    """(status, content-type, body)"""
    if path == "/echo":
        return 200, "application/octet-stream", body
    if found := re.fullmatch(r"/bytes/(\d{1,8})", path):
        if int(found[1]) <= SIZE_MAX:
            return 200, "application/octet-stream", deterministic(int(found[1]))
    return 200, "text/plain; charset=utf-8", b"heard to the end\n"
