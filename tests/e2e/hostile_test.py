"""The hostile pack (tests/hostile): no guest crashes, hangs or starves the server or another site."""

import collections
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from pear_process import DEADLINE_S, ROOT, PearProcess

TOOL = os.environ["PEAR_COMPONENTIZE_TOOL"]
AT_ONCE_S = 2  # /ok, whatever else the two cores do.
CLIENTS = 4  # Cases asked at the same time, beside those that only wait for a limit.
KEPT_BYTES = 1 << 16  # Of a body.
GROWTH_MAX = 16 << 20  # Of the server's memory, from one round of all the cases to the next.
# Of what a site is charged with: handles that a guest leaves behind in an instance that is used again are its own.
SITE_GROWTH_MAX = 64 << 10
NEIGHBOUR = "neighbour"  # A site that only ever answers /ok.
# The name of a fault in metrics, where it differs.
METRIC = {"exit": "host", "start": "trap"}

Answer = collections.namedtuple("Answer", "status body size")


def site_of(entry):
    return entry["name"].replace("_", "-")


def ask(port, site, request, path=None):
    """What a client saw: the status is "cut" where a body did not end well, "none" without a head."""
    size = request["body_bytes"]
    kept, received, status = bytearray(), 0, "none"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
    with contextlib.closing(connection), contextlib.ExitStack() as ending:
        connection.connect()
        connection.putrequest(request["method"], path or request["path"], skip_host=True)
        connection.putheader("Host", f"{site}.test")
        if size:
            connection.putheader("Content-Length", str(size))
        connection.endheaders()
        if size:
            sender = threading.Thread(target=send_zeroes, args=(connection.sock, size))
            sender.start()
            ending.callback(sender.join)
        try:
            response = connection.getresponse()
            status = str(response.status)
            while chunk := response.read1(1 << 16):
                received += len(chunk)
                kept += chunk[:KEPT_BYTES - len(kept)]
                if request["read"] == "some" and received > 1 << 20:
                    return Answer(status, bytes(kept), received)
            # http.client does not tell a body that is too short for its Content-Length.
            cut = bool(response.length)
        except (http.client.HTTPException, ConnectionError):
            cut = status != "none"
        return Answer("cut" if cut else status, bytes(kept), received)


def send_zeroes(sock, size):
    try:
        while size > 0:
            size -= sock.send(bytes(min(size, 1 << 16)))
    except OSError:
        pass  # Answered before the body was through.


GET_OK = {"method": "GET", "path": "/ok", "body_bytes": 0, "read": "all"}


def problem_with_ok(port, site):
    start = time.monotonic()
    answer = ask(port, site, GET_OK)
    took = time.monotonic() - start
    if answer[:2] != ("200", b"ok"):
        return f"/ok gave {answer.status} {answer.body[:60]!r}"
    return f"/ok took {took:.1f} s" if took > AT_ONCE_S else None


def problem_with(case, answer):
    """Where the answer is none that the case allows."""
    status, body, size = answer
    if not any(status == allowed or (allowed[1:] == "xx" and status[0] == allowed[0])
               for allowed in case["status"]):
        return f"gave {status}, not one of {case['status']}"
    if status != "cut" and "body" in case and body != case["body"].encode():
        return f"gave the body {body[:60]!r}"
    if size != case.get("body_bytes", size):
        return f"gave {size} bytes"
    if not body.startswith(case.get("body_prefix", "").encode()):
        return f"began with {body[:60]!r}"
    return None


def problem_with_faults(case, seen):
    """Where the faults of a round are not those of the case: one for each time it was asked."""
    allowed = {METRIC.get(kind, kind) for kind in case["fault"]}
    if extra := set(seen) - allowed:
        return f"faults {sorted(extra)}, allowed {sorted(allowed)}"
    total = sum(seen.values())
    if total > case["repeat"]:
        return f"{total} faults in {case['repeat']} requests"
    if not allowed & {"none", "refused"} and case["ok"] and total < case["repeat"]:
        return f"only {total} faults in {case['repeat']} requests"
    return None


class Neighbour:
    """A client of a site of its own, which must not notice anything."""

    def __init__(self, port):
        self.port = port
        self.asked = 0
        self.problems = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._stop.is_set():
            if problem := problem_with_ok(self.port, NEIGHBOUR):
                self.problems.append(f"the neighbour: {problem}")
            self.asked += 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()


class Hostile(unittest.TestCase):
    """One server for all: what a test leaves behind is the next one's problem too."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="pear-hostile-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        pack = pathlib.Path(os.environ.get("PEAR_HOSTILE_PACK", cls.folder / "pack")).resolve()
        subprocess.run([sys.executable, ROOT / "tests/hostile/build.py", pack, "--tool", TOOL],
                       check=True, stdout=subprocess.DEVNULL)
        # Beside the pack, so that no component is compiled twice.
        os.environ["XDG_CACHE_HOME"] = str(pack / "cache")
        manifest = json.loads((pack / "manifest.json").read_text())
        cls.cases = manifest["case"]
        # A file that is not there keeps `pear up` from starting: serving_test.py has that.
        cls.malformed = [e for e in manifest["malformed"] if (pack / e["file"]).exists()]
        neighbour = {"name": NEIGHBOUR, "file": "without_body.wasm", "isolation": "cage"}
        lines = ["pear_version = 1", "[server]", 'preset = "prod"', "log.access = false"]
        for entry in [neighbour, *cls.cases, *cls.malformed]:
            lines += [f"[site.{site_of(entry)}]", f'hosts = ["{site_of(entry)}.test"]',
                      f'source = "{pack / entry["file"]}"', "cages = 1",
                      f'run.isolation = "{entry.get("isolation", "request")}"']
            lines += [f"limits.{key} = {json.dumps(value)}"
                      for key, value in manifest["limits"].items()]
        (cls.folder / "pear.toml").write_text("\n".join(lines) + "\n")

        cls.pear = PearProcess(cls.folder, wait=False)
        cls.addClassCleanup(cls.pear.__exit__)
        for entry in [neighbour, *(case for case in cls.cases if case["ok"])]:
            cls.pear.wait_event("cage_started", site=site_of(entry))
        cls.pid = cls.pear.server_pid()

    @classmethod
    def tearDownClass(cls):
        code = cls.pear.stop()
        assert code == 0, f"the server ended with {code}"

    def tearDown(self):
        self.assertEqual(self.pear.server_pid(), self.pid, "the server process died")

    def test_every_case_ends_as_the_manifest_allows(self):
        before = self.faults()
        with Neighbour(self.pear.port) as neighbour:
            wrong = self.round()
        self.assertGreater(neighbour.asked, 0)
        wrong += neighbour.problems

        def problems_with_faults():
            after = self.faults()
            return [f"{case['name']}: {problem}" for case in self.cases
                    if (problem := problem_with_faults(
                        case, after[site_of(case)] - before[site_of(case)]))]

        # A guest may fault after its response.
        wrong += self.once_empty(problems_with_faults)
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    def test_memory_and_descriptors_come_back(self):
        self.round()  # Makes all that is made once.
        self.assertEqual(self.once_empty(self.activity), {})
        before = self.usage()
        self.round()
        self.assertEqual(self.once_empty(self.activity), {})

        def growth():
            after = self.usage()
            allowed = {"bytes": GROWTH_MAX, "descriptors": 0}
            return {what: after[what] - before[what] for what in before
                    if after[what] > before[what] + allowed.get(what, SITE_GROWTH_MAX)}

        self.assertEqual(self.once_empty(growth), {})

    def test_a_guest_that_cannot_start_is_given_up(self):
        for case in self.cases:
            if "start" in case["fault"] and "refused" not in case["fault"]:
                self.pear.wait_event("cage_given_up", site=site_of(case))

    def test_what_is_no_component_is_refused_by_name(self):
        for entry in self.malformed:
            refused = self.pear.wait_event("image_refused", site=site_of(entry))
            self.assertIn(f"{entry['name']}.wasm", refused["message"])
            self.assertEqual(ask(self.pear.port, site_of(entry), GET_OK).status, "503")

    def round(self):
        """Asks every case as often as it says, then whether it has healed: what was wrong."""
        waiting = [case for case in self.cases if case["fault"] == ["wall"]]
        busy = [case for case in self.cases if case not in waiting]
        with concurrent.futures.ThreadPoolExecutor(len(waiting)) as waiters, \
             concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
            asked = [*waiters.map(self.ask_case, waiting), *clients.map(self.ask_case, busy)]
        return [problem for problems in asked for problem in problems]

    def ask_case(self, case):
        port, site = self.pear.port, site_of(case)
        problems = [problem_with(case, ask(port, site, case["request"]))
                    for _ in range(case["repeat"])]
        if case["ok"]:
            problems.append(problem_with_ok(port, site))
        return [f"{case['name']}: {problem}" for problem in problems if problem]

    @staticmethod
    def once_empty(look):
        """What is seen last: nothing as soon as there is nothing to see."""
        end = time.monotonic() + 10
        while (seen := look()) and time.monotonic() < end:
            pass
        return seen

    def metrics(self, name):
        """The labels and values of a metric."""
        text = self.pear.admin("/metrics")[1].decode()
        for labels, value in re.findall(rf"^{name}{{(.*)}} (\S+)$", text, re.MULTILINE):
            yield dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(value)

    def faults(self):
        """How often each kind ended an instance, by site."""
        faults = collections.defaultdict(collections.Counter)
        for labels, value in self.metrics("pear_faults_total"):
            if value:
                faults[labels["site"]][labels["kind"]] = int(value)
        return faults

    def activity(self):
        """What is going on."""
        names = ("pear_connections", "pear_cage_requests_in_flight")
        return {name: count for name in names
                if (count := sum(value for _, value in self.metrics(name)))}

    def usage(self):
        """What the server, and what each site's guests hold."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        usage = {labels["site"]: value for labels, value in self.metrics("pear_cage_memory_bytes")}
        usage["descriptors"] = len(os.listdir(f"/proc/{self.pid}/fd"))
        usage["bytes"] = 1024 * int(re.search(r"RssAnon:\s+(\d+)", status)[1])
        return usage


if __name__ == "__main__":
    unittest.main()
