"""Clients of HTTP/3 from elsewhere: ngtcp2's gtlsclient, and curl. Each body is compared with what it is."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import site_answers
from servers import TEMPORARY
from suite import PEER, Result, Suite, find_peers

SIZE = 10 << 20
CLIENT_MAX_S = 300  # At 20 % loss, 10 MB may take a server most of a minute.
# After which the client gives up. Where a loss goes into its first round trip, this is taken for 1 s or
# more, and a few rounds of probes that are all lost take longer than its own 30 s and, for the handshake, 10.
CLIENT_PATIENCE = "120s"


class Wrong(Exception):
    """What a client met."""


class Visit:
    """One run of a client: its server, and a folder that is gone afterwards."""

    def __init__(self, server):
        self.server = server
        self.origin = f"https://{server.name}:{server.https_port}"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pear-client-", dir=TEMPORARY))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def call(self, *command):
        done = subprocess.run([PEER, "run", *map(str, command)], cwd=self.folder, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=CLIENT_MAX_S)
        if done.returncode != 0:
            raise Wrong(f"{command[0]} ended with {done.returncode}:\n{done.stdout[-2000:]}")
        return done.stdout


def require(holds, what, said=""):
    if not holds:
        raise Wrong(f"{what}\n{said[-2000:]}".strip())


def compare(file, wanted):
    require(file.exists(), "no body came")
    got = file.read_bytes()
    if got != wanted:
        at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b), min(len(got), len(wanted)))
        raise Wrong(f"{len(got)} bytes came instead of {len(wanted)}, and byte {at} is another: "
                    f"{got[at:at + 100]}")


# ---- gtlsclient.

def transfer(visit, path, *options):
    """The body that comes is that of /bytes/SIZE; what the client said."""
    file = visit.folder / pathlib.Path(path).name
    file.unlink(missing_ok=True)
    said = visit.call("gtlsclient", "--no-quic-dump", "--no-http-dump", "--exit-on-all-streams-close",
                      f"--download={visit.folder}", f"--sni={visit.server.name}",
                      f"--timeout={CLIENT_PATIENCE}", f"--handshake-timeout={CLIENT_PATIENCE}", *options,
                      "127.0.0.1", visit.server.https_port, f"{visit.origin}/{path}")
    compare(file, site_answers.deterministic(SIZE))
    return said


def download(visit, *options):
    return transfer(visit, f"bytes/{SIZE}", *options)


def upload_of(visit):
    """That sends the body of /bytes/SIZE."""
    sent = visit.folder / "sent"
    sent.write_bytes(site_answers.deterministic(SIZE))
    return "--http-method=POST", f"--data={sent}"


def kept(visit):
    """Where sessions are kept from one call to the next."""
    return f"--session-file={visit.folder}/session", f"--tp-file={visit.folder}/parameters"


def handshake_bytes(said):
    """What the server's handshake took, but for its hello: much more with a certificate than without."""
    pieces = re.findall(r"frm rx \d+ Handshake CRYPTO\(0x06\) offset=(\d+) len=(\d+)", said)
    return max((int(offset) + int(size) for offset, size in pieces), default=0)


def plain(visit):
    download(visit, "-q")


def loss(visit):
    download(visit, "-q", "-t", "0.2", "-r", "0.2")


def loss_upload(visit):
    transfer(visit, "echo", *upload_of(visit), "--cc=bbr", "-q", "-t", "0.2", "-r", "0.2")


def rebinding(visit):
    """The client's address changes behind its back before it asks: what it sends tells the server."""
    said = download(visit, "--change-local-addr=20ms", "--nat-rebinding", "--delay-stream=40ms")
    require("Changing local address" in said, "the address did not change", said)


def rebinding_within(visit):
    """The same in the middle of an upload. In a download, nothing that a client sends might tell of it."""
    said = transfer(visit, "echo", *upload_of(visit), "--change-local-addr=5ms", "--nat-rebinding")
    require("Changing local address" in said, "it was over before the address changed", said)


def migration(visit):
    said = download(visit, "--change-local-addr=5ms")
    require("Path validation against path" in said and "succeeded" in said, "no path was validated", said)


def key_update(visit):
    said = download(visit, "--key-update=1ms")
    require("key update confirmed" in said, "the server did not confirm the new keys", said)


def resumption(visit):
    first = download(visit, *kept(visit), "--wait-for-ticket")
    again = download(visit, *kept(visit), "--disable-early-data")
    require(0 < 2 * handshake_bytes(again) < handshake_bytes(first),
            f"the session was not resumed: {handshake_bytes(first)} bytes of handshake, then "
            f"{handshake_bytes(again)}")


def early_data(visit):
    download(visit, *kept(visit), "--wait-for-ticket")
    again = download(visit, *kept(visit))
    require("type=0RTT" in again, "the tickets are not good for early data")
    require("Early data was rejected" not in again, "early data was rejected")


# ---- curl.

def curl(visit, path, *options):
    """(version, status, body) of one request."""
    file = visit.folder / "body"
    file.unlink(missing_ok=True)
    port = visit.server.https_port
    said = visit.call("curl", "-sS", "--cacert", visit.server.authority, "--max-time", CLIENT_MAX_S // 2,
                      "--resolve", f"{visit.server.name}:{port}:127.0.0.1", "-o", file,
                      "-w", "%{http_version} %{response_code}", *options, f"{visit.origin}{path}")
    found = re.search(r"(\S+) (\d+)$", said)
    require(found, "curl says no version and status", said)
    return found[1], int(found[2]), file


def third(visit, path, *options):
    version, status, file = curl(visit, path, "--http3-only", *options)
    require((version, status) == ("3", 200), f"HTTP/{version} {status} instead of HTTP/3 200")
    return file


def get(visit):
    compare(third(visit, "/bytes/100000"), site_answers.deterministic(100_000))


def head(visit):
    file = third(visit, "/bytes/100000", "--head")
    require("content-length: 100000" in file.read_text().lower(), "no length in the answer to HEAD",
            file.read_text())


def posted(visit, body):
    (visit.folder / "sent").write_bytes(body)
    compare(third(visit, "/echo", "--data-binary", "@sent"), body)


def post(visit):
    posted(visit, b"a small body")


def upload(visit):
    posted(visit, os.urandom(SIZE))


def alt_svc(visit):
    """From HTTP/2 to HTTP/3, as the server's field says."""
    versions = [curl(visit, "/bytes/1000", "--alt-svc", "alternatives")[0] for _ in range(2)]
    require(versions == ["2", "3"], f"HTTP/{versions[0]}, then HTTP/{versions[1]}, instead of 2 and 3")


GTLSCLIENT = {"plain": plain, "loss": loss, "loss upload": loss_upload, "rebinding": rebinding,
              "rebinding within": rebinding_within, "migration": migration,
              "key update": key_update, "resumption": resumption, "early data": early_data}
CURL = {"get": get, "head": head, "post": post, "upload": upload, "alt-svc": alt_svc}


def runner(modes):
    def run(_program, mode, server):
        with Visit(server) as visit:
            try:
                modes[mode](visit)
            except Wrong as wrong:
                return Result(0, 1, str(wrong))
            except subprocess.TimeoutExpired:
                return Result(0, 1, f"the client took more than {CLIENT_MAX_S} s")
        return Result(1, 1)
    return run


SUITES = [
    Suite("gtlsclient", tuple(GTLSCLIENT), 10, True, find_peers, runner(GTLSCLIENT)),
    Suite("curl", tuple(CURL), 10, True, find_peers, runner(CURL)),
]
