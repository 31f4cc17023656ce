"""`pear watch`: a source is edited while requests run; none fails, and the new text is served."""

import os
import pathlib
import shutil
import tempfile
import threading
import time
import unittest

from pear_process import DEADLINE_S, PEAR, PearProcess, run


class Visitor(threading.Thread):
    """Asks for / again and again, and keeps what was not a whole 200."""

    def __init__(self, pear):
        super().__init__()
        self.pear = pear
        self.failures = []
        self.served = 0
        self.newest = b""
        self.changed = threading.Condition()
        self.over = False

    def run(self):
        while not self.over:
            try:
                status, body, _ = self.pear.get("/")
            except Exception as problem:
                status, body = repr(problem), b""
            with self.changed:
                if status == 200:
                    self.served += 1
                    self.newest = body
                else:
                    self.failures.append((status, body))
                self.changed.notify_all()

    def wait_until(self, what):
        end = time.monotonic() + DEADLINE_S
        with self.changed:
            while not what(self):
                if not self.changed.wait(max(0, end - time.monotonic())):
                    raise AssertionError(f"still {self.newest!r}; {self.pear.events[-10:]}")

    def stop(self):
        self.over = True
        self.join()


class Watch(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pear-watch-"))
        self.addCleanup(shutil.rmtree, self.folder)
        os.environ["XDG_CACHE_HOME"] = str(self.folder / "cache")
        os.environ["PEAR"] = PEAR
        made = run("new", "hello", "--lang", "cpp", cwd=self.folder)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.source = self.folder / "hello/site.cc"

    def edit(self, old, new):
        text = self.source.read_text()
        self.assertIn(old, text)
        self.source.write_text(text.replace(old, new))

    def test_an_edit_is_served_without_one_failed_request(self):
        with PearProcess(self.folder / "hello", command="watch") as pear:
            visitor = Visitor(pear)
            visitor.start()
            self.addCleanup(visitor.stop)
            visitor.wait_until(lambda v: b"Say hello" in v.newest)

            self.edit("Say hello", "Say good day")
            visitor.wait_until(lambda v: b"Say good day" in v.newest)

            # A build that fails changes nothing.
            self.edit("Say good day", 'Say " nonsense')
            pear.wait_event("text", message="the build failed: what is served stays as it was\n")
            before = visitor.served
            visitor.wait_until(lambda v: v.served > before + 10)
            self.assertIn(b"Say good day", visitor.newest)

            self.edit('Say " nonsense', "Say goodbye")
            visitor.wait_until(lambda v: b"Say goodbye" in v.newest)
            visitor.stop()
            self.assertEqual(visitor.failures, [])
            self.assertEqual(pear.stop(), 0)


if __name__ == "__main__":
    unittest.main()
