"""Pear and its peers as servers, each with the configuration that is compared."""

import os
import pathlib

from . import tools
from .process import Server, free_port

HERE = pathlib.Path(__file__).resolve().parent.parent
# Runs a program of Debian 13: see tests/peers.
PEER = HERE.parent / "tests" / "peers" / "debian13"

# What `wasmtime serve` is started with. "best": the pooling allocator, and instances
# that are reused without end, which is what raised its throughput most; "pooling" keeps its default of one request per instance; "default" has no flags.
# -S cli: components made with the generic adapter import wasi:cli. It changes nothing else.
WASMTIME_FLAGS = {
    "best": ["-S", "cli", "-O", "pooling-allocator=y", "--max-instance-reuse-count", "100000000"],
    "pooling": ["-S", "cli", "-O", "pooling-allocator=y"],
    "default": ["-S", "cli"],
}


def wasmtime(context, component, flags):
    port = free_port()
    command = [context.wasmtime, "serve", "--addr", f"127.0.0.1:{port}", *WASMTIME_FLAGS[flags], component]
    return Server(f"wasmtime-{flags}", command, context.new_folder(f"wasmtime-{flags}"), port)


# By TLS and HTTP/2, as nginx before 1.25 spells it; and with HTTP/3, as Debian 13's does.
_HTTPS = """listen 127.0.0.1:{port} ssl http2 reuseport backlog=4096;
    ssl_certificate {chain};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.2 TLSv1.3;"""
_HTTP3 = """listen 127.0.0.1:{port} ssl reuseport backlog=4096;
    listen 127.0.0.1:{port} quic reuseport;
    http2 on;
    ssl_certificate {chain};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.2 TLSv1.3;"""


def nginx(context, body, workers=None, https=False, http3=False):
    """A static file with these bytes, whatever the path; by TLS and HTTP/2 too where asked. With `http3` it is
    Debian 13's, which speaks that too."""
    folder = context.new_folder("nginx")
    (folder / "root").mkdir()
    (folder / "root" / "hello.txt").write_bytes(body)
    port, https_port = free_port(), free_port()
    text = (HERE / "nginx.conf.in").read_text()
    https_text = ""
    if https or http3:
        chain, key = context.certificate()
        https_text = (_HTTP3 if http3 else _HTTPS).format(port=https_port, chain=chain, key=key)
    values = {"@HTTPS@": https_text, "@GSO@": "quic_gso on;" if http3 else "",
              "@PORT@": str(port), "@FOLDER@": str(folder),
              "@WORKERS@": str(workers or context.cores),
              "@USER_LINE@": "user root;" if os.geteuid() == 0 else ""}
    for name, value in values.items():
        text = text.replace(name, value)
    (folder / "nginx.conf").write_text(text)
    program = [PEER, "run", "nginx"] if http3 else [context.nginx]
    command = [*program, "-c", folder / "nginx.conf", "-p", folder, "-e", folder / "nginx-error.log"]
    server = Server("nginx", command, folder, port)
    server.https_port = https_port
    return server


PEAR_TOML = """pear_version = 1
[server]
listen = "127.0.0.1:{port}"
https = "{https}"
{certificate}
admin = "127.0.0.1:{admin_port}"
cores = {cores}
cache = "{cache}"
http.connections_per_address_max = "none"
http3.congestion = "{congestion}"
[server.log]
access = {access_log}
[site.bench]
hosts = []
source = "{component}"
cages = {cages}
[site.bench.limits]
cpu = "{cpu}"
[site.bench.run]
isolation = "{isolation}"
max_requests_per_instance = 100000000
"""
OTHER_SITE = """
[site.other]
hosts = ["other.test"]
source = "{component}"
[site.other.run]
isolation = "cage"
"""


def pear(context, component, isolation="cage", access_log=False, cages="\"per-core\"", cpu="1000ms",
         name="pear", other_site=False, https=False, congestion="bbr", program=None):
    """`pear up` with a configuration of its own. Lines of the log go to a file, as with a service. `program`: another
    than the one that is measured; it has its own cache, as it may compile otherwise."""
    folder = context.new_folder(name)
    cache = context.pear_cache
    if program not in (None, context.pear):
        cache = folder / "cache"
        cache.mkdir(mode=0o700)
    port, admin_port = free_port(), free_port()
    https_port = free_port()
    chain, key = context.certificate() if https else (None, None)
    toml = PEAR_TOML + (OTHER_SITE if other_site else "")
    (folder / "pear.toml").write_text(toml.format(
        port=port, https=f"127.0.0.1:{https_port}" if https else "off",
        certificate=f'certificate = [{{ chain = "{chain}", key = "{key}" }}]' if https else "",
        admin_port=admin_port, cores=context.cores, cache=cache,
        access_log="true" if access_log else "false", component=component, cages=cages, cpu=cpu,
        isolation=isolation, congestion=congestion))
    # The settings are the file's alone.
    env = {"PORT": "", "LISTEN_FDS": ""}
    server = Server(name, [program or context.pear, "up", folder / "pear.toml"], folder, port, env=env)
    server.admin_port = admin_port
    server.https_port = https_port
    for variable in env:
        server.env.pop(variable, None)
    return server
