"""The house that is attacked: a shop, a good neighbour, and three hostile tenants, in one server.

`evil` has a folder and makes an instance for each request, `evil2` keeps its instances, and what `spare` serves
is changed by its owner while the server runs."""

import os
import pathlib
import subprocess

MORE = "# What follows was not there before.\n"  # Ends what the house itself has.
BIG_BYTES = 1 << 20

SERVER = """pear_version = 1
[server]
listen = "127.0.0.1:{port}"
https = "127.0.0.1:{https_port}"
admin = "127.0.0.1:{admin_port}"
preset = "prod"
cores = {cores}
cache = "{cache}"
[[server.certificate]]
chain = "cert.pem"
key = "key.pem"
{more}"""

HOSTILE = """[site.evil]
hosts = ["evil.test"]
source = "components/tenant.wasm"
[[site.evil.permissions.files]]
source = "granted"
destination = "/data"
writable = true
[site.evil2]
hosts = ["evil2.test", "localhost", "a"]
source = "components/tenant.wasm"
run.isolation = "cage"
[site.good]
hosts = ["good.test"]
source = "components/tenant.wasm"
run.isolation = "cage"
[site.spare]
hosts = ["spare.test"]
source = "spare.wasm"
"""


def site(name, source, host):
    return f'[site.{name}]\nhosts = ["{host}"]\nsource = "components/{source}"\n'


def base_of(text):
    return text.partition(MORE)[0]


def sparse_copy(source, place):
    copy = pathlib.Path(f"{place}.new")
    with open(source, "rb") as file, open(copy, "wb") as out:
        out.write(file.read(1 << 20))
        out.truncate(source.stat().st_size)
    return copy


def restore(folder):
    """What the attacks of deploys.py have changed. A reload puts it into force."""
    folder = pathlib.Path(folder)
    new = folder / "restored"
    new.write_bytes((folder / "components" / "tenant.wasm").read_bytes())
    os.replace(new, folder / "spare.wasm")
    path = folder / "pear.toml"
    new.write_text((folder / "pear.toml.first").read_text())
    os.replace(new, path)
    for left in ("out.bin", "fill.bin", "sync.bin"):
        (folder / "granted" / left).unlink(missing_ok=True)


def make_granted(folder):
    """What the attacks of guest/files.h find."""
    granted, outside = folder / "granted", folder / "outside"
    granted.mkdir()
    outside.mkdir()
    (granted / "big.bin").write_bytes(os.urandom(BIG_BYTES))
    (granted / "planted").symlink_to("/etc")
    (outside / "secret").write_text("secret\n")
    os.mkfifo(granted / "fifo")
    for place in range(300):
        (granted / f"{place:03}{'n' * 200}").touch()


def make_certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)


def furnish(folder, ports, cache, cores=2, more_server="", more_sites=""):
    """The files of a server in `folder`, which holds the pack's components/ already. `ports`: HTTP, HTTPS, admin."""
    port, https_port, admin_port = ports
    make_granted(folder)
    make_certificate(folder)
    text = SERVER.format(port=port, https_port=https_port, admin_port=admin_port, cores=cores, cache=cache,
                         more=more_server) + HOSTILE + more_sites
    (folder / "pear.toml.first").write_text(text)
    restore(folder)
