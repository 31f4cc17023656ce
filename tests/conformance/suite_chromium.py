"""A browser: Chromium of Debian 13, driven by playwright-core, by HTTP/2 and HTTP/3."""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import site_answers
from servers import TEMPORARY
from suite import HERE, PEER, Result, Suite, Trouble, cache_folder

FOLDER = HERE / "chromium"
NODE_MIN = 20
VISIT_MAX_S = 300
DOWNLOAD = 1_000_000
PIECES = 20
UPLOAD = 5_000_000

# Chromium takes QUIC only with a certificate whose root is public, but for hosts of which some port has to
# be asked by QUIC. So port 1 of ours has to; the true one is still found by Alt-Svc alone.
MODES = {
    "h2": ("h2", None, ["--disable-quic"]),
    "h3": ("h3", None, ["--enable-quic", "--origin-to-force-quic-on={name}:{port}"]),
    "h3 alt-svc": ("h3", "h2", ["--enable-quic", "--origin-to-force-quic-on={name}:1"]),
}


# ---- What is needed.

def find():
    """The folder that has playwright-core, as package-lock.json says it. The browser is installed, too."""
    if subprocess.run([PEER, "--set", "browser", "make"], stdout=subprocess.PIPE).returncode != 0:
        raise Trouble("this suite needs the root of Debian 13 that has a browser (see above)")
    said = subprocess.run(["node", "--version"], text=True, capture_output=True).stdout \
        if shutil.which("node") and shutil.which("npm") else ""
    version = re.match(r"v(\d+)", said)
    if version is None or int(version[1]) < NODE_MIN:
        raise Trouble(f"this suite needs npm and Node {NODE_MIN} or newer: `tools/setup` installs them")
    files = [FOLDER / "package.json", FOLDER / "package-lock.json"]
    content = b"".join(file.read_bytes() for file in files)
    folder = cache_folder() / f"chromium-{hashlib.sha256(content).hexdigest()[:12]}"
    if not folder.is_dir():
        install(folder, files)
    return folder


def install(folder, files):
    """Under another name until all of it is there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    print(f"installing playwright-core into {folder}", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}-") as outer:
        draft = os.path.join(outer, "draft")
        os.mkdir(draft)
        for file in files:
            shutil.copy(file, draft)
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=draft,
                              text=True, stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode != 0:
            raise Trouble(f"`npm ci` in {FOLDER} failed:\n{done.stdout}{done.stderr}")
        try:
            os.rename(draft, folder)
        except OSError:
            if not folder.is_dir():  # Another may have been faster.
                raise


# ---- One visit.

def key_digest(certificate):
    """Of its public key, as Chromium wants it."""
    key = subprocess.run(["openssl", "x509", "-in", certificate.chain, "-noout", "-pubkey"],
                         check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, check=True,
                         capture_output=True).stdout
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def answer_of(body, **more):
    return {"size": len(body), "digest": hashlib.sha256(body).hexdigest(), **more}


def uploaded():
    """What visit.mjs sends."""
    return bytes((i * 31 + (i >> 8)) & 255 for i in range(UPLOAD))


def requests():
    sent = answer_of(uploaded())
    streamed = site_answers.deterministic(PIECES * site_answers.PIECE_BYTES)
    return [
        {"name": "fetch", "request": {"path": f"/bytes/{DOWNLOAD}"},
         "answer": answer_of(site_answers.deterministic(DOWNLOAD))},
        {"name": "streamed response", "request": {"path": f"/stream/{PIECES}"},
         "answer": answer_of(streamed, pieces=PIECES, pause_ms=site_answers.PAUSE_MS)},
        {"name": "upload", "request": {"path": "/echo", "body": {"size": UPLOAD}}, "answer": sent},
        {"name": "streamed upload", "request": {"path": "/echo", "body": {"size": UPLOAD}, "streamed": True},
         "answer": sent},
    ]


def order(modules, mode, server):
    protocol, first, arguments = MODES[mode]
    return {
        "modules": str(modules), "origin": f"https://{server.name}:{server.https_port}", "protocol": protocol,
        "first": first, "requests": requests(),
        "arguments": [argument.format(name=server.name, port=server.https_port) for argument in arguments] + [
            f"--host-resolver-rules=MAP {server.name} 127.0.0.1",
            f"--ignore-certificate-errors-spki-list={key_digest(server.certificate)}"]}


def run(modules, mode, server):
    with tempfile.TemporaryDirectory(prefix="pear-chromium-", dir=TEMPORARY) as folder:
        try:
            done = subprocess.run(["node", FOLDER / "visit.mjs", json.dumps(order(modules, mode, server))],
                                  env={**os.environ, "TMPDIR": folder}, text=True, stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=VISIT_MAX_S)
        except subprocess.TimeoutExpired:
            return Result(0, 1, f"the visit took more than {VISIT_MAX_S} s")
    try:
        checks = json.loads(done.stdout)["checks"]
    except (ValueError, KeyError):
        return Result(0, 1, f"the visit ended with {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}")
    wrong = [check for check in checks if check["wrong"]]
    return Result(len(checks) - len(wrong), len(checks),
                  "\n".join(f"{check['name']}: {check['wrong']}" for check in wrong))


SUITE = Suite("chromium", tuple(MODES), 3, True, find, run)
