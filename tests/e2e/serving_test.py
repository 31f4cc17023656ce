"""The binary as a black box: new, build, up, reload, faults, restarts, drain."""

import os
import pathlib
import shutil
import signal
import socket
import tempfile
import threading
import unittest

from pear_process import FolderTest, PearProcess, free_ports, run


class Serving(FolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.site = cls.folder / "hello"
        cls.run_well("new", "hello", "--lang", "cpp", cwd=cls.folder)
        cls.run_well("build", cwd=cls.site)

    def test_a_new_site_serves_and_its_component_is_small(self):
        component = next(self.site.glob("*.wasm"))
        self.assertLessEqual(component.stat().st_size, 50_000)
        with PearProcess(self.site) as pear:
            status, body, headers = pear.get("/")
            self.assertEqual(status, 200)
            self.assertIn(b"hello", body)
            self.assertEqual(headers["content-length"], str(len(body)))
            self.assertEqual(pear.admin("/readyz")[0], 200)
            self.assertEqual(pear.stop(), 0)

    def test_a_bare_component_serves(self):
        with PearProcess(next(self.site.glob("*.wasm"))) as pear:
            self.assertEqual(pear.get("/")[0], 200)

    def test_a_site_that_was_refused_is_a_503_and_no_404(self):
        folder = self.folder / "refused"
        folder.mkdir()
        shutil.copy(next(self.site.glob("*.wasm")), folder / "good.wasm")
        (folder / "bad.wasm").write_bytes(b"\0asm\x0d\0\1\0")
        (folder / "pear.toml").write_text(
            'pear_version = 1\n[site.good]\nhosts = ["good.test"]\nsource = "good.wasm"\n'
            '[site.bad]\nhosts = ["bad.test"]\nsource = "bad.wasm"\n')
        with PearProcess(folder) as pear:
            statuses = {host: pear.get("/", headers={"Host": host})[0]
                        for host in ("good.test", "bad.test", "nowhere.test")}
            self.assertEqual(statuses, {"good.test": 200, "bad.test": 503, "nowhere.test": 404})

    def test_the_server_comes_back_after_kill_9_and_refuses_no_connection(self):
        with PearProcess(self.site) as pear:
            statuses = []
            stop = threading.Event()

            def ask():
                while not stop.is_set():
                    try:
                        statuses.append(pear.get("/")[0])
                    except ConnectionRefusedError:
                        statuses.append("refused")
                    except OSError:
                        pass  # In flight when the server died: lost with it.
                    except Exception:  # A head cut in the middle.
                        pass

            client = threading.Thread(target=ask)
            client.start()
            for attempt in range(1, 4):
                os.kill(pear.server_pid(), signal.SIGKILL)
                pear.wait_event("server_serving", count=attempt)
            stop.set()
            client.join()
            self.assertNotIn("refused", statuses)
            self.assertEqual(set(statuses), {200})

    def test_a_bad_configuration_changes_nothing_and_says_why(self):
        site = self.folder / "reload"
        shutil.copytree(self.site, site)
        with PearProcess(site) as pear:
            good = (site / "pear.toml").read_text()
            (site / "pear.toml").write_text(good + "\n[site.hello.limits]\nmemory = \"lots\"\n")
            pear.process.send_signal(signal.SIGHUP)
            pear.wait_event("reload_refused")
            self.assertTrue(any("memory" in e.get("message", "") for e in pear.events
                                if e.get("event") == "configuration_problem"))
            self.assertEqual(pear.get("/")[0], 200)
            (site / "pear.toml").write_text(good)
            pear.process.send_signal(signal.SIGHUP)
            pear.wait_event("reload")
            self.assertEqual(pear.get("/")[0], 200)

    def test_a_restarted_site_has_new_cages_and_loses_no_request(self):
        with PearProcess(self.site) as pear:
            before = {cage["cage"] for cage in pear.status()["sites"][0]["cages"]}
            restarted = run("restart", "hello", "--admin", f"127.0.0.1:{pear.admin_port}")
            self.assertEqual(restarted.returncode, 0, restarted.stderr)
            pear.wait_event("cage_started", count=2 * len(before))
            for _ in range(50):
                self.assertEqual(pear.get("/")[0], 200)

    def test_metrics_and_status_tell_what_happened(self):
        with PearProcess(self.site) as pear:
            for _ in range(3):
                pear.get("/")
            metrics = pear.admin("/metrics")[1].decode()
            self.assertIn("pear_heal_seconds", metrics)
            self.assertRegex(metrics, r'pear_cages\{[^}]*site="hello"[^}]*state="running"[^}]*\} 3')
            pear.wait_event("access", count=3, status=200)



class BadInput(unittest.TestCase):
    """One clear sentence naming the file, and the right exit code."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pear-e2e-"))
        os.environ["XDG_CACHE_HOME"] = str(self.folder / "cache")

    def tearDown(self):
        shutil.rmtree(self.folder)

    def up(self, name, content):
        path = self.folder / name
        if content is not None:
            path.write_bytes(content)
        return run("up", path, "--listen", f"127.0.0.1:{free_ports()[0]}",
                   "--set", "server.admin=off")

    def assert_says(self, result, code, *words):
        said = result.stderr + result.stdout
        self.assertEqual(result.returncode, code, said)
        for word in words:
            self.assertIn(word, said)

    def test_a_missing_file(self):
        self.assert_says(self.up("nothing.wasm", None), 4, "nothing.wasm")

    def test_a_file_that_is_not_wasm(self):
        self.assert_says(self.up("text.wasm", b"hello"), 4, "text.wasm")

    def test_a_core_module(self):
        self.assert_says(self.up("core.wasm", b"\0asm\1\0\0\0"), 4, "core.wasm", "pear build")

    def test_an_empty_component(self):
        self.assert_says(self.up("empty.wasm", b"\0asm\x0d\0\1\0"), 4, "empty.wasm",
                         "incoming-handler")

    def test_a_truncated_component(self):
        self.assert_says(self.up("cut.wasm", b"\0asm\x0d\0\1\0\x01\x80"), 4, "cut.wasm")

    def test_a_file_of_a_gigabyte(self):
        with open(self.folder / "big.wasm", "wb") as file:
            file.truncate(1 << 30)
        self.assert_says(self.up("big.wasm", None), 4, "big.wasm", "MiB")

    def test_a_port_in_use(self):
        (self.folder / "core.wasm").write_bytes(b"\0asm\x0d\0\1\0")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            result = run("up", self.folder / "core.wasm", "--listen", f"127.0.0.1:{port}")
            self.assert_says(result, 3, str(port))

    def test_every_problem_of_a_configuration_at_once(self):
        (self.folder / "pear.toml").write_text(
            'pear_version = 1\n[site.a]\nsource = "a.wasm"\ncages = -1\nfoo = 1\n'
            '[site.a.limits]\nmemory = "1KiB"\n')
        result = run("validate", self.folder)
        self.assert_says(result, 2, "cages", "foo", "memory", "pear.toml:4", "pear.toml:5")


if __name__ == "__main__":
    unittest.main()
