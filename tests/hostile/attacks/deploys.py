"""Attacks by what a tenant deploys: a component in the place of its own, or more sites, and then a reload."""

import os
import pathlib
import signal
import time

import tenants
from http1 import ask
from target import SPARE, at_once, pause

import components

WATCH_S = 5  # How long it is asked whether the new one serves.


def reload(target):
    os.kill(target.keeper, signal.SIGHUP)


def put_in_place(path, content):
    """No reader sees a half of it."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    os.replace(new, path)


def fresh(component):
    """The same with a section that nobody reads: no cache knows it."""
    nonce = b"\x04pass" + time.monotonic_ns().to_bytes(8, "big")
    return component + components.section(0, nonce)


def component(name, clients=4, total=12):
    """The spare tenant becomes the component NAME, and is asked meanwhile."""
    def one_pass(target):
        source = pathlib.Path(target.folder) / "components" / f"{name}.wasm"
        spare = pathlib.Path(target.folder) / "spare.wasm"
        if source.stat().st_size > 1 << 26:  # What takes no room on the disk is to go on taking none.
            os.replace(tenants.sparse_copy(source, spare), spare)
        else:
            put_in_place(spare, fresh(source.read_bytes()))
        reload(target)
        turns = iter(range(target.much(total)))

        def client(index):
            for _ in turns:
                if target.over():
                    return
                target.count(ask(target, "/sleep?400", SPARE, index))
                pause(target, WATCH_S / 12 * target.scale)
        at_once(target.much(clients), client)
    return one_pass


def many_sites(target):
    """400 sites of the same small component, of three cages each."""
    count = target.much(400)
    path = pathlib.Path(target.folder) / "pear.toml"
    base = tenants.base_of(path.read_text())
    more = "".join(tenants.site(f"more-{i}", "tenant.wasm", f"more{i}.test") for i in range(count))
    put_in_place(path, (base + tenants.MORE + more).encode())
    reload(target)
    pause(target, 3 * target.scale)
    for i in range(0, count, max(1, count // 20)):
        target.count(ask(target, "/ok", f"more{i}.test"))


def reload_storm(target):
    """Twenty reloads a second, every second one of a file that is no configuration."""
    path = pathlib.Path(target.folder) / "pear.toml"
    base = tenants.base_of(path.read_text())
    for turn in range(target.much(60, 4)):
        if target.over():
            break
        put_in_place(path, (base + (tenants.MORE if turn % 2 else "[site.spare\n")).encode())
        reload(target)
        pause(target, 0.05)
    put_in_place(path, base.encode())
    reload(target)
    target.count(ask(target, "/ok", SPARE))
