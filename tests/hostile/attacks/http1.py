"""Attacks by HTTP/1.1, and by what is below it. Each function is one pass."""

import itertools
import socket

from target import FILES, WARM, Crowd, at_once, name_of, pause, reset

PIECE = 1 << 16


def request(path, host, method="GET", fields=(), close=False):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{n}: {v}" for n, v in fields)]
    if close:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def outcome_of(one, kept_bytes=1 << 20):
    """Of a response on a connection that ends with it: its status, or "cut", "closed", "timeout"."""
    heard, size, tail = b"", 0, b""
    try:
        while piece := one.recv(PIECE):
            size += len(piece)
            tail = (tail + piece)[-5:]
            if len(heard) < kept_bytes:
                heard += piece
    except OSError as error:
        if not heard:
            return name_of(error)
        return "cut" if name_of(error) == "closed" else "timeout"
    if not heard.startswith(b"HTTP/1.1 "):
        return "closed"
    head, found, _ = heard.partition(b"\r\n\r\n")
    if not found:
        return "cut"
    lower = head.lower()
    whole = True
    if b"transfer-encoding: chunked" in lower:
        whole = size > len(head) + 4 and tail.endswith(b"\r\n\r\n")  # Trailers or none.
    elif b"content-length: " in lower and head[9:12] not in (b"204", b"304"):
        stated = int(lower.split(b"content-length: ")[1].split(b"\r\n")[0])
        whole = size - len(head) - 4 == stated
    return head[9:12].decode() if whole else "cut"


def ask(target, path, host, index=0, **more):
    try:
        with target.connect(index) as one:
            one.sendall(request(path, host, close=True, **more))
            return outcome_of(one)
    except OSError as error:
        return name_of(error)


def hit(path, clients, total, host=WARM):
    """`total` requests for the path, of so many clients at a time."""
    def one_pass(target):
        turns = iter(range(target.much(total)))

        def client(index):
            for _ in turns:
                if target.over():
                    return
                target.count(ask(target, path, host, index))

        at_once(min(target.much(clients, 2), target.much(total)), client)
    return one_pass


def heads_of_every_size(path, ask_one, least=1 << 10, most=300 << 10):
    """`path` with a number of fields and their size, up to `most` bytes together; `ask_one` asks."""
    sizes = []
    size = least
    while size <= most:
        sizes.append(size)
        size = size * 3 // 2
    # Those at which buffers and frames end.
    sizes += [edge + near for edge in (16_384, 32_768, 65_536, 131_072) for near in (-200, -30, 0, 30)]

    def one_pass(target):
        for size, field in itertools.product(sizes, (100, 3_900)):
            if target.over():
                return
            if size // field <= 900:  # Of 1,000 fields that a collection may have.
                target.count(ask_one(target, f"{path}?{max(1, size // field)},{field}", WARM))
    return one_pass


def slow_posts(target):
    """A body whose bytes come one a second: 120 of them, from one address."""
    with Crowd(target) as crowd:
        head = request("/echo", WARM, "POST", [("Transfer-Encoding", "chunked")])
        open_ones = crowd.open(target.much(120), head + b"1\r\nx\r\n")
        while open_ones and not target.over():
            for one in list(open_ones):
                try:
                    one.sendall(b"1\r\nx\r\n")
                except OSError as error:
                    target.count(name_of(error))
                    open_ones.remove(one)
            pause(target, 1)


def chunks_of_one_byte(target):
    """Bodies in chunks of a byte, to a guest that lets them wait."""
    chunks = b"1\r\nx\r\n" * 10_000

    def client(index):
        try:
            with target.connect(index) as one:
                one.sendall(request("/sink?1500", WARM, "POST", [("Transfer-Encoding", "chunked")], close=True))
                for _ in range(target.much(20)):
                    one.sendall(chunks)
                one.sendall(b"0\r\n\r\n")
                target.count(outcome_of(one))
        except OSError as error:
            target.count(name_of(error))
    at_once(target.much(20, 2), client)


def slow_readers(target):
    """400 clients ask for 4 MiB and read nothing."""
    with Crowd(target) as crowd:
        crowd.open(target.much(400), request("/kilobytes?4096", WARM), receive_buffer=4_096)
        pause(target, 4)


def finished_unread(target):
    """Responses that are done, as far as the guest is concerned, and which no client takes."""
    with Crowd(target) as crowd:
        crowd.open(target.much(400), request("/kilobytes?128", WARM), receive_buffer=2_048)
        pause(target, 4)


def half_closed(target):
    """A client that has said everything closes its way out, and waits for the answer, which it gets."""
    def client(index):
        try:
            with target.connect(index) as one:
                one.sendall(request("/sleep?300", WARM, close=True))
                one.shutdown(socket.SHUT_WR)
                target.count(outcome_of(one))
        except OSError as error:
            target.count(name_of(error))
    at_once(target.much(40, 2), client)


def resets(target):
    """RST in the middle of responses."""
    for index in range(target.much(400)):
        if target.over():
            return
        try:
            one = target.connect(index, receive_buffer=4_096)
            one.sendall(request("/kilobytes?1024", WARM))
            if index % 2:
                one.recv(100)
            reset(one)
            target.count("reset")
        except OSError as error:
            target.count(name_of(error))


def waiters_left_alone(target):
    """200 requests hold all places; those that run go away, and the others must be woken."""
    with Crowd(target) as crowd:
        first = crowd.open(target.much(200, 20), request("/sleep?2500", WARM))
        pause(target, 0.5)
        for one in first[:target.much(110, 11)]:
            one.close()
        pause(target, 0.3)
        for _ in range(10):
            target.count(ask(target, "/ok", WARM))


def waiters_for_memory(target):
    """The same for memory: those that have it go away."""
    with Crowd(target) as crowd:
        first = crowd.open(target.much(40, 12), request("/hold?40,5000", FILES))
        pause(target, 0.5)
        for one in first[:target.much(20, 6)]:
            one.close()
        pause(target, 0.3)
        for _ in range(10):
            target.count(ask(target, "/ok", FILES))


def large_heads(target):
    """Heads at, and far over, what a head may be; many of them never end."""
    def client(index):
        size = (8_000, 31_000, 33_000, 200_000)[index % 4]
        fields = [(f"x-{i}", "v" * 1_000) for i in range(size // 1_000)]
        target.count(ask(target, "/ok", WARM, index, fields=fields))
    for _ in range(target.much(5)):
        at_once(target.much(40, 4), client)
    with Crowd(target) as crowd:
        crowd.open(target.much(400), b"GET / HTTP/1.1\r\nHost: evil2.test\r\nX: " + b"v" * 30_000)
        pause(target, 1)


def many_fields(target):
    fields = [(f"x{i}", "") for i in range(5_000)]
    for _ in range(target.much(20)):
        target.count(ask(target, "/ok", WARM, fields=fields))
        target.count(ask(target, "/ok", WARM, fields=[("Cookie", "a=b")] * 99))


def early_answers(target):
    """1 MiB goes on being sent after the answer, which must come whole."""
    def client(index):
        try:
            with target.connect(index) as one:
                one.sendall(request("/early", WARM, "POST", [("Content-Length", 1 << 20)], close=True))
                for _ in range(16):
                    one.sendall(bytes(PIECE))
                target.count(outcome_of(one))
        except OSError as error:
            target.count(name_of(error))
    at_once(target.much(30, 2), client)


def idle_connections(target):
    """16 addresses with 1,000 connections each that stay open after one request: more than there may be."""
    with Crowd(target) as crowd:
        crowd.open(target.much(15_900), request("/ok", WARM))
        pause(target, 3)


def connection_flood(target):
    """Connections that are opened and closed, as fast as one client can."""
    for index in range(target.much(3_000)):
        if target.over():
            return
        try:
            one = target.connect(index)
            if index % 3 == 0:
                one.sendall(request("/ok", WARM))
            reset(one)
        except OSError as error:
            target.count(name_of(error))


def silent_connections(target):
    """Connections that never say anything, and some that say half a line."""
    with Crowd(target) as crowd:
        crowd.open(target.much(3_000))
        crowd.open(target.much(1_000), b"GET /o")
        pause(target, 3)


def slow_admin(target):
    """70 connections to the admin listener that never finish a head: /livez must answer beside them."""
    with Crowd(target) as crowd:
        crowd.open(target.much(200, 70), b"GET /livez HTTP/1.1\r\nHo", port=target.admin_port)
        for _ in range(5):
            try:
                with target.connect(port=target.admin_port) as one:
                    one.sendall(request("/livez", "localhost", close=True))
                    target.count(outcome_of(one))
            except OSError as error:
                target.count(name_of(error))


def pipelines(target):
    """Thousands of requests before the first answer is read, and none read at all."""
    def client(index):
        try:
            with target.connect(index, receive_buffer=4_096) as one:
                one.settimeout(1.5)
                for _ in range(target.much(50)):
                    one.sendall(request("/kilobytes?8", WARM) * 100)
        except OSError as error:
            target.count(name_of(error))
    at_once(target.much(20, 2), client)


GARBAGE = [b"\x16\x03\x01\xff\xff" + b"\0" * 600, b"\0" * 70_000, b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 40_000,
           b"POST /ok HTTP/1.1\r\nHost: evil2.test\r\nContent-Length: 99999999999999999999\r\n\r\n",
           b"POST /ok HTTP/1.1\r\nHost: evil2.test\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
           b"POST /ok HTTP/1.1\r\nHost: evil2.test\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"e" * 70_000,
           b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: evil2.test\r\n\r\n",
           b"GET /%00%2e%2e/%ff HTTP/1.1\r\nHost: evil2.test\r\n\r\n",
           b"GET /ok HTTP/1.1\r\nHost: evil2.test\r\nHost: good.test\r\n\r\n",
           b"CONNECT good.test:80 HTTP/1.1\r\nHost: good.test:80\r\n\r\n",
           b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100]


def garbage(target):
    for bytes_ in GARBAGE * target.much(8):
        if target.over():
            return
        try:
            with target.connect() as one:
                one.settimeout(2)
                one.sendall(bytes_)
                one.shutdown(socket.SHUT_WR)
                target.count(outcome_of(one))
        except OSError as error:
            target.count(name_of(error))


def trailer_bombs(target):
    """Chunked bodies with more trailers than there may be, to a guest that reads, and one that does not."""
    bomb = b"1\r\nx\r\n0\r\n" + b"".join(b"x%d: %s\r\n" % (i, b"v" * 200) for i in range(2_000)) + b"\r\n"

    def client(index):
        path = "/echo" if index % 2 else "/early"
        try:
            with target.connect(index) as one:
                one.sendall(request(path, WARM, "POST", [("Transfer-Encoding", "chunked")], close=True) + bomb)
                target.count(outcome_of(one))
        except OSError as error:
            target.count(name_of(error))
    for _ in range(target.much(5)):
        at_once(target.much(20, 2), client)


def expectations(target):
    """Expect: 100-continue, and then no body."""
    with Crowd(target) as crowd:
        crowd.open(target.much(300), request("/echo", WARM, "POST",
                                             [("Expect", "100-continue"), ("Content-Length", 100_000)]))
        pause(target, 3)


def partial_hellos(target):
    """TLS records of a byte, and handshakes that stop in the middle."""
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100)
    with Crowd(target) as crowd:
        open_ones = crowd.open(target.much(800), hello[:7], port=target.https_port)
        for place in range(7, 20):
            for one in open_ones:
                try:
                    one.sendall(hello[place:place + 1])
                except OSError:
                    target.count("closed")
            pause(target, 0.2)
