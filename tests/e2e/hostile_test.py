"""The hostile pack (tests/hostile): no guest crashes, hangs or starves the server or another site."""

import collections
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from pear_process import ROOT, PearProcess

TOOL = os.environ["PEAR_COMPONENTIZE_TOOL"]


def allows(allowed, status):
    return any(status == a or (a.endswith("xx") and status != "cut" and status[0] == a[0])
               for a in allowed)


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="pear-hostile-"))
        os.environ["XDG_CACHE_HOME"] = str(cls.folder / "cache")
        # Built once for a source state; the test command runs it again and again.
        cls.pack = pathlib.Path(os.environ.get("PEAR_HOSTILE_PACK", cls.folder / "pack"))
        subprocess.run([sys.executable, ROOT / "tests/hostile/build.py", cls.pack, "--tool", TOOL],
                       check=True, stdout=subprocess.DEVNULL)
        cls.manifest = json.loads((cls.pack / "manifest.json").read_text())
        cls.cases = cls.manifest["case"]
        lines = ["pear_version = 1", "[server]", 'preset = "prod"']
        # A file that is not there keeps `pear up` from starting: serving_test.py has that.
        malformed = [e for e in cls.manifest["malformed"] if (cls.pack / e["file"]).exists()]
        for entry in cls.cases + malformed:
            lines += [f'[site.{entry["name"].replace("_", "-")}]',
                      f'hosts = ["{cls.host_of(entry)}"]',
                      f'source = "{cls.pack / entry["file"]}"', "cages = 1",
                      f'[site.{entry["name"].replace("_", "-")}.run]',
                      f'isolation = "{entry.get("isolation", "request")}"',
                      f'[site.{entry["name"].replace("_", "-")}.limits]']
            for key, value in cls.manifest["limits"].items():
                lines.append(f"{key} = {json.dumps(value)}")
        (cls.folder / "pear.toml").write_text("\n".join(lines) + "\n")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @staticmethod
    def host_of(entry):
        return entry["name"].replace("_", "-") + ".test"

    def ask(self, pear, case, path=None):
        """The status, or "cut", and what came of the body."""
        request = case["request"]
        connection = http.client.HTTPConnection("127.0.0.1", pear.port, timeout=60)
        body = b""
        try:
            connection.connect()
            connection.putrequest(request["method"], path or request["path"], skip_host=True)
            connection.putheader("Host", self.host_of(case))
            size = 0 if path else request["body_bytes"]
            if size:
                connection.putheader("Content-Length", str(size))
            connection.endheaders()
            sender = threading.Thread(target=self.send, args=(connection.sock, size))
            sender.start()
            try:
                response = connection.getresponse()
                while chunk := response.read1(65536):
                    body += chunk
                    if request["read"] == "some" and len(body) > 1 << 20:
                        return str(response.status), body
                # http.client does not tell a body that is too short for its Content-Length.
                if response.length:
                    return "cut", body
                return str(response.status), body
            except (http.client.HTTPException, ConnectionError):
                return "cut", body
            finally:
                if request["read"] == "some":
                    connection.close()
                sender.join(60)
        finally:
            connection.close()

    @staticmethod
    def send(sock, size):
        try:
            while size > 0:
                size -= sock.send(bytes(min(size, 65536)))
        except OSError:
            pass  # Answered before the body was through.

    def test_every_case_ends_as_the_manifest_allows(self):
        wrong = []
        with PearProcess(self.folder, wait=False) as pear:
            self.wait_until_answered(pear)
            pid = pear.server_pid()
            for case in self.cases:
                for attempt in range(case["repeat"]):
                    status, body = self.ask(pear, case)
                    complaint = None
                    if not allows(case["status"], status):
                        complaint = f"gave {status}, not one of {case['status']}"
                    elif status != "cut" and "body" in case and body != case["body"].encode():
                        complaint = f"gave the body {body[:60]!r}"
                    elif "body_bytes" in case and len(body) != case["body_bytes"]:
                        complaint = f"gave {len(body)} bytes"
                    elif "body_prefix" in case and not body.startswith(case["body_prefix"].encode()):
                        complaint = f"began with {body[:60]!r}"
                    if complaint:
                        wrong.append(f"{case['name']} (attempt {attempt + 1}): {complaint}")
                if case["ok"] and (answer := self.ask(pear, case, "/ok")) != ("200", b"ok"):
                    wrong.append(f"{case['name']}: /ok gave {answer[0]} {answer[1][:60]!r}")
            self.assertEqual(pear.server_pid(), pid, "the server process died")
            faults = self.faults_by_site(pear)
            for case in self.cases:
                kinds = {"exit": "host", "start": "trap"}
                allowed = {kinds.get(kind, kind) for kind in case["fault"]}
                seen = faults[case["name"].replace("_", "-")]
                if extra := seen - allowed:
                    wrong.append(f"{case['name']}: faults {sorted(extra)}, allowed {sorted(allowed)}")
            self.assertEqual(pear.stop(), 0)
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    def wait_until_answered(self, pear):
        """Sites that cannot start keep the server from being ready; the others serve all the same."""
        end = time.monotonic() + 120
        plain = next(c for c in self.cases if c["ok"])
        while time.monotonic() < end:
            if pear.process.poll() is not None:
                self.fail(f"the server ended: {pear.events[-10:]}")
            try:
                if self.ask(pear, plain, "/ok")[0] == "200":
                    return
            except OSError:
                pass
        self.fail(f"nothing is served: {pear.events[-10:]}")

    def faults_by_site(self, pear):
        faults = collections.defaultdict(set)
        metrics = pear.admin("/metrics")[1].decode()
        for line in metrics.splitlines():
            if line.startswith("pear_faults_total{") and not line.endswith(" 0"):
                labels = dict(part.split("=") for part in line[line.index("{") + 1:line.index("}")].split(","))
                faults[labels["site"].strip('"')].add(labels["kind"].strip('"'))
        return faults


if __name__ == "__main__":
    unittest.main()
