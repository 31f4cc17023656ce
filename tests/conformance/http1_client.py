"""Sends bytes to a server of HTTP/1.1 as they are, and reads all that it answers until it closes."""

import dataclasses
import re
import socket

ANSWERS_MAX = 64  # On one connection.


class Malformed(Exception):
    """What the server said is no response."""


@dataclasses.dataclass
class Reply:
    status: int
    body: bytes


@dataclasses.dataclass
class Talk:
    replies: list
    ended: str  # "closed" by the server, or what happened instead.


def read_line(file):
    line = file.readline(65536)
    if not line.endswith(b"\r\n"):
        raise Malformed(f"it ends with {line[-60:]!r}")
    return line[:-2]


def read_fields(file):
    fields = {}
    while line := read_line(file):
        name, _, value = line.partition(b":")
        fields[name.lower()] = value.strip()
    return fields


def read_exactly(file, size):
    data = file.read(size)
    if len(data) < size:
        raise Malformed(f"{len(data)} bytes of a body of {size}")
    return data


def read_chunked(file):
    pieces = []
    while size := int(read_line(file).partition(b";")[0], 16):
        pieces.append(read_exactly(file, size))
        read_line(file)
    read_fields(file)
    return b"".join(pieces)


def read_reply(file, method):
    """The next one to a request of this method, interim ones left out. None: the end."""
    while True:
        first = file.readline(65536)
        if not first:
            return None
        found = re.fullmatch(rb"HTTP/1\.[01] ([0-9]{3}).*\r\n", first)
        if found is None:
            raise Malformed(f"no status line: {first[:60]!r}")
        status, fields = int(found[1]), read_fields(file)
        if status >= 200 or status == 101:
            break
    if method == b"HEAD" or status in (101, 204, 304):
        return Reply(status, b"")
    if b"transfer-encoding" in fields:
        return Reply(status, read_chunked(file))
    if b"content-length" in fields:
        return Reply(status, read_exactly(file, int(fields[b"content-length"])))
    return Reply(status, file.read())


def talk(port, data, methods, half_close_after, patience_s):
    """`methods`: of the requests, as they should be read. The client's own end is said after so many replies.

    That is None where the server has to end it.
    """
    replies = []
    with socket.create_connection(("127.0.0.1", port), timeout=patience_s) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            connection.sendall(data)
            with connection.makefile("rb") as file:
                while len(replies) < ANSWERS_MAX:
                    if len(replies) == half_close_after:
                        connection.shutdown(socket.SHUT_WR)
                    reply = read_reply(file, methods[len(replies)] if len(replies) < len(methods) else b"")
                    if reply is None:
                        return Talk(replies, "closed")
                    replies.append(reply)
        except TimeoutError:
            return Talk(replies, f"left open for {patience_s:g} s")
        except (ConnectionResetError, BrokenPipeError):
            return Talk(replies, "reset")
        except (Malformed, ValueError) as malformed:
            return Talk(replies, f"broken: {malformed}")
    return Talk(replies, f"still answers after {ANSWERS_MAX} replies")
