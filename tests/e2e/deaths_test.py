"""What stands still, cannot start or is killed: the server comes back, and says what is not served."""

import os
import signal
import unittest

from pear_process import FolderTest, PearProcess

GOOD = r"""
#include <pear/site.h>

void serve(pear::Request&, pear::Response& response) { response.text("good\n"); }

PEAR_SITE(serve)
"""
# Traps while its first instance is made.
ABORTS = GOOD + r"""
__attribute__((constructor)) static void start() { __builtin_trap(); }
"""
CONFIGURATION = """pear_version = 1
[site.good]
hosts = ["good.test"]
source = "good.wasm"
[site.aborts]
hosts = ["aborts.test"]
source = "aborts.wasm"
[site.bad]
hosts = ["bad.test"]
source = "bad.wasm"
"""


class Deaths(FolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, text in (("good", GOOD), ("aborts", ABORTS)):
            (cls.folder / f"{name}.cc").write_text(text)
            cls.run_well("build", "--lang", "cpp", "--out", f"{name}.wasm", f"{name}.cc", cwd=cls.folder)
        (cls.folder / "bad.wasm").write_bytes(b"\0asm\x0d\0\1\0")
        (cls.folder / "pear.toml").write_text(CONFIGURATION)

    def ask(self, pear, site):
        return pear.get("/", headers={"Host": f"{site}.test"})[0]

    def test_a_site_that_cannot_start_holds_up_nothing(self):
        with PearProcess(self.folder) as pear:
            said = pear.wait_event("serving")["message"]
            self.assertTrue(said.startswith("1 of 3 sites are served; not "), said)
            self.assertIn("aborts (failing: ", said)
            self.assertIn("bad (refused: ", said)
            status, body, _ = pear.admin("/readyz")
            self.assertEqual(status, 200, body)
            self.assertTrue(body.startswith(b"ready\nsite aborts: failing: "), body)
            self.assertIn(b"\nsite bad: refused: ", body)
            sites = {site["name"]: site for site in pear.status()["sites"]}
            self.assertEqual({name: site["served"] for name, site in sites.items()},
                             {"good": True, "aborts": False, "bad": False})
            self.assertEqual(sites["bad"]["state"], "refused")

            # A reload is heard, and the server comes back when somebody kills it.
            pear.process.send_signal(signal.SIGHUP)
            pear.wait_event("reload")
            for count in range(1, 4):
                os.kill(pear.server_pid(), signal.SIGKILL)
                pear.wait_event("server_serving", count=count)
                self.assertEqual(pear.wait_event("server_died", count=count)["restart_in_ms"], 0)
                self.assertEqual(self.ask(pear, "good"), 200)
            self.assertEqual(pear.stop(), 0)

    def test_a_server_that_is_stopped_is_replaced(self):
        with PearProcess(self.folder) as pear:
            stopped = pear.server_pid()
            os.kill(stopped, signal.SIGSTOP)
            self.assertEqual(pear.wait_event("server_hung")["thread"], "all, by SIGSTOP")
            # The connection waits in the queue of the socket, for whoever comes.
            self.assertEqual(self.ask(pear, "good"), 200)
            self.assertNotEqual(pear.server_pid(), stopped)
            self.assertEqual(pear.stop(), 0)

    def test_a_signal_of_a_crash_from_outside_leaves_no_site_out(self):
        with PearProcess(self.folder) as pear:
            for count in range(1, 4):
                os.kill(pear.server_pid(), signal.SIGSEGV)
                pear.wait_event("server_serving", count=count)
                self.assertEqual(pear.wait_event("server_died", count=count)["cause"], "SIGSEGV")
                self.assertIn("pear+0x", pear.wait_event("server_crashed", count=count)["stack"])
            self.assertEqual(self.ask(pear, "good"), 200)
            self.assertFalse([e for e in pear.events if e.get("event") == "site_quarantined"])


if __name__ == "__main__":
    unittest.main()
