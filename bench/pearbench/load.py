"""The load: wrk for a closed loop over HTTP/1.1 that others can repeat, `pear bench` for all else: open loops,
HTTP/2, HTTP/3, TLS handshakes, connections that are held open."""

import dataclasses
import json
import re
import select
import subprocess
import time

from .process import BenchError

_UNITS_US = {"us": 1.0, "ms": 1e3, "s": 1e6, "m": 60e6}


@dataclasses.dataclass
class Load:
    rate: float            # Answers per second.
    requests: int
    failed: int            # Lost connections, timeouts and statuses other than 2xx and 3xx.
    p50_us: float = 0
    p99_us: float = 0


def _micros(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * _UNITS_US[unit]


def parse_wrk(text):
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    requests = re.search(r"(\d+) requests in", text)
    if not rate or not requests:
        raise BenchError(f"wrk said nothing that is understood:\n{text[-1000:]}")
    failed = 0
    if errors := re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text):
        failed += sum(int(n) for n in errors.groups())
    if statuses := re.search(r"Non-2xx or 3xx responses: (\d+)", text):
        failed += int(statuses[1])
    percentiles = dict(re.findall(r"^\s+(\d+)%\s+([\d.]+(?:us|ms|s|m))$", text, re.MULTILINE))
    return Load(rate=float(rate[1]), requests=int(requests[1]), failed=failed,
                p50_us=_micros(percentiles["50"]) if "50" in percentiles else 0,
                p99_us=_micros(percentiles["99"]) if "99" in percentiles else 0)


def wrk(program, url, seconds, connections=64, script=None):
    command = [program, "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    if script:
        command += ["-s", str(script)]
    done = subprocess.run([*command, url], capture_output=True, text=True, timeout=seconds + 60)
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command)} {url}: {done.stderr.strip()}")
    return parse_wrk(done.stdout)


def pear_bench(program, *arguments, seconds=60):
    """The JSON of one `pear bench`, as Python values."""
    command = [str(program), "bench", "--json", *[str(a) for a in arguments]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    # 1 says that answers were wrong or missing: the figures say which.
    if done.returncode not in (0, 1) or not done.stdout.startswith("{"):
        raise BenchError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def load_of(document):
    """What one target of one round came to, of pear_bench()."""
    figures = document["targets"][0]["rounds"][0]
    return Load(rate=figures["requests_per_s"], requests=int(figures["answered"]), failed=int(figures["failed"]),
                p50_us=figures.get("p50_ns", 0) / 1e3, p99_us=figures.get("p99_ns", 0) / 1e3)


class Held:
    """Connections that `pear bench --hold` has opened, each with one answer, and holds open."""

    OPEN_S = 120
    HOLD_S = 600  # Far more than anybody looks at them.

    def __init__(self, program, url, count, *options):
        self.command = [str(program), "bench", "--hold", f"{self.HOLD_S}s", "-c", str(count), "--timeout", "20s",
                        *[str(option) for option in options], url]
        self.count = count
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        end = time.monotonic() + self.OPEN_S
        said = b""
        while b"\n" not in said:
            if not select.select([self.process.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
                break
            piece = self.process.stdout.read1(4096)
            if not piece:
                break
            said += piece
        if said.split(b"\n")[0] != f"open {self.count}".encode():
            self.__exit__()
            raise BenchError(f"{' '.join(self.command)} did not open all: {said[:200]!r}")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
