import dataclasses
import json
import os
import signal
import time

from pearbench import servers
from pearbench.figures import Figure
from pearbench.house import CLIENTS_NICE, MEMORY_BYTES, SERVER_NICE, Attacking, components, tenants
from pearbench.memory_group import MemoryGroup
from pearbench.process import BenchError, ask, priority
from pearbench.residents import GOOD_PER_S, good_neighbour
from pearbench.tenant_pack import chosen

TITLE = "The same attacks on `wasmtime serve`, which serves one component: who died when"

# What it can be told to keep to, as `evil2.test` is told by Pear's preset "prod".
LIMITS = ["-S", "cli", "-O", "pooling-allocator=y", "-O", "pooling-max-tables-per-module=2", "-W", "timeout=1s",
          "-W", "max-memory-size=67108864"]
START_S = 30
WELL_S = 10


@dataclasses.dataclass
class Row:
    attack: object
    end: str
    died: bool
    failed: int = 0
    asked: int = 0
    p99_us: float = 0
    saw: dict = dataclasses.field(default_factory=dict)

    def text(self):
        heard = f"{self.failed:,} of {self.asked + self.failed:,}" if self.asked or self.failed else ""
        p99 = f"{self.p99_us / 1e3:.1f} ms" if self.asked else ""
        saw = ", ".join(f"{name} {count:,}" for name, count in sorted(self.saw.items()))
        return f"| {self.attack.name} | {self.end} | {heard} | {p99} | {saw} |"


def makes_sense(attack):
    """It speaks HTTP/1.1 alone, and has no reload: what an owner deploys, it is started with."""
    return attack.wire == "1" and attack.name not in ("deploy_many_sites", "reload_storm", "deploy_truncated",
                                                      "deploy_nested_components")


def furnished(context):
    folder = context.new_folder("wasmtime-house")
    components.make(folder / "components", pear=context.pear)
    tenants.make_granted(folder)
    return folder


def server_of(context, folder, component, group):
    server = servers.wasmtime(context, component, "default")
    server.command = group.within([str(context.wasmtime), "serve", "--addr", f"127.0.0.1:{server.port}", *LIMITS,
                                   "--dir", f"{folder / 'granted'}::/data", str(component)])
    return server


def end_of(server, group, kills):
    """What became of it."""
    code = server.process.poll()
    if code is None:
        end = time.monotonic() + WELL_S
        while time.monotonic() < end:
            answer = ask(server.port, "/ok")
            if answer and answer[0] == 200:
                return "lives", False
        return f"lives, and answers nobody for {WELL_S} s", True
    if group.oom_kills() > kills:
        return "**died: out of memory**", True
    return (f"**died: {signal.Signals(-code).name}**" if code < 0 else f"**died: exit {code}**"), True


def attacked(context, folder, group, attack):
    server = server_of(context, folder, folder / "components" / "tenant.wasm", group)
    kills = group.oom_kills()
    with priority(SERVER_NICE):
        server.start("/ok", START_S)
    try:
        target = json.dumps({"port": server.port, "folder": str(folder)})
        attacking = Attacking(attack.name, target)
        with priority(CLIENTS_NICE), attacking:
            heard = good_neighbour(context, server.port, "localhost", "/ok")
        end, died = end_of(server, group, kills)
    finally:
        server.stop()
    return Row(attack, end, died, sum(h.failed for h in heard), sum(h.asked for h in heard),
               max(h.p99_us for h in heard), attacking.saw)


def started(context, folder, group, attack):
    component = folder / "components" / f"{attack.name.removeprefix('deploy_')}.wasm"
    server = server_of(context, folder, component, group)
    kills, begin = group.oom_kills(), time.monotonic()
    try:
        took = server.start("/ok", START_S)
    except BenchError:
        if group.oom_kills() > kills:
            return Row(attack, f"**died: out of memory after {time.monotonic() - begin:.1f} s**", True)
        took = time.monotonic() - begin
        if took >= START_S:
            return Row(attack, f"not there after {START_S} s", True)
        return Row(attack, f"refused after {took:.1f} s", False)
    finally:
        server.stop()
    return Row(attack, f"serves after {took:.1f} s", False)


def run(context):
    context.needs_pear()
    folder = furnished(context)
    group = MemoryGroup(f"wasmtime-house-{os.getpid()}", MEMORY_BYTES)
    rows = []
    for attack in filter(makes_sense, chosen(context)):
        way = started if attack.by == "owner" else attacked
        try:
            rows.append(way(context, folder, group, attack))
        except BenchError as error:
            rows.append(Row(attack, f"not measured: {str(error)[:200]!r}", False))
        print(f"  {rows[-1].text()}", flush=True)
    group.remove()
    died = [row for row in rows if row.died]
    details = ["| attack | end | neighbour failed | p99 | what it saw |", "| --- | --- | ---: | ---: | --- |",
               *(row.text() for row in rows)]
    return [
        Figure("died", "attacks by which it died, or answers nobody any more", len(died), "",
               f"of {len(rows)}; `wasmtime serve {' '.join(LIMITS)}`; memory bounded by {group.kind}"),
        Figure("failed", "requests for /ok beside the attacks that failed", sum(row.failed for row in rows), "",
               f"of {sum(row.failed + row.asked for row in rows):,}, {GOOD_PER_S} a second"),
    ], "\n".join(details)
