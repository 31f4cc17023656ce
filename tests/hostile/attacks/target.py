"""What is attacked, and the account of what the attacker saw. Only ever 127.0.0.1."""

import collections
import contextlib
import dataclasses
import socket
import struct
import threading
import time

LOOPBACK = "127.0.0.1"
FILES, WARM, SPARE = "evil.test", "evil2.test", "spare.test"  # The tenants' hosts: see tenants.py.
OTHER_ADDRESS = ("127.0.0.2", 0)  # Than that of good clients: much is counted by address.
NO_LINGER = struct.pack("ii", 1, 0)
PASS_S, SHORT_PASS_S = 8, 4  # One pass of an attack gives up what it still waits for.


@dataclasses.dataclass
class Target:
    port: int
    https_port: int = 0
    admin_port: int = 0
    ca: str = ""          # The authority of its certificate (PEM).
    folder: str = ""      # Of its configuration.
    keeper: int = 0       # The process that takes SIGHUP.
    scale: float = 1.0    # Of every number: a test is content with less than a measurement.
    saw: collections.Counter = dataclasses.field(default_factory=collections.Counter)

    def much(self, count, least=1):
        return max(least, int(count * self.scale))

    def begin(self):
        """A pass: connect() is given what is left of its time."""
        self._end = time.monotonic() + (PASS_S if self.scale >= 1 else SHORT_PASS_S)

    def left(self):
        return self._end - time.monotonic()

    def over(self):
        return self.left() <= 0

    def connect(self, index=0, receive_buffer=None, port=None):
        """A connection; each thousand indices come from an address of their own, 127.0.0.2 and so on."""
        one = socket.socket()
        try:
            one.settimeout(max(0.05, self.left()))
            if receive_buffer is not None:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((f"127.0.0.{2 + index // 1_000}", 0))
            one.connect((LOOPBACK, port or self.port))
        except OSError:
            one.close()
            raise
        return one

    def count(self, outcome):
        self.saw[outcome] += 1


class Crowd(contextlib.ExitStack):
    """Connections that are open at a time, and closed together."""

    def __init__(self, target):
        super().__init__()
        self._target = target

    def open(self, count, first=b"", receive_buffer=None, port=None):
        """As many as there may be, each with `first` sent. What was refused is counted."""
        opened = []
        for index in range(count):
            try:
                one = self.enter_context(self._target.connect(index, receive_buffer, port))
                one.sendall(first)
                opened.append(one)
            except OSError as error:
                self._target.count(name_of(error))
                if self._target.over():
                    break
        return opened


def name_of(error):
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    return "closed" if isinstance(error, OSError) else type(error).__name__


def reset(one):
    """Ends a connection by RST."""
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    one.close()


def at_once(count, task):
    """`task(index)` in so many threads; whatever they meet is theirs to count."""
    threads = [threading.Thread(target=task, args=(index,), daemon=True) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def pause(target, seconds):
    """For what has been sent to have its effect. A pass of small numbers has less to wait for."""
    time.sleep(max(0.0, min(seconds if target.scale >= 1 else seconds / 5, target.left())))
