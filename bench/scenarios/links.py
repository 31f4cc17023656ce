import contextlib
import subprocess
import tempfile

from pearbench import servers
from pearbench.figures import Figure, interleaved, median, median_ratio
from pearbench.link import Link
from pearbench.process import BenchError

TITLE = "Downloads of 4 MiB by HTTP/3 over links that are slow, long and lossy, beside Debian 13's nginx; curl is the client"

BYTES = 4 << 20
# Rate, one-way delay, buffer (once what the link holds), and losses in both directions.
LINKS = {
    "clean": ("20 Mbit/s, 40 ms", {"rate": 20e6, "delay": 0.020, "buffer": 100_000}),
    "loss_1": ("the same, 1 % lost", {"rate": 20e6, "delay": 0.020, "buffer": 100_000, "loss": 0.01}),
    "loss_5": ("the same, 5 % lost", {"rate": 20e6, "delay": 0.020, "buffer": 100_000, "loss": 0.05}),
    "long": ("50 Mbit/s, 200 ms, 0.1 % lost", {"rate": 50e6, "delay": 0.100, "buffer": 1_250_000, "loss": 0.001}),
}
# Long enough for a congestion control to take the slow rate for what there is.
FASTER_AFTER_S = 12
FASTER = {"rate": 2e6, "delay": 0.020, "buffer": 100_000, "faster": (FASTER_AFTER_S, 40e6)}


def downloads(context, port, times=1):
    """Bits per second of the body, by curl on one connection."""
    with tempfile.TemporaryDirectory(prefix="pear-link-") as home:
        done = subprocess.run(
            [str(servers.PEER), "run", "curl", "--silent", "--show-error", "--http3-only", "--cacert", str(context.certificate()[0]),
             "--max-time", "120", "--output", "/dev/null", "--write-out", "%{http_code} %{size_download} %{time_total}\n",
             f"https://localhost:{port}/download?[1-{times}]"],
            capture_output=True, text=True, cwd=home, timeout=60 + 120 * times)
    answers = [line.split() for line in done.stdout.splitlines()]
    if done.returncode != 0 or [answer[:2] for answer in answers] != [["200", str(BYTES)]] * times:
        raise BenchError(f"curl came back with {done.stdout.strip()!r}: {done.stderr.strip()[-500:]}")
    return 8 * BYTES * times / sum(float(answer[2]) for answer in answers)


def over(context, server, link):
    with Link(server.https_port, **link) as way:
        return downloads(context, way.port)


def after_it_became_faster(context, server):
    with Link(server.https_port, **FASTER) as way:
        downloads(context, way.port, times=3)
        return 8 * way.fast_bytes / way.fast_s


def run(context):
    context.needs_pear()
    site = context.component("site")
    subjects = {
        "pear": servers.pear(context, site, https=True),
        "cubic": servers.pear(context, site, https=True, name="cubic", congestion="cubic"),
        "nginx": servers.nginx(context, b"x" * BYTES, http3=True),
    }
    figures = []
    with contextlib.ExitStack() as stack:
        for server in subjects.values():
            stack.enter_context(server)
        for key, (label, link) in LINKS.items():
            rates = interleaved(subjects, context.rounds, lambda _name, server: over(context, server, link))
            figures.append(Figure(key, f"{label}: rate / nginx", median_ratio(rates["pear"], rates["nginx"]), "×",
                                  note(link["rate"], {name: median(values) for name, values in rates.items()})))
        faster = {name: after_it_became_faster(context, server) for name, server in subjects.items()}
        figures.append(Figure("faster", f"2 Mbit/s that become 40 after {FASTER_AFTER_S} s: of the 40 from then on",
                              100 * faster["pear"] / FASTER["faster"][1], "%", note(FASTER["faster"][1], faster)))
    return figures


def note(rate, rates):
    return f"of {rate / 1e6:.0f} Mbit/s " + ", ".join(
        f"{'with cubic' if name == 'cubic' else name} {value / 1e6:.1f}" for name, value in rates.items())
