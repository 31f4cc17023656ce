"""Certificates for tests, made by OpenSSL's tool: authorities, servers, clients, and broken ones."""

import os
import pathlib
import subprocess

DEADLINE_S = 60
KEYS = {"ecdsa": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        "rsa": ["-newkey", "rsa:2048"]}


def openssl(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=DEADLINE_S).stdout


class Pair:
    """A certificate and its key, as files."""

    def __init__(self, folder, name):
        self.chain = pathlib.Path(folder) / f"{name}.pem"
        self.key = pathlib.Path(folder) / f"{name}_key.pem"

    @classmethod
    def of(cls, chain):
        chain = pathlib.Path(chain)
        return cls(chain.parent, chain.stem)

    def table(self):
        """For pear.toml."""
        return f'[[server.certificate]]\nchain = "{self.chain}"\nkey = "{self.key}"\n'

    def serial(self):
        return openssl("x509", "-in", self.chain, "-noout", "-serial").decode().strip()[7:]

    def replace_by(self, other):
        """As tools that renew certificates do it: each file whole, under its name in one step."""
        for old, new in ((self.key, other.key), (self.chain, other.chain)):
            draft = old.with_suffix(".new")
            draft.write_bytes(new.read_bytes())
            draft.chmod(0o600)
            os.replace(draft, old)


class Authority:
    def __init__(self, folder, name="authority"):
        self.folder = folder
        self.own = Pair(folder, name)
        openssl("req", "-x509", *KEYS["ecdsa"], "-nodes", "-keyout", self.own.key, "-out",
                self.own.chain, "-subj", f"/CN=Test {name}", "-days", "30",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def make(self, name, *hosts, key="ecdsa", days=30, subject=None):
        """A certificate for these hosts; for a client where there is none. days=-1: expired."""
        pair = Pair(self.folder, name)
        request = pair.chain.with_suffix(".csr")
        extensions = [f"subjectAltName={','.join(f'DNS:{host}' for host in hosts)}"] if hosts else []
        extensions += [f"extendedKeyUsage={'serverAuth' if hosts else 'clientAuth'}"]
        openssl("req", "-new", *KEYS[key], "-nodes", "-keyout", pair.key, "-out", request,
                "-subj", subject or f"/CN={name}",
                *(part for extension in extensions for part in ("-addext", extension)))
        openssl("x509", "-req", "-in", request, "-CA", self.own.chain, "-CAkey", self.own.key,
                "-days", str(days), "-copy_extensions", "copyall", "-out", pair.chain)
        return pair
