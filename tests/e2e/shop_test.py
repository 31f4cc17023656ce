"""examples/shop_cpp as its visitors see it, and the replay of a real log to it."""

import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest
import urllib.parse

from pear_process import DEADLINE_S, ROOT, FolderTest, PearProcess, run

EXAMPLE = ROOT / "examples/shop_cpp"
DATA = pathlib.Path(os.environ.get("PEAR_WAF_DATA", ROOT.parent / "shared/waf-data"))
REAL_LOG = DATA / "log_semicomplete_2015.tsv.gz"


class Shop(FolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.site = cls.folder / "shop"
        shutil.copytree(EXAMPLE, cls.site)
        cls.run_well("build", cwd=cls.site)
        cls.pear = PearProcess(cls.site)

    @classmethod
    def tearDownClass(cls):
        code = cls.pear.stop()
        cls.pear.__exit__()
        assert code == 0, f"the server ended with {code}"

    def order(self, **fields):
        return self.pear.get("/shop/order", method="POST", body=urllib.parse.urlencode(fields),
                             headers={"Content-Type": "application/x-www-form-urlencoded"})

    def test_every_path_of_the_list_has_its_page(self):
        for path in (EXAMPLE / "paths.txt").read_text().splitlines():
            status, body, headers = self.pear.get(path)
            self.assertEqual((path, status), (path, 200))
            self.assertEqual(headers["content-type"], "text/html; charset=utf-8")
            self.assertIn(b"To the shop", body)
        self.assertEqual(self.pear.get("/no/such/page")[0], 404)
        self.assertEqual(self.pear.get("/about/", method="DELETE")[0], 405)

    def test_the_shop_and_its_catalogue(self):
        status, body, _ = self.pear.get("/shop")
        self.assertEqual(status, 200)
        self.assertIn(b"Quinces &lt;ripe&gt;", body)
        products = json.loads(self.pear.get("/json")[1])["products"]
        self.assertEqual(len(products), 120)

    def test_an_order_is_taken_by_a_form(self):
        self.assertIn(b'value="jam"', self.pear.get("/shop/order?item=jam")[1])
        status, body, headers = self.order(item="jam", name="Zoë <z>", quantity="2")
        self.assertEqual(status, 200)
        self.assertIn("Dear Zoë &lt;z&gt;, 2 of jam".encode(), body)
        self.assertEqual(headers["cache-control"], "no-store")

    def test_an_order_that_cannot_be_is_refused_with_the_form(self):
        status, body, _ = self.order(item="jam", name="Zoë", quantity="100")
        self.assertEqual(status, 422)
        self.assertIn(b'role="alert"', body)
        self.assertEqual(self.order(item="x" * 5000)[0], 413)

    def test_the_clock_comes_tick_by_tick(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.pear.port, timeout=DEADLINE_S)
        connection.request("GET", "/shop/clock?ticks=2")
        response = connection.getresponse()
        self.assertEqual(response.getheader("content-type"), "text/event-stream")
        first = response.read1()
        self.assertRegex(first, rb"^id: 1\ndata: \d+\n\n$")
        self.assertRegex(response.read(), rb"^id: 2\ndata: \d+\n\n$")
        connection.close()

    def test_an_echo_gives_every_byte_back(self):
        body = os.urandom(1 << 20)
        status, heard, _ = self.pear.get("/echo", method="POST", body=body)
        self.assertEqual(status, 200)
        self.assertTrue(heard == body, f"{len(heard)} bytes, or others")

    def test_a_log_is_replayed_and_every_answer_is_the_right_one(self):
        table = REAL_LOG if REAL_LOG.exists() else self.made_log()
        log = self.folder / "requests.log"
        subprocess.run([sys.executable, ROOT / "tools/replay_from_log.py", "requests", table, log],
                       check=True, stdout=subprocess.DEVNULL)
        requests = len(log.read_text(encoding="ascii").splitlines())
        result = run("bench", "--replay", log, "--connections", 8, "--json",
                     f"http://127.0.0.1:{self.pear.port}/")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertGreater(requests, 500)
        self.assertIn(str(requests), result.stdout)

    def made_log(self):
        """As the real one: most asked pages, some that are not there, some wrong methods."""
        paths = (EXAMPLE / "paths.txt").read_text().splitlines()
        rows = []
        for i, path in enumerate(paths * 4):
            method = {7: "HEAD", 11: "POST"}.get(i % 13, "GET")
            target = f"{path}?from={i}" if i % 5 == 0 else path + "gone" * (i % 17 == 0)
            rows.append([str(1431857103 + i), f"192.0.2.{i % 250}", method, target, "200", "1",
                         "-", "made up \"agent\"", "real"])
        table = self.folder / "made.tsv"
        table.write_text("".join("\t".join(row) + "\n" for row in rows))
        return table


if __name__ == "__main__":
    unittest.main()
