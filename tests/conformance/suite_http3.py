"""Our own cases of QUIC, HTTP/3 and QPACK (http3_spec)."""

import re
import subprocess

from suite import HERE, SUITE_MAX_S, Result, Suite, find_peers

PROGRAM = HERE / "http3_spec"


def run(_program, mode, server):
    done = subprocess.run(
        [PROGRAM, "--server", f"127.0.0.1:{server.https_port}", "--server-name", server.name,
         "--ca", server.authority, "--group", mode, *server.http3_spec_options],
        text=True, capture_output=True, timeout=SUITE_MAX_S)
    total = re.search(r"^(\d+) cases .*: (\d+) passed, (\d+) failed", done.stdout, re.MULTILINE)
    if total is None:
        return Result(0, 0, (done.stdout + done.stderr).strip() or f"it ended with {done.returncode}")
    tests, passed, failed = map(int, total.groups())
    rows = done.stdout.splitlines()
    wrong = "\n".join(row for row in rows if row.startswith("FAIL"))
    if done.returncode != 0 or failed:
        wrong = wrong or f"it ended with {done.returncode}\n{done.stderr}"
    return Result(passed, tests, wrong,
                  "\n".join(row for row in rows if row.startswith(("known", "n/a", "lax"))))


SUITE = Suite("http3", ("quic", "http"), 5, True, find_peers, run)
