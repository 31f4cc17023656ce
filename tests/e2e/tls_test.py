"""TLS as clients and operators meet it: curl, OpenSSL, h2load and Python against a real server."""

import http.client
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest

from certificates import Authority, Pair
from http2_client import DATA, Http2Client
from pear_process import DEADLINE_S, FolderTest, PearProcess, run

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


class LocalAuthority(TlsTest):
    def authority_file(self):
        printed = run("trust", "--print")
        self.assertEqual(printed.returncode, 0, printed.stderr)
        return pathlib.Path(printed.stdout.strip())

    def test_a_project_in_development_is_served_by_every_protocol_alike(self):
        with PearProcess(self.project(), https=True) as pear:
            trusted = ("--cacert", self.authority_file())
            https, http = f"https://localhost:{pear.https_port}/", f"http://localhost:{pear.port}/"
            answers = {
                ("h2", "2"): curl(https, *trusted),
                ("h1 by tls", "1.1"): curl(https, *trusted, "--http1.1"),
                ("h1", "1.1"): curl(http),
                ("h2c", "2"): curl(http, "--http2-prior-knowledge"),
            }
            for (name, version), answer in answers.items():
                with self.subTest(name):
                    self.assertEqual((answer.status, answer.version), (200, version), answer.error)
                    origin = https if "h2" == name or "tls" in name else http
                    self.assertEqual(answer.body, f"{origin}\nsubject (none)\n")

    def test_it_stands_for_each_host_below_localhost(self):
        sites = '[site.a]\nhosts = ["shop.localhost"]\nsource = "SOURCE"\n'
        with PearProcess(self.project(sites=sites), https=True) as pear:
            answer = curl(f"https://shop.localhost:{pear.https_port}/", "--cacert",
                          self.authority_file())
            self.assertEqual(answer.status, 200, answer.error)

    def test_two_projects_do_not_take_each_others_names(self):
        def sites(name):
            return f'[site.a]\nhosts = ["{name}.localhost"]\nsource = "SOURCE"\n'

        def asks(pear, name):
            return curl(f"https://{name}.localhost:{pear.https_port}/", "--cacert", authority)

        authority = self.authority_file()
        first = self.project(sites=sites("first"))
        with PearProcess(first, https=True) as one:
            self.assertEqual(asks(one, "first").code, 0)
            second = first / "second"
            second.mkdir()
            text = (first / "pear.toml").read_text()
            (second / "pear.toml").write_text(text.replace("first.", "second."))
            with PearProcess(second, https=True) as two:
                self.assertEqual(asks(two, "second").code, 0)
                # Whatever the second has done to the first one's files is in force.
                file = re.search(r'chain="([^"]+)"', one.admin("/metrics")[1].decode()).group(1)
                self.wait_until_served(one, "first.localhost", Pair.of(file))
                answer = asks(one, "first")
                self.assertEqual(answer.code, 0, answer.error)

    def test_trust_print_makes_an_authority_that_is_its_owners_alone(self):
        file = self.authority_file()
        self.assertEqual(file, self.folder / "data" / "pear" / "authority" / "authority.pem")
        self.assertIn("BEGIN CERTIFICATE", file.read_text())
        self.assertNotIn("PRIVATE KEY", file.read_text())
        self.assertEqual(file.parent.stat().st_mode & 0o777, 0o700)
        self.assertEqual((file.parent / "authority_key.pem").stat().st_mode & 0o777, 0o600)
        before = file.read_bytes()
        self.assertEqual(self.authority_file().read_bytes(), before)


class Handshakes(TlsTest):
    def test_versions(self):
        folder = self.project(self.shop)
        with PearProcess(folder, https=True) as pear:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                made = self.connect(pear, context=self.tls(low=version, high=version))
                self.assertEqual(made.version(), version.name.replace("_", ".", 1))
                self.assertEqual(self.ask(made)[0], 200)
            old = subprocess.run(
                ["openssl", "s_client", "-connect", f"127.0.0.1:{pear.https_port}", "-tls1_1",
                 "-cipher", "ALL@SECLEVEL=0"], input="", text=True, capture_output=True,
                timeout=DEADLINE_S)
            self.assertNotEqual(old.returncode, 0)
            self.assertIn("alert protocol version", old.stderr)

    def test_a_least_version(self):
        with PearProcess(self.project(self.shop), "--set", "server.tls.version_min=1.3",
                         https=True) as pear:
            with self.assertRaisesRegex(ssl.SSLError, "(?i)alert protocol version"):
                self.connect(pear, context=self.tls(high=ssl.TLSVersion.TLSv1_2))
            self.assertEqual(self.ask(self.connect(pear))[0], 200)

    def test_without_http2_nothing_else_is_offered(self):
        with PearProcess(self.project(self.shop), "--set", "server.http2.enabled=false",
                         https=True) as pear:
            answer = self.trusted(f"https://shop.test:{pear.https_port}/")
            self.assertEqual((answer.status, answer.version), (200, "1.1"), answer.error)
            context = self.tls("h2")
            with self.assertRaisesRegex(ssl.SSLError, "(?i)no application protocol"):
                self.connect(pear, context=context)

    def test_a_name_chooses_the_certificate(self):
        wild = self.authority.make("wild", "*.wild.test")
        exact = self.authority.make("exact", "exact.wild.test")
        with PearProcess(self.project(self.shop, wild, exact), https=True) as pear:
            for name, pair in (("shop.test", self.shop), ("www.shop.test", self.shop),
                               ("SHOP.test", self.shop), ("a.wild.test", wild),
                               ("exact.wild.test", exact), ("a.b.wild.test", self.shop),
                               ("wild.test", self.shop), ("unknown.test", self.shop),
                               (None, self.shop)):
                with self.subTest(name):
                    self.assertEqual(self.serial(pear, name), pair.serial())

    def test_the_clients_abilities_choose_the_kind_of_key(self):
        rsa = self.authority.make("shop_rsa", "shop.test", "www.shop.test", key="rsa")
        with PearProcess(self.project(rsa, self.shop), https=True) as pear:
            for version in ("-tls1_2", "-tls1_3"):
                for algorithms, pair in (("ECDSA+SHA256", self.shop), ("RSA-PSS+SHA256", rsa),
                                         ("RSA-PSS+SHA256:ECDSA+SHA256", self.shop)):
                    with self.subTest(version=version, algorithms=algorithms):
                        self.assertEqual(
                            self.serial(pear, "shop.test", version, "-sigalgs", algorithms),
                            pair.serial())
            self.assertEqual(self.said(pear, "certificate_warning"), [])

    def test_a_host_that_the_certificate_does_not_stand_for_is_misdirected(self):
        with PearProcess(self.project(self.shop), https=True) as pear:
            url = f"https://shop.test:{pear.https_port}/"
            for version in ("--http2", "--http1.1"):
                for host, status in (("other.test", 421), ("www.shop.test", 200),
                                     (f"www.shop.test:{pear.https_port}", 200),
                                     ("WWW.shop.test", 200), ("127.0.0.1", 421)):
                    with self.subTest(version=version, host=host):
                        answer = self.trusted(url, version, "-H", f"Host: {host}")
                        self.assertEqual(answer.status, status, answer.error)
            # Who has no certificate to be held to may ask for any.
            self.assertEqual(pear.get("/", headers={"Host": "other.test"})[0], 200)

    def test_sessions_are_resumed(self):
        with PearProcess(self.project(self.shop), https=True) as pear:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                context = self.tls(low=version, high=version)
                first = self.connect(pear, context=context)
                self.assertFalse(first.session_reused)
                self.assertEqual(self.ask(first)[0], 200)
                for _ in range(4):  # Whichever core takes it.
                    again = self.connect(pear, context=context, session=first.session)
                    self.assertTrue(again.session_reused, version)
                    self.assertEqual(self.ask(again)[0], 200)
            self.assertEqual(self.metric(pear, "pear_tls_resumptions_total"), 8)

    def test_a_session_is_good_for_its_certificate_alone(self):
        other = self.authority.make("other", "other.test")
        with PearProcess(self.project(self.shop, other), https=True) as pear:
            context = self.tls()
            first = self.connect(pear, context=context)
            self.ask(first)
            again = self.connect(pear, "other.test", context, first.session)
            self.assertFalse(again.session_reused)
            self.assertEqual(self.ask(again, "other.test")[0], 200)

    def test_sessions_are_resumed_after_the_server_was_killed(self):
        with PearProcess(self.project(self.shop), https=True) as pear:
            context = self.tls()
            first = self.connect(pear, context=context)
            self.ask(first)
            os.kill(pear.server_pid(), signal.SIGKILL)
            pear.wait_event("server_serving")
            again = self.connect(pear, context=context, session=first.session)
            self.assertEqual(self.ask(again)[0], 200)
            self.assertTrue(again.session_reused)

    def test_handshakes_that_do_not_end_are_cut(self):
        with PearProcess(self.project(self.shop), "--set", "server.tls.handshake_timeout=1s",
                         https=True) as pear:
            began = time.monotonic()
            silent, halfway = (
                socket.create_connection(("127.0.0.1", pear.https_port), timeout=DEADLINE_S)
                for _ in range(2))
            self.addCleanup(silent.close)
            self.addCleanup(halfway.close)
            halfway.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
            for client in (silent, halfway):
                self.assertEqual(client.recv(1), b"")
            self.assertGreater(time.monotonic() - began, 0.9)
            self.assertLess(time.monotonic() - began, 10)
            self.assertEqual(self.ask(self.connect(pear))[0], 200)

    def test_a_handshake_that_drips_is_cut_too(self):
        with PearProcess(self.project(self.shop), "--set", "server.tls.handshake_timeout=1s",
                         https=True) as pear:
            with socket.create_connection(("127.0.0.1", pear.https_port), timeout=0.1) as client:
                hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(400)
                end = time.monotonic() + DEADLINE_S
                cut = False
                for byte in hello:  # A byte each 0.1 s, which is the wait for an answer.
                    try:
                        client.sendall(bytes([byte]))
                        cut = client.recv(1) == b""
                    except TimeoutError:
                        pass
                    except ConnectionError:
                        cut = True
                    if cut:
                        break
                    self.assertLess(time.monotonic(), end)
                self.assertTrue(cut)

    def test_what_is_not_tls_is_turned_away_and_counted(self):
        with PearProcess(self.project(self.shop), https=True) as pear:
            for sent in (b"GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n", b"\x00" * 64,
                         b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), os.urandom(4096),
                         b"\x16\x03\x01\x00\x04\x01\xff\xff\xff"):
                client = socket.create_connection(("127.0.0.1", pear.https_port),
                                                  timeout=DEADLINE_S)
                with client:
                    client.sendall(sent)
                    heard = b""
                    try:
                        while more := client.recv(65536):
                            heard += more
                    except ConnectionResetError:
                        pass
                    self.assertNotIn(b"HTTP/", heard)
            self.wait_until(lambda: self.metric(pear, "pear_tls_failures_total") == 5,
                            "five failures are counted")
            self.assertEqual(self.ask(self.connect(pear))[0], 200)

    def test_tls_on_the_plain_port_is_turned_away(self):
        with PearProcess(self.project(self.shop), https=True) as pear:
            with socket.create_connection(("127.0.0.1", pear.port), timeout=DEADLINE_S) as raw:
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    self.tls().wrap_socket(raw, server_hostname="shop.test")
            self.assertEqual(pear.get("/")[0], 200)

    def test_metrics(self):
        with PearProcess(self.project(self.shop), https=True) as pear:
            before = self.metric(pear, "pear_tls_handshakes_total")
            self.assertEqual(self.trusted(f"https://shop.test:{pear.https_port}/").status, 200)
            self.assertEqual(self.metric(pear, "pear_tls_handshakes_total"), before + 1)
            self.assertEqual(self.metric(pear, "pear_tls_failures_total"), 0)
            self.assertEqual(self.metric(pear, "pear_tls_resumptions_total"), 0)
            expires = self.metric(pear, "pear_certificate_expiry_timestamp_seconds")
            self.assertAlmostEqual(expires, time.time() + 30 * 86400, delta=3600)
            self.assertIn(f'chain="{self.shop.chain}"', pear.admin("/metrics")[1].decode())


class CertificateFiles(TlsTest):
    def broken(self):
        """Each with the file that must be named."""
        stranger = self.authority.make("stranger", "bad.test")
        wrong_key = self.authority.make("wrong_key", "bad.test")
        wrong_key.key.write_bytes(stranger.key.read_bytes())
        missing = Pair(self.folder, "missing")
        keyless = self.authority.make("keyless", "bad.test")
        keyless.key.unlink()
        garbage = self.authority.make("garbage", "bad.test")
        garbage.chain.write_bytes(os.urandom(2000))
        cut = self.authority.make("cut", "bad.test")
        cut.chain.write_bytes(cut.chain.read_bytes()[:300])
        empty = self.authority.make("empty", "bad.test")
        empty.key.write_bytes(b"")
        folder = Pair(self.folder, "folder")
        shutil.copy(stranger.key, folder.key)
        folder.chain.mkdir()
        return {"the key of another": (wrong_key, wrong_key.key),
                "no files": (missing, missing.chain), "no key": (keyless, keyless.key),
                "garbage": (garbage, garbage.chain), "half a file": (cut, cut.chain),
                "an empty key": (empty, empty.key), "a folder": (folder, folder.chain)}

    def test_a_broken_pair_is_named_and_everything_else_goes_on(self):
        for name, (pair, file) in self.broken().items():
            with self.subTest(name), PearProcess(self.project(self.shop, pair),
                                                 https=True) as pear:
                refused = self.said(pear, "certificate_refused")
                self.assertTrue(refused)
                self.assertIn(str(file), refused[0])
                self.assertEqual(pear.get("/")[0], 200)
                answer = self.trusted(f"https://shop.test:{pear.https_port}/")
                self.assertEqual(answer.status, 200, answer.error)

    def test_plain_http_goes_on_where_no_certificate_is_good(self):
        pair = self.authority.make("alone", "bad.test")
        pair.chain.write_bytes(b"nothing\n")
        with PearProcess(self.project(pair), https=True) as pear:
            self.assertIn(str(pair.chain), pear.wait_event("certificate_refused")["message"])
            self.assertIn(str(pear.https_port), pear.wait_event("https_refused")["message"])
            self.assertEqual(pear.get("/")[0], 200)
            self.assertIn("alert", self.trusted(f"https://bad.test:{pear.https_port}/").error)
            good = self.authority.make("mended", "bad.test")
            pair.replace_by(good)
            self.wait_until(
                lambda: self.trusted(f"https://bad.test:{pear.https_port}/").status == 200,
                "the good certificate is served")

    def test_an_expired_certificate_is_served_with_a_warning(self):
        old = self.authority.make("old", "old.test", days=-1)
        with PearProcess(self.project(self.shop, old), https=True) as pear:
            warned = pear.wait_event("certificate_warning")["message"]
            self.assertIn(str(old.chain), warned)
            self.assertIn("expired", warned)
            answer = self.trusted(f"https://old.test:{pear.https_port}/")
            self.assertIn("expired", answer.error)
            self.assertEqual(self.trusted(f"https://shop.test:{pear.https_port}/").status, 200)

    def test_replaced_files_are_served_without_a_restart(self):
        pair = self.authority.make("live", "live.test")
        first = pair.serial()
        with PearProcess(self.project(pair), https=True) as pear:
            self.assertEqual(self.serial(pear, "live.test"), first)
            open_before = self.connect(pear, "live.test")
            self.assertEqual(self.ask(open_before, "live.test")[0], 200)

            pair.key.write_bytes(self.shop.key.read_bytes())
            self.assertIn(str(pair.key), pear.wait_event("certificate_refused")["message"])
            self.assertEqual(self.serial(pear, "live.test"), first)

            pair.replace_by(self.authority.make("renewed", "live.test"))
            pear.wait_event("certificates_loaded")
            self.wait_until_served(pear, "live.test", pair)
            self.assertNotEqual(pair.serial(), first)
            self.assertEqual(self.ask(open_before, "live.test")[0], 200)

    def test_a_renewed_certificate_is_served_while_another_is_broken(self):
        good, bad = self.authority.make("good", "good.test"), self.authority.make("bad", "bad.test")
        with PearProcess(self.project(good, bad), https=True) as pear:
            bad.chain.unlink()
            pear.wait_event("certificate_refused")
            good.replace_by(self.authority.make("good_renewed", "good.test"))
            self.wait_until_served(pear, "good.test", good)

    def test_a_signal_brings_other_certificates_into_force(self):
        folder = self.project(self.shop)
        with PearProcess(folder, https=True) as pear:
            other = self.authority.make("after", "shop.test", "www.shop.test")
            text = (folder / "pear.toml").read_text()
            (folder / "pear.toml").write_text(text.replace(self.shop.table(), other.table()))
            pear.process.send_signal(signal.SIGHUP)
            pear.wait_event("certificates_loaded")
            self.wait_until_served(pear, "shop.test", other)

            gone = Pair(self.folder, "gone")
            (folder / "pear.toml").write_text(text.replace(self.shop.table(), gone.table()))
            pear.process.send_signal(signal.SIGHUP)
            self.assertIn(str(gone.chain), pear.wait_event("configuration_problem")["message"])
            pear.wait_event("reload_refused")
            self.assertEqual(self.serial(pear, "shop.test"), other.serial())


class Sites(TlsTest):
    def site(self, name, hosts, **https):
        settings = "".join(f"{key} = {value}\n" for key, value in https.items())
        listed = ", ".join(f'"{host}"' for host in hosts)
        return (f'[site.{name}]\nhosts = [{listed}]\nsource = "SOURCE"\n'
                f"[site.{name}.https]\n{settings}")

    def test_client_certificates(self):
        hosts = ("off.test", "optional.test", "require.test")
        server = self.authority.make("three", *hosts)
        known = self.authority.make("ada", subject="/O=Pear/CN=Ada")
        stranger = Authority(self.folder, "strangers").make("eve", subject="/CN=Eve")
        signers = f'"{self.authority.own.chain}"'
        sites = "".join(
            self.site(mode, [host], client_certificates=f'"{mode}"',
                      **({} if mode == "off" else {"client_authorities": signers}))
            for host, mode in zip(hosts, ("off", "optional", "require")))
        forged = ("-H", "Client-Cert-Subject: CN=Root")

        with PearProcess(self.project(server, sites=sites), https=True) as pear:
            def subject(host, version, pair=None):
                shown = ("--cert", pair.chain, "--key", pair.key) if pair else ()
                answer = self.trusted(f"https://{host}:{pear.https_port}/", version, *shown,
                                      *forged)
                return answer.body.partition("subject ")[2].strip() if answer.code == 0 else "no"

            for version in ("--http2", "--http1.1"):
                with self.subTest(version):
                    self.assertEqual(subject("off.test", version), "(none)")
                    self.assertEqual(subject("off.test", version, known), "(none)")
                    self.assertEqual(subject("optional.test", version), "(none)")
                    self.assertIn("Ada", subject("optional.test", version, known))
                    self.assertEqual(subject("require.test", version), "no")
                    self.assertIn("Ada", subject("require.test", version, known))
                    self.assertEqual(subject("optional.test", version, stranger), "no")
                    self.assertEqual(subject("require.test", version, stranger), "no")

            # A connection that was made for another host has shown nothing.
            for version in ("--http2", "--http1.1"):
                answer = self.trusted(f"https://off.test:{pear.https_port}/", version,
                                      "-H", "Host: require.test")
                self.assertEqual(answer.status, 421)
            body = pear.get("/", headers={"Host": "off.test", "Client-Cert-Subject": "CN=Root"})[1]
            self.assertIn(b"subject (none)", body)

    def test_a_site_that_requires_a_certificate_is_not_served_without_tls(self):
        with PearProcess(self.project(self.shop, sites=self.requiring()), https=True) as pear:
            self.assertNotEqual(pear.get("/", headers={"Host": "shop.test"})[0], 200)

    def requiring(self, authorities=None):
        return self.site("a", ["shop.test"], client_certificates='"require"',
                         client_authorities=f'"{authorities or self.authority.own.chain}"')

    def test_a_resumed_session_keeps_the_clients_subject(self):
        known = self.authority.make("ada_again", subject="/O=Pear/CN=Ada")
        with PearProcess(self.project(self.shop, sites=self.requiring()), https=True) as pear:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                context = self.tls(low=version, high=version, client=known)
                first = self.connect(pear, context=context)
                self.assertIn("subject CN=Ada,O=Pear", self.ask(first)[1])
                again = self.connect(pear, context=context, session=first.session)
                self.assertTrue(again.session_reused)
                self.assertIn("subject CN=Ada,O=Pear", self.ask(again)[1])

    def test_nobody_comes_in_where_the_authorities_cannot_be_read(self):
        sites = self.requiring(self.folder / "no_authorities.pem")
        with PearProcess(self.project(self.shop, sites=sites), https=True) as pear:
            self.assertIn("no_authorities.pem", pear.wait_event("certificate_refused")["message"])
            self.assertNotEqual(self.trusted(f"https://shop.test:{pear.https_port}/").status, 200)

    def test_a_new_demand_on_clients_comes_whole_or_not_at_all(self):
        sites = self.site("a", ["shop.test"], client_certificates='"off"')
        with PearProcess(self.project(self.shop, sites=sites), https=True) as pear:
            self.assertEqual(self.trusted(f"https://shop.test:{pear.https_port}/").status, 200)
            self.project(self.shop, sites=self.requiring(self.folder / "no_authorities.pem"))
            pear.process.send_signal(signal.SIGHUP)
            pear.wait_event("reload_refused")
            self.assertIn("site.a.https.client_authorities",
                          pear.wait_event("configuration_problem")["message"])
            self.assertEqual(self.trusted(f"https://shop.test:{pear.https_port}/").status, 200)

            self.project(self.shop, sites=self.requiring())
            pear.process.send_signal(signal.SIGHUP)
            self.wait_until(
                lambda: self.trusted(f"https://shop.test:{pear.https_port}/").status != 200,
                "who shows no certificate is turned away")

    def test_what_came_without_tls_is_plain_whatever_it_says(self):
        sites = self.site("a", ["shop.test"], redirect="true", hsts='"1h"')
        with PearProcess(self.project(self.shop, sites=sites), https=True) as pear:
            url = f"http://shop.test:{pear.port}/"
            answer = curl(url, "--http1.1", "--request-target", f"https://shop.test:{pear.port}/")
            self.assertEqual(answer.status, 308, answer.body)
            self.assertIsNone(answer.field("strict-transport-security"))
            client = Http2Client(pear.port, "shop.test")
            self.addCleanup(client.close)
            client.scheme = "https"
            stream = client.ask()
            body = b""
            while not {stream} & (client.ended | client.reset.keys()):
                kind, _, _, payload = client.read_frame()
                body += payload if kind == DATA else b""
            self.assertNotIn(b"https://", body)

    def test_redirect_and_strict_transport(self):
        shop = self.authority.make("both", "shop.test", "localhost")
        sites = self.site("a", ["shop.test", "localhost"], redirect="true", hsts='"1h"')
        with PearProcess(self.project(shop, sites=sites), https=True) as pear:
            for version in ("--http1.1", "--http2-prior-knowledge"):
                for method in (["-X", "GET"], ["--data", "a=b"], ["--head"]):
                    with self.subTest(version=version, method=method):
                        answer = curl(f"http://shop.test:{pear.port}/a%20b?c=d&e", version,
                                      *method)
                        self.assertEqual(answer.status, 308, answer.error)
                        self.assertEqual(answer.field("location"),
                                         f"https://shop.test:{pear.https_port}/a%20b?c=d&e")
                        self.assertIsNone(answer.field("strict-transport-security"))
            for version in ("--http1.1", "--http2"):
                answer = self.trusted(f"https://shop.test:{pear.https_port}/", version)
                self.assertEqual(answer.field("strict-transport-security"), "max-age=3600")
                answer = self.trusted(f"https://localhost:{pear.https_port}/", version)
                self.assertEqual(answer.status, 200, answer.error)
                self.assertIsNone(answer.field("strict-transport-security"))
            followed = self.trusted(f"http://shop.test:{pear.port}/", "-L", "--resolve",
                                    f"shop.test:{pear.https_port}:127.0.0.1")
            self.assertEqual(followed.code, 0, followed.error)
            self.assertIn(f"\r\nhttps://shop.test:{pear.https_port}/\nsubject", followed.body)

    def test_a_body_comes_back_the_same_by_every_protocol(self):
        sent = self.folder / "sent"
        sent.write_bytes(os.urandom(3_000_001))
        with PearProcess(self.project(self.shop), https=True) as pear:
            https, http = f"https://shop.test:{pear.https_port}", f"http://shop.test:{pear.port}"
            for url, version in ((https, "--http2"), (https, "--http1.1"), (http, "--http1.1"),
                                 (http, "--http2-prior-knowledge")):
                with self.subTest(url=url, version=version):
                    got = self.folder / "got"
                    answer = self.trusted(f"{url}/echo", version, "--no-include", "-o", got,
                                          "--data-binary", f"@{sent}")
                    self.assertEqual(answer.code, 0, answer.error)
                    self.assertEqual(got.read_bytes(), sent.read_bytes())


class Drain(TlsTest):
    def test_every_request_that_was_begun_is_answered(self):
        with PearProcess(self.project(self.shop), "--set", "server.log.access=false",
                         https=True) as pear:
            load = subprocess.Popen(
                ["h2load", "-n", "100000000", "-c", "4", "-m", "10", "--connect-to",
                 f"127.0.0.1:{pear.https_port}", f"https://shop.test:{pear.https_port}/"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.addCleanup(load.wait)
            self.addCleanup(load.kill)
            client = Http2Client(pear.https_port, "shop.test", self.tls("h2"))
            self.addCleanup(client.close)
            for _ in range(10):
                client.ask()
            draining = threading.Timer(1, pear.process.send_signal, [signal.SIGTERM])
            draining.start()
            self.addCleanup(draining.join)
            while (read := client.read_frame()) is not None:
                if read[2] in client.ended and client.last_stream is None:
                    client.ask()
            self.assertEqual(client.goaway_reason, 0, "the end came without GOAWAY and NO_ERROR")
            self.assertGreater(len(client.ended), 10)
            self.assertEqual(client.reset, {})
            begun = {stream for stream in client.asked if stream <= client.last_stream}
            self.assertEqual(begun - client.ended, set())
            self.assertEqual(pear.process.wait(DEADLINE_S), 0)
            self.assertEqual(pear.wait_event("drained")["message"], "0 requests were cut")

    def test_a_handshake_that_is_not_done_does_not_keep_the_server(self):
        with PearProcess(self.project(self.shop), https=True) as pear:
            with socket.create_connection(("127.0.0.1", pear.https_port),
                                          timeout=DEADLINE_S) as silent:
                began = time.monotonic()
                self.assertEqual(pear.stop(), 0)
                self.assertLess(time.monotonic() - began, 5)  # Half the time for handshakes.
                self.assertEqual(silent.recv(1), b"")

    def test_a_request_in_the_middle_of_its_body_is_finished(self):
        with PearProcess(self.project(self.shop), https=True) as pear:
            client = Http2Client(pear.https_port, "shop.test", self.tls("h2"))
            self.addCleanup(client.close)
            stream = client.ask("/echo", "POST", end=False)
            client.send(stream, b"first")
            while not client.settled:
                client.read_frame()
            pear.process.send_signal(signal.SIGTERM)
            while client.last_stream is None:
                client.read_frame()
            client.send(stream, b"after", end=True)
            while client.read_frame() is not None:
                pass
            self.assertIn(stream, client.ended)
            self.assertEqual(pear.process.wait(DEADLINE_S), 0)


if __name__ == "__main__":
    unittest.main()
