"""A link of the Internet on loopback, for UDP: a rate, a delay, a buffer, packets that get lost by chance.

The kernel's own (`tc netem`) is missing on many machines, and needs root."""

import dataclasses
import heapq
import random
import select
import socket
import threading
import time

MTU_PAYLOAD = 1472  # What UDP can carry in 1,500 bytes of IPv4. Loopback carries 64 KiB, which no link does.


@dataclasses.dataclass
class Way:
    """One direction. When a packet arrives at the other end follows from when the ones before it did."""

    rate: float         # Bit/s.
    delay: float        # s.
    buffer: int         # Bytes that may wait; what comes then is dropped.
    loss: float = 0.0   # Of all packets, by chance.
    free_at: float = 0.0

    def arrives(self, now, size, chance):
        """When, or None where the packet is lost. `chance`: 0 to 1, even."""
        waits = max(0.0, self.free_at - now)
        if size > MTU_PAYLOAD or chance < self.loss or waits * self.rate / 8 + size > self.buffer:
            return None
        self.free_at = now + waits + size * 8 / self.rate
        return self.free_at + self.delay


class Link:
    """Carries datagrams between `port`, where one client goes, and the server's. Used in a `with`.

    `faster`: (s after the first datagram, bit/s) when the way to the client gets another rate."""

    def __init__(self, server_port, rate, delay, buffer, loss=0.0, faster=None):
        self._ways = [Way(rate, delay, buffer, loss), Way(rate, delay, buffer, loss)]  # To the server, to the client.
        self._faster = faster
        self._sockets = [self._socket(), self._socket()]
        self._sockets[0].bind(("127.0.0.1", 0))
        self._sockets[1].connect(("127.0.0.1", server_port))
        self.port = self._sockets[0].getsockname()[1]
        self._client = None
        self._random = random.Random(1)
        self._under_way = []   # (when, number, way, datagram), by time.
        self._number = 0
        self._began = None
        self.fast_bytes = self.fast_s = 0.0  # To the client since the link got faster.
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @staticmethod
    def _socket():
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            made.setsockopt(socket.SOL_SOCKET, option, 4 << 20)
        return made

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        self._thread.join()
        for each in self._sockets:
            each.close()

    def _run(self):
        while not self._ends.is_set():
            wait = min(0.05, self._under_way[0][0] - time.monotonic()) if self._under_way else 0.05
            readable = select.select(self._sockets, [], [], max(0.0, wait))[0]
            for way, each in enumerate(self._sockets):
                if each in readable:
                    self._take(way, each)
            self._deliver(time.monotonic())

    def _take(self, way, from_socket):
        for _ in range(64):
            try:
                datagram, sender = from_socket.recvfrom(65536)
            except OSError:
                return
            now = time.monotonic()
            self._began = self._began or now
            if way == 0:
                self._client = sender
            if self._faster and now - self._began >= self._faster[0]:
                self._ways[1].rate = self._faster[1]
            arrives = self._ways[way].arrives(now, len(datagram), self._random.random())
            if arrives is not None:
                self._number += 1
                heapq.heappush(self._under_way, (arrives, self._number, way, datagram))

    def _deliver(self, now):
        while self._under_way and self._under_way[0][0] <= now:
            _, _, way, datagram = heapq.heappop(self._under_way)
            try:
                if way == 0:
                    self._sockets[1].send(datagram)
                else:
                    self._sockets[0].sendto(datagram, self._client)
                    self._count(now, len(datagram))
            except OSError:
                pass  # One of them has gone: its packets get lost.

    def _count(self, now, size):
        if self._faster and now - self._began > self._faster[0]:
            self.fast_bytes += size
            self.fast_s = now - self._began - self._faster[0]
