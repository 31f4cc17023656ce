"""Certificate files as operators keep them: broken, expired, renewed, replaced."""

import os
import shutil
import signal
import unittest

from certificates import Pair
from pear_process import PearProcess
from tls_fixture import TlsTest


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


if __name__ == "__main__":
    unittest.main()
