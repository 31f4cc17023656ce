"""The end of a server: requests that run are finished, and nobody waits for one that is not."""

import os
import signal
import socket
import time
import unittest

from pear_process import DEADLINE_S, FolderTest, PearProcess

SITE = r"""
#include <pear/site.h>

// Says back what it is told, piece by piece.
void serve(pear::Request& request, pear::Response& response) {
  auto body = request.body_reader();
  if (!body) {
    response.error(400, "the body could not be read\n");
    return;
  }
  pear::BodyWriter out = response.stream("text/plain");
  while (true) {
    const auto piece = body->read();
    if (!piece) return out.abort();
    if (piece->empty() || !out.write(*piece) || !out.flush()) return;
  }
}

PEAR_SITE(serve)
"""
CONFIGURATION = 'pear_version = 1\n[site.echo]\nhosts = []\nsource = "site.wasm"\n'


class Drain(FolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.folder / "site.cc").write_text(SITE)
        (cls.folder / "pear.toml").write_text(CONFIGURATION)
        cls.run_well("build", "--lang", "cpp", "--out", "site.wasm", "site.cc", cwd=cls.folder)

    def begin_request(self, pear):
        """A request in the middle of its body: the guest has said back the first half."""
        client = socket.create_connection(("127.0.0.1", pear.port), timeout=DEADLINE_S)
        self.addCleanup(client.close)
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst")
        heard = b""
        while not heard.endswith(b"first\r\n"):
            heard += self.hear(client)
        self.assertTrue(heard.startswith(b"HTTP/1.1 200 OK\r\n"), heard)
        return client

    def hear(self, client):
        heard = client.recv(65536)
        self.assertTrue(heard, "the connection ended")
        return heard

    def wait_until_refused(self, pear):
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", pear.port), timeout=DEADLINE_S).close()
            except ConnectionRefusedError:
                return
            except ConnectionResetError:
                pass  # It waited in the queue of a socket when that was closed.
        self.fail("new connections are still taken")

    def test_a_request_that_runs_is_finished_and_new_ones_are_refused(self):
        with PearProcess(self.folder) as pear:
            client = self.begin_request(pear)
            pear.process.send_signal(signal.SIGTERM)
            pear.wait_event("draining")
            self.wait_until_refused(pear)
            self.assertIsNone(pear.process.poll())

            client.sendall(b"after")
            heard = b""
            while not heard.endswith(b"\r\n0\r\n\r\n"):
                heard += self.hear(client)
            self.assertIn(b"after", heard)
            self.assertEqual(client.recv(1), b"")

            self.assertEqual(pear.process.wait(DEADLINE_S), 0)
            self.assertEqual(pear.wait_event("drained")["message"], "0 requests were cut")

    def test_an_idle_connection_does_not_keep_the_server(self):
        with PearProcess(self.folder) as pear:
            client = self.begin_request(pear)
            client.sendall(b"after")
            while not self.hear(client).endswith(b"0\r\n\r\n"):
                pass
            self.assertEqual(pear.stop(), 0)
            self.assertEqual(client.recv(1), b"")

    def test_a_signal_for_the_whole_group_is_one_signal(self):
        with PearProcess(self.folder) as pear:
            server = pear.server_pid()
            clients = [self.begin_request(pear) for _ in range(12)]
            # As systemd does it: every process of the group, so that the server hears of it twice.
            for pid in (server, pear.process.pid):
                os.kill(pid, signal.SIGTERM)
            pear.wait_event("draining")
            # From whoever it comes, the server takes no further one for "at once".
            os.kill(server, signal.SIGINT)
            os.kill(server, signal.SIGTERM)
            for client in clients:
                client.sendall(b"after")
            for client in clients:
                heard = b""
                while not heard.endswith(b"\r\n0\r\n\r\n"):
                    heard += self.hear(client)
            self.assertEqual(pear.process.wait(DEADLINE_S), 0)
            self.assertEqual(pear.wait_event("drained")["message"], "0 requests were cut")
            self.assertFalse([e for e in pear.events if e.get("event") == "server_died"])

    def test_user_signals_end_nothing(self):
        with PearProcess(self.folder) as pear:
            server = pear.server_pid()
            for pid in (server, pear.process.pid):
                for number in (signal.SIGUSR1, signal.SIGUSR2):
                    os.kill(pid, number)
            client = self.begin_request(pear)
            client.sendall(b"after")
            while not self.hear(client).endswith(b"0\r\n\r\n"):
                pass
            self.assertEqual(pear.server_pid(), server)
            self.assertEqual(pear.stop(), 0)

    def test_a_second_signal_ends_it_at_once(self):
        with PearProcess(self.folder) as pear:
            self.begin_request(pear)
            pear.process.send_signal(signal.SIGTERM)
            pear.wait_event("draining")
            pear.process.send_signal(signal.SIGTERM)
            self.assertEqual(pear.process.wait(DEADLINE_S), 128 + signal.SIGTERM)
            self.assertFalse(any(e.get("event") == "drained" for e in pear.events))


if __name__ == "__main__":
    unittest.main()
