"""testssl.sh: what a server offers by TLS over TCP, and known holes."""

import json
import pathlib
import subprocess
import tempfile

from servers import TEMPORARY
from suite import SUITE_MAX_S, Result, Suite, find_peers

# Findings of these count, and of any that are not known here.
FINE = ("OK", "INFO", "DEBUG")

# Findings that do not count, and why: of the authority made for the test, of the site, of the client.
EXCEPTIONS = {
    "cert_revocation": "the authority of this test revokes nothing",
    "security_headers": "fields of the site, not of the server",
    "engine_problem": "of the client's own OpenSSL",
}


def in_words(finding):
    return f"{finding['severity']:<8} {finding['id']}: {finding['finding']}"


def run(program, _mode, server):
    with tempfile.TemporaryDirectory(prefix="pear-testssl-", dir=TEMPORARY) as folder:
        file = pathlib.Path(folder) / "findings.json"
        done = subprocess.run(
            [program, "run", "testssl", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "min",
             "--add-ca", server.authority, "--jsonfile", file, "--ip", "127.0.0.1",
             f"{server.name}:{server.https_port}"],
            cwd=folder, text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=SUITE_MAX_S)
        try:
            findings = json.loads(file.read_text())
        except (OSError, ValueError):
            return Result(0, 0, (done.stdout + done.stderr)[-4000:].strip())
    wrong = [finding for finding in findings if finding["severity"] not in FINE]
    known = [finding for finding in wrong if finding["id"] in EXCEPTIONS]
    counted = [finding for finding in wrong if finding["id"] not in EXCEPTIONS]
    rated = [finding for finding in findings if finding["id"] == "overall_grade"]
    if not rated:  # The last that it finds.
        return Result(0, len(findings), f"it did not come to its end:\n{done.stdout[-4000:]}")
    notes = [f"known: {in_words(finding)} ({EXCEPTIONS[finding['id']]})" for finding in known]
    notes += [f"grade {finding['finding']}" for finding in rated]
    return Result(len(findings) - len(wrong), len(findings) - len(known),
                  "\n".join(map(in_words, counted)), "\n".join(notes))


SUITE = Suite("testssl", ("tls",), 1, True, find_peers, run)
