"""examples/hono_js: a framework as npm has it, made a component and served."""

import json
import os
import shutil
import subprocess
import unittest

from pear_process import DEADLINE_S, ROOT, FolderTest, PearProcess


def build(site):
    """Skips where the packages cannot be had; a build that fails with them is a failure."""
    if shutil.which("npm") is None:
        raise unittest.SkipTest("npm is not installed: install Node 20 or newer")
    got = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--prefer-offline"], cwd=site,
                         capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if got.returncode != 0:
        raise unittest.SkipTest("npm's packages cannot be had: " + got.stderr[-400:])
    made = subprocess.run(["npm", "run", "build"], cwd=site, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    assert made.returncode == 0, made.stdout + made.stderr


class Hono(FolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        site = cls.folder / "hono"
        shutil.copytree(ROOT / "examples/hono_js", site,
                        ignore=shutil.ignore_patterns("node_modules", "dist"))
        build(site)
        cls.pear = PearProcess(site, "--set", "site.hono.limits.queue_timeout=100ms", wait=False)
        cls.addClassCleanup(cls.pear.__exit__)
        cls.while_compiling = cls.ask_until_served()
        cls.pear.wait_event("serving")

    @classmethod
    def ask_until_served(cls):
        answers = []
        while cls.pear.process.poll() is None:
            try:
                answers.append(cls.pear.get("/"))
            except ConnectionRefusedError:
                continue  # The sockets are not open yet.
            if answers[-1][0] == 200:
                return answers[:-1]
        raise AssertionError(f"the server ended: {cls.pear.events[-10:]}")

    def test_requests_hear_503_while_the_image_compiles(self):
        self.assertTrue(self.while_compiling, "13 MB were compiled in no time")
        self.assertEqual({status for status, _, _ in self.while_compiling}, {503})
        self.assertTrue(all(headers["retry-after"] for _, _, headers in self.while_compiling))

    def test_routes_parameters_and_middleware(self):
        status, body, headers = self.pear.get("/hello/Zo%C3%AB")
        self.assertEqual((status, body.decode()), (200, "Hello Zoë!"))
        self.assertEqual(headers["x-content-type-options"], "nosniff")
        self.assertTrue(headers["x-request-id"])
        self.assertEqual(len(json.loads(self.pear.get("/pears?most=2")[1])), 2)
        self.assertEqual(self.pear.get("/pears/99")[0], 404)

    def test_an_order_is_validated(self):
        def order(**fields):
            return self.pear.get("/orders", method="POST", body=json.dumps(fields),
                                 headers={"Content-Type": "application/json"})

        status, body, _ = order(id=1, quantity=3)
        self.assertEqual((status, json.loads(body)["cents"]), (201, 1047))
        self.assertEqual(order(id=1, quantity=0)[0], 422)

    def test_bodies_and_streams(self):
        body = os.urandom(200_000)
        self.assertTrue(self.pear.get("/echo", method="POST", body=body)[1] == body)
        lines = self.pear.get("/stream")[1].decode().splitlines()
        self.assertEqual(lines, [f"line {n}" for n in range(1, 11)])

    def test_zz_it_ends_in_order(self):
        self.pear.process.terminate()
        self.assertEqual(self.pear.process.wait(DEADLINE_S), 0)


if __name__ == "__main__":
    unittest.main()
