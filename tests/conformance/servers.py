"""The servers that suites run against: Pear, and others to compare it and the suites with."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import site_answers
from site_server import SiteServer
from suite import HERE, PEER, Trouble

sys.path.insert(0, str(HERE.parent / "e2e"))
from certificates import Authority  # noqa: E402

NAME = "conformance.test"  # Of servers that have one.
START_MAX_S = 60
TEMPORARY = "/tmp"  # Which the root of Debian 13 sees too.


def free_ports(count):
    """Free for TCP and for UDP."""
    with contextlib.ExitStack() as stack:
        ports = []
        while len(ports) < count:
            tcp = stack.enter_context(socket.socket())
            tcp.bind(("127.0.0.1", 0))
            udp = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
            with contextlib.suppress(OSError):
                udp.bind(tcp.getsockname())
                ports.append(tcp.getsockname()[1])
        return ports


def wait_until(holds, process, log):
    end = time.monotonic() + START_MAX_S
    while not holds():
        if process.poll() is not None or time.monotonic() > end:
            raise Trouble(f"the server does not come up:\n{log.read_text()}")
        time.sleep(0.02)


class Server:
    """Runs in a folder that is gone afterwards. `named`: it is NAME, by a certificate of `authority`."""

    http3_spec_options = ()

    def __init__(self, named):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pear-conformance-", dir=TEMPORARY))
        self.log = self.folder / "log"
        self.process = None
        self.name = NAME if named else "localhost"
        self.port, self.https_port, self.other_port = free_ports(3)
        self.environment = dict(os.environ)
        if named:
            authority = Authority(self.folder)
            self.authority = authority.own.chain
            self.certificate = authority.make("server", NAME, days=90)
        else:
            self.authority = self.certificate = None

    def seen(self):
        """The requests under /seen that the site has heard since the last call.

        A list of (how, "METHOD PATH"); how: "begins", "whole", or "refused" where the site had to.
        """
        raise Trouble(f"{type(self).__name__.lower()} serves neither HTTP/1.1 nor /seen")

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def spawn(self, *command):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(list(map(str, command)), env=self.environment,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def __exit__(self, *_):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(START_MAX_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder)


class Pear(Server):
    """Serves tests/conformance/site."""

    http3_spec_options = ("--exceptions", "pear")

    def __init__(self, program, named):
        super().__init__(named)
        self.program = program
        self._log_read = self._flushes = 0
        # What h2spec does not verify is made for these runs alone.
        self.environment |= {"PEAR": str(program), "XDG_DATA_HOME": str(self.folder / "data")}

    def start(self):
        site = self.folder / "site"
        shutil.copytree(HERE / "site", site)
        if self.certificate is not None:
            with open(site / "pear.toml", "a") as file:
                file.write(f'\n[site.conformance.https]\nhsts = "17520h"\n\n{self.certificate.table()}')
        self.call("build", site)
        self.spawn(self.program, "up", site, "--listen", f"127.0.0.1:{self.port}",
                   "--set", f"server.https=127.0.0.1:{self.https_port}",
                   "--set", f"server.admin=127.0.0.1:{self.other_port}")
        wait_until(self.is_ready, self.process, self.log)

    def call(self, *arguments):
        done = subprocess.run([self.program, *arguments], env=self.environment, text=True,
                              capture_output=True)
        if done.returncode != 0:
            raise Trouble(f"`pear {arguments[0]}` failed:\n{done.stdout}{done.stderr}")

    def is_ready(self):
        try:
            return self.fetch(self.other_port, "/readyz") is not None
        except OSError:
            return False

    @staticmethod
    def fetch(port, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=START_MAX_S) as answer:
            return answer.read()

    def seen(self):
        """From the log. All is there when a request after it is there of every core."""
        cores = {core["core"] for core in json.loads(self.fetch(self.other_port, "/status"))["cores"]}
        found, end = [], time.monotonic() + START_MAX_S
        first = self._flushes
        while cores:
            if time.monotonic() > end:
                raise Trouble(f"the log does not come, of the cores {sorted(cores)}")
            self._flushes += 1
            self.fetch(self.port, f"/seen/flush/{self._flushes}")
            for line in self.new_log_lines():
                if line["event"] == "log_dropped":
                    raise Trouble("the log has lost lines, which this suite needs")
                what = re.fullmatch(r"info: seen (begins|whole): (.*)", line.get("message", ""))
                flush = what and re.fullmatch(r"GET /seen/flush/(\d+)", what[2])
                if flush and int(flush[1]) > first:
                    cores.discard(line["core"])
                elif what and not flush:
                    found.append(what.groups())
        return found

    def new_log_lines(self):
        with open(self.log, "rb") as log:
            log.seek(self._log_read)
            whole, newline, _rest = log.read().rpartition(b"\n")
        self._log_read += len(whole + newline)
        return [json.loads(line) for line in whole.splitlines() if line.startswith(b"{")]


NGINX = """
daemon off;
pid {folder}/pid;
error_log stderr;
user root;
worker_processes 1;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 100m;
  server {{
    server_name conformance.test;
    listen 127.0.0.1:{port};
    listen 127.0.0.1:{https_port} ssl;
    listen 127.0.0.1:{https_port} quic reuseport;
    http2 on;
    ssl_certificate {chain};
    ssl_certificate_key {key};
    ssl_early_data on;
    add_header Alt-Svc 'h3=":{https_port}"' always;
    add_header Strict-Transport-Security "max-age=63072000" always;
    location / {{
      proxy_pass http://127.0.0.1:{other_port};
      proxy_http_version 1.1;
      proxy_set_header Host $host;
    }}
  }}
}}
"""


HAPROXY = """
global
  limited-quic
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  option http-buffer-request
frontend all
  bind 127.0.0.1:{port}
  bind 127.0.0.1:{https_port} ssl crt {both} alpn h2,http/1.1
  bind quic4@127.0.0.1:{https_port} ssl crt {both} alpn h3
  http-response set-header alt-svc 'h3=":{https_port}"'
  http-response set-header strict-transport-security max-age=63072000
  default_backend site
backend site
  server site 127.0.0.1:{other_port}
"""


class Before(Server):
    """One of Debian 13's, in front of the site's answers."""

    program = text = None

    def __init__(self):
        super().__init__(named=True)
        self.answers = None

    def start(self):
        self.answers = SiteServer(self.other_port)
        threading.Thread(target=self.answers.serve_forever, daemon=True).start()
        both = self.folder / "both.pem"
        both.write_bytes(self.certificate.chain.read_bytes() + self.certificate.key.read_bytes())
        file = self.folder / "configuration"
        file.write_text(self.text.format(
            folder=self.folder, port=self.port, https_port=self.https_port, other_port=self.other_port,
            chain=self.certificate.chain, key=self.certificate.key, both=both))
        self.spawn(PEER, "run", *self.program, file)
        wait_until(self.is_ready, self.process, self.log)

    def is_ready(self):
        try:
            socket.create_connection(("127.0.0.1", self.https_port), timeout=1).close()
            return True
        except OSError:
            return False

    def seen(self):
        return self.answers.seen()

    def __exit__(self, *_):
        super().__exit__()
        if self.answers is not None:
            self.answers.shutdown()
            self.answers.server_close()


class Nginx(Before):
    program, text = ("nginx", "-c"), NGINX


class Haproxy(Before):
    program, text = ("haproxy", "-db", "-f"), HAPROXY


class Aioquic(Server):
    """aioquic's own server (http3_server.py): HTTP/3 only, and early data."""

    def __init__(self):
        super().__init__(named=True)

    def start(self):
        self.spawn(PEER, "run", "--bind", HERE, "python3", HERE / "http3_server.py", self.https_port,
                   self.certificate.chain, self.certificate.key, "--early-data")
        wait_until(lambda: "serving" in self.log.read_text(), self.process, self.log)


class Ngtcp2(Server):
    """ngtcp2's example server: files, by HTTP/3 only; no /echo."""

    def __init__(self):
        super().__init__(named=True)

    def start(self):
        files = self.folder / "files"
        (files / "bytes").mkdir(parents=True)
        (files / "index.html").write_bytes(site_answers.answer("/", b"")[2])
        for size in (1000, 100_000, 10 << 20):
            (files / "bytes" / str(size)).write_bytes(site_answers.deterministic(size))
        self.spawn(PEER, "run", "gtlsserver", "--quiet", f"--htdocs={files}", "127.0.0.1", self.https_port,
                   self.certificate.key, self.certificate.chain)
        wait_until(self.is_bound, self.process, self.log)

    def is_bound(self):
        """Its port can no longer be had by others."""
        with socket.socket(type=socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", self.https_port))
                return False
            except OSError:
                return True


OTHERS = {"nginx": Nginx, "haproxy": Haproxy, "aioquic": Aioquic, "ngtcp2": Ngtcp2}
