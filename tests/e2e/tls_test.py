"""TLS as clients meet it: curl, OpenSSL and Python against a real server."""

import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import time
import unittest

from certificates import Pair
from pear_process import DEADLINE_S, PearProcess, run
from tls_fixture import TlsTest, curl


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


if __name__ == "__main__":
    unittest.main()
