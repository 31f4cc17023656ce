"""What sites make of TLS, and how its connections end: clients' certificates, redirects, drains."""

import os
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest

from certificates import Authority
from http2_client import DATA, Http2Client
from pear_process import DEADLINE_S, PearProcess
from tls_fixture import TlsTest, curl


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
