"""The load: wrk for a closed loop that others can repeat, h2load for the same over HTTP/2, openssl for TLS
handshakes, `pear bench` for what none of them can do."""

import dataclasses
import json
import re
import subprocess

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


def parse_h2load(text):
    rate = re.search(r"finished in [\d.]+\w+, ([\d.]+) req/s", text)
    requests = re.search(r"requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed, "
                         r"(\d+) errored, (\d+) timeout", text)
    if not rate or not requests:
        raise BenchError(f"h2load said nothing that is understood:\n{text[-1000:]}")
    done, succeeded, failed, errored, timeout = (int(n) for n in requests.groups())
    return Load(rate=float(rate[1]), requests=succeeded, failed=max(failed, errored, timeout, done - succeeded))


def h2load(program, url, seconds, connections=32, streams=32):
    command = [program, "-t1", f"-c{connections}", f"-m{streams}", f"-D{seconds}", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command)}: {done.stderr.strip()}")
    return parse_h2load(done.stdout)


def handshakes(program, port, seconds):
    """Full TLS 1.3 handshakes, one after the other, each on a connection of its own."""
    command = [program, "s_time", "-connect", f"localhost:{port}", "-new", "-time", str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    count = re.search(r"(\d+) connections in (\d+) real seconds", done.stdout)
    if done.returncode != 0 or not count:
        raise BenchError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[-500:]}")
    return Load(rate=int(count[1]) / max(1, int(count[2])), requests=int(count[1]), failed=0)


def pear_bench(program, *arguments, seconds=60):
    """The JSON of one `pear bench`, as Python values."""
    command = [str(program), "bench", "--json", *[str(a) for a in arguments]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    # 1 says that answers were wrong or missing: the figures say which.
    if done.returncode not in (0, 1) or not done.stdout.startswith("{"):
        raise BenchError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)
