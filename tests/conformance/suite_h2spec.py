"""h2spec: HTTP/2 and HPACK."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

from suite import SUITE_MAX_S, Result, Suite, Trouble, cache_folder

H2SPEC = "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible"


def find():
    folders = [os.environ.get("GOBIN"), pathlib.Path.home() / "go" / "bin", cache_folder()]
    for program in [shutil.which("h2spec"), *(f and pathlib.Path(f) / "h2spec" for f in folders)]:
        if program and os.access(program, os.X_OK):
            return str(program)
    go = shutil.which("go")
    if go is None:
        raise Trouble(f"h2spec is missing, and go, which installs it: `apt-get install golang-go`, "
                      f"then `go install {H2SPEC}`")
    print(f"installing h2spec into {cache_folder()}", file=sys.stderr)
    done = subprocess.run([go, "install", H2SPEC], env={**os.environ, "GOBIN": str(cache_folder())},
                          text=True, capture_output=True)
    if done.returncode != 0:
        raise Trouble(f"`go install {H2SPEC}` failed:\n{done.stderr}")
    return str(cache_folder() / "h2spec")


def run(program, mode, server):
    secure = mode.startswith("tls")
    arguments = [program, "--host", "127.0.0.1",
                 "--port", str(server.https_port if secure else server.port)]
    arguments += ["--tls", "--insecure"] if secure else []
    arguments += ["--strict"] if mode.endswith("strict") else []
    done = subprocess.run(arguments, text=True, capture_output=True, timeout=SUITE_MAX_S)
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    total = re.search(r"(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed", said)
    if total is None:
        return Result(0, 0, (said + done.stderr).strip() or f"h2spec ended with {done.returncode}")
    tests, passed, _skipped, _failed = map(int, total.groups())
    if done.returncode == 0 and passed == tests > 0:
        return Result(passed, tests)
    # Failures are repeated at the end of what it says.
    return Result(passed, tests, said[max(said.find("Failures:"), 0):].strip())


SUITE = Suite("h2spec", ("h2c", "h2c strict", "tls", "tls strict"), 100, False, find, run)
