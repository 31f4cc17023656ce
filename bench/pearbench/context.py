"""What the scenarios share: the programs, the components, how long to measure, where to write."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from . import load, tools
from .process import BenchError, watch

HERE = pathlib.Path(__file__).resolve().parent.parent


class Context:
    def __init__(self, arguments):
        self.quick = arguments.quick
        self._asked_rounds = arguments.rounds or (2 if arguments.quick else None)
        self.rounds = self.pairs(5)
        self.seconds = arguments.seconds or (1 if arguments.quick else 5)
        self.only = arguments.only
        self.before = self._program(arguments.before)
        self.cores = len(os.sched_getaffinity(0))
        self.pear = self._program(arguments.pear)
        # `pear bench` may come from another program than the one that is measured.
        self.pear_bench = self._program(arguments.pear_bench) or self.pear
        self.wrk = tools.needed("wrk", "wrk")
        self.nginx = tools.needed("nginx", "nginx-light")
        self.wasmtime = tools.wasmtime()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pear-bench-"))
        watch("folder", self.folder)
        self.folder.chmod(0o755)
        self.pear_cache = self.folder / "pear-cache"
        self.pear_cache.mkdir(mode=0o700)
        self._components = dict(item.split("=", 1) for item in arguments.component)
        self._folders = 0

    def pairs(self, default):
        """Rounds, of a scenario that needs another number of them unless it is told one."""
        return self._asked_rounds or default

    @staticmethod
    def _program(path):
        if path is None:
            return None
        path = pathlib.Path(path).resolve()
        if not os.access(path, os.X_OK):
            raise BenchError(f"{path} is no program: build it, or give another path")
        return path

    def new_folder(self, name):
        self._folders += 1
        folder = self.folder / f"{self._folders}-{name}"
        folder.mkdir()
        return folder

    def component(self, name):
        """The path of a component: given with --component, else built with `pear build`."""
        if name not in self._components:
            self._components[name] = self._build(name)
        path = pathlib.Path(self._components[name]).resolve()
        if not path.is_file():
            raise BenchError(f"component {name}: {path} is not there")
        return path

    def _build(self, name):
        if self.pear is None:
            raise BenchError(f"component {name}: give --pear to build it, or --component {name}=FILE")
        if name == "site":
            out = self.folder / "site.wasm"
            command = [self.pear, "build", "--lang", "cpp", "--out", out, HERE / "site" / "site.cc"]
            where = HERE / "site"
        elif name == "shop":
            where = self.folder / "shop"
            shutil.copytree(HERE.parent / "examples" / "shop_cpp", where)
            out = where / "site.wasm"
            command = [self.pear, "build"]
        elif name == "hono":
            where = HERE.parent / "examples" / "hono_js"
            out = where / "dist" / "hono.wasm"
            if out.is_file():
                return out
            command = [self.pear, "build", "."]
        else:
            raise BenchError(f"there is no component named {name}")
        done = subprocess.run([str(part) for part in command], cwd=where, capture_output=True,
                              text=True, timeout=600)
        if done.returncode != 0:
            raise BenchError(f"component {name} cannot be built: {done.stderr.strip()[-1000:]}")
        return out

    def needs_pear(self):
        if self.pear is None:
            raise BenchError("needs --pear PATH")

    def needs_pear_bench(self):
        if self.pear_bench is None:
            raise BenchError("needs --pear PATH or --pear-bench PATH")

    def wrk_on(self, server, path="", script=None, connections=64):
        return load.wrk(self.wrk, server.url.rstrip("/") + "/" + path.lstrip("/"), self.seconds,
                        connections=connections, script=script)

    def https_options(self, http):
        """Of `pear bench`, for a server that shows certificate()."""
        return ["--http", http, "--ca", self.certificate()[0]]

    def multiplexed_on(self, server, http):
        """A closed loop of 32 connections, each with 32 requests under way."""
        self.needs_pear_bench()
        return load.load_of(load.pear_bench(
            self.pear_bench, *self.https_options(http), "-c32", "--streams", 32, "-d", f"{self.seconds}s",
            "--warm-up", "200ms", server.https_url, seconds=self.seconds))

    def handshakes_on(self, server):
        """Full TLS 1.3 handshakes by X25519, which both have, each on a connection of its own with one request."""
        self.needs_pear_bench()
        return load.load_of(load.pear_bench(
            self.pear_bench, *self.https_options(1), "--new-connections", "--no-hybrid", "-c8",
            "-d", f"{max(2, self.seconds)}s", server.https_url, seconds=self.seconds))

    def held_on(self, url, count, *options):
        """Connections that are open and idle, for as long as the `with` lasts."""
        self.needs_pear_bench()
        return load.Held(self.pear_bench, url, count, *options)

    def certificate(self):
        """(chain, key) of a certificate for localhost, signed by itself: ECDSA P-256."""
        chain, key = self.folder / "localhost.pem", self.folder / "localhost.key"
        if not chain.exists():
            subprocess.run([tools.needed("openssl", "openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=localhost",
                            "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", chain],
                           check=True, capture_output=True)
        return chain, key

    def bench_on(self, server, *arguments, path="", seconds=60):
        self.needs_pear_bench()
        return load.pear_bench(self.pear_bench, *arguments,
                               server.url.rstrip("/") + "/" + path.lstrip("/"), seconds=seconds)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
