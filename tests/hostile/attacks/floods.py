"""The floods of the scenario `abuse` (bench/pearbench/offender.py), at the rates at which they are measured there."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "bench"))

from pearbench import offender  # noqa: E402

BY_TLS = {"tls_hellos", "quic_initials"}
FLOOD_S = 3


def flood(kind, rate):
    def one_pass(target):
        port = target.https_port if kind in BY_TLS else target.port
        one = offender.HTTP2[kind] if kind in offender.HTTP2 else offender.OTHERS[kind]
        client = offender.Flood(one, port) if kind in offender.HTTP2 else one(port)
        begin, done = time.monotonic(), 0
        try:
            while (now := time.monotonic()) - begin < target.scale * FLOOD_S:
                count = int((now - begin) * rate) - done
                client.tick(min(count, max(2, rate // 10)))
                done += count
                time.sleep(offender.TICK_S)
        except OSError:
            target.count("closed")
        target.saw["sent"] += client.sent
        target.saw["cut"] += client.cuts
    return one_pass
