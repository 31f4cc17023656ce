"""What a server keeps for each connection that is open and idle."""

import contextlib
import resource
import time

from .process import BenchError

# Opened before, so that what the server makes once is not counted.
_BEFORE = 200


@contextlib.contextmanager
def descriptors(count):
    """The soft limit at its hard one, which has to hold so many connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 400:
        raise BenchError(f"the limit of descriptors is {hard}: {count + 400} are needed (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def quiet_bytes(server, seconds=3.0):
    """The memory of the server once it has given back what only busy connections need."""
    lowest = server.usage().resident_bytes
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.1)
        lowest = min(lowest, server.usage().resident_bytes)
    return lowest


def bytes_each(context, server, url, count, *options):
    """Of a server that runs."""
    with context.held_on(url, _BEFORE, *options):
        before = quiet_bytes(server)
        with context.held_on(url, count, *options):
            return (quiet_bytes(server) - before) / count
