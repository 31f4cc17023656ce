"""What the tests of TLS share: a site that says where a request came in, certificates, clients."""

import http.client
import re
import socket
import ssl
import subprocess
import time

from certificates import Authority
from pear_process import DEADLINE_S, FolderTest

# Says where a request came in and what the server says about its client. /echo gives the body back.
SITE = r"""
#include <string>

#include <pear/site.h>

void serve(pear::Request& request, pear::Response& response) {
  const auto body = request.body(std::size_t{16} << 20);
  if (!body) {
    response.error(400, "the body cannot be read\n");
    return;
  }
  if (request.path() == "/echo") {
    response.bytes("application/octet-stream", *body);
    return;
  }
  std::string text(request.scheme());
  text += "://";
  text += request.authority();
  text += request.target();
  text += "\nsubject ";
  text += request.header("client-cert-subject").value_or("(none)");
  response.text(text + "\n");
}

PEAR_SITE(serve)
"""


CURL_MAX_S = 15  # A connection that nobody answers fails a test, not the run.


class Answer:
    def __init__(self, curl):
        self.code = curl.returncode  # Of curl: 0, or why it got no answer.
        self.error = curl.stderr.decode()
        head, _, rest = curl.stdout.decode().partition("\r\n\r\n")
        self.body, _, numbers = rest.rpartition("\n--")
        self.head = head.lower()
        self.status, self.version = (numbers.split() + ["000", "0"])[:2]
        self.status = int(self.status)

    def field(self, name):
        found = re.search(rf"^{name}: (.*?)\r?$", self.head, re.MULTILINE)
        return found and found.group(1)


def curl(url, *arguments, resolve=None):
    """`resolve`: names (without port) that stand for this machine."""
    name, port = url.split("/")[2].rsplit(":", 1)
    return Answer(subprocess.run(
        ["curl", "-sS", "-i", "--noproxy", "*", "-w", "\n--%{http_code} %{http_version}",
         "--resolve", f"{resolve or name}:{port}:127.0.0.1", "--max-time", str(CURL_MAX_S),
         *map(str, arguments), url], capture_output=True, stdin=subprocess.DEVNULL))


class TlsTest(FolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.folder / "site.cc").write_text(SITE)
        cls.run_well("build", "--lang", "cpp", "--out", "site.wasm", "site.cc", cwd=cls.folder)
        cls.authority = Authority(cls.folder)
        cls.shop = cls.authority.make("shop", "shop.test", "www.shop.test")

    def project(self, *certificates, sites='[site.all]\nhosts = []\nsource = "SOURCE"\n', server=""):
        """A folder with these certificates and sites."""
        folder = self.folder / self.id().rpartition(".")[2]
        folder.mkdir(exist_ok=True)
        text = "pear_version = 1\n[server]\ndrain = \"30s\"\n" + server
        text += "".join(pair.table() for pair in certificates)
        text += sites.replace("SOURCE", str(self.folder / "site.wasm"))
        (folder / "pear.toml").write_text(text)
        return folder

    def tls(self, *alpn, low=None, high=None, client=None):
        context = ssl.create_default_context(cafile=self.authority.own.chain)
        context.set_alpn_protocols(list(alpn or ("http/1.1",)))
        if low:
            context.minimum_version = low
        if high:
            context.maximum_version = high
        if client:
            context.load_cert_chain(client.chain, client.key)
        return context

    def connect(self, pear, name="shop.test", context=None, session=None):
        raw = socket.create_connection(("127.0.0.1", pear.https_port), timeout=DEADLINE_S)
        self.addCleanup(raw.close)
        made = (context or self.tls()).wrap_socket(raw, server_hostname=name, session=session)
        self.addCleanup(made.close)
        return made

    def ask(self, connection, host="shop.test", path="/"):
        """One request over HTTP/1.1, its whole answer heard."""
        client = http.client.HTTPConnection(host)
        client.sock = connection
        client.request("GET", path, headers={"Host": host})
        response = client.getresponse()
        return response.status, response.read().decode()

    def serial(self, pear, name, *arguments):
        """Of the certificate that a client is shown."""
        shown = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{pear.https_port}", *arguments,
             *(["-servername", name] if name else ["-noservername"])],
            input=b"", capture_output=True, timeout=DEADLINE_S).stdout
        done = subprocess.run(["openssl", "x509", "-noout", "-serial"], input=shown, check=True,
                              capture_output=True, timeout=DEADLINE_S)
        return done.stdout.decode().strip()[7:]

    def trusted(self, url, *arguments, **others):
        return curl(url, "--cacert", self.authority.own.chain, *arguments, **others)

    def wait_until_served(self, pear, name, pair):
        """Cores take a new certificate a little after the log tells of it."""
        self.wait_until(lambda: self.serial(pear, name) == pair.serial(),
                        f"{pair.chain} is served for {name}")

    def said(self, pear, event):
        return [e["message"] for e in pear.events if e.get("event") == event]

    def metric(self, pear, name):
        """The sum over cores."""
        lines = pear.admin("/metrics")[1].decode().splitlines()
        samples = [line.rpartition(" ")[2] for line in lines if re.match(rf"{name}[{{ ]", line)]
        self.assertTrue(samples, f"there is no {name}")
        return sum(float(sample) for sample in samples)

    def wait_until(self, holds, what):
        """For what no event tells."""
        end = time.monotonic() + DEADLINE_S
        while not holds():
            self.assertLess(time.monotonic(), end, f"never: {what}")
            time.sleep(0.05)
