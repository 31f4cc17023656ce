import os
import signal
import statistics
import threading
import time

from pearbench import servers
from pearbench.figures import Figure
from pearbench.process import BenchError, ask, process_tree

TITLE = "kill -9 of the server process under load"


def server_process(server):
    """The child of the keeper that has used most CPU time: that which serves."""
    tree = process_tree(server.pid)
    children = {pid: stat for pid, stat in tree.items() if pid != server.pid}
    if not children:
        raise BenchError("there is no server process beside the keeper")
    return max(children, key=lambda pid: children[pid][2])


def one_kill(context, server):
    """Milliseconds until a request is answered again, and connections that were refused."""
    result = {}

    def make_load():
        result.update(context.bench_on(server, "--rate", 500, "--duration", "4s", "--connections", 512,
                                       "--new-connections", "--timeout", "3s"))

    loader = threading.Thread(target=make_load)
    loader.start()
    try:
        time.sleep(1.0)
        os.kill(server_process(server), signal.SIGKILL)
        killed = time.monotonic()
        answer = None
        while answer is None and time.monotonic() - killed < 10:
            # A connection that was waiting in the queue of the listener is answered as well.
            answer = ask(server.port, timeout=10)
        again_ms = (time.monotonic() - killed) * 1e3
    finally:
        loader.join()
    if answer is None:
        raise BenchError("the server did not serve again within 10 s")
    failures = result["targets"][0]["rounds"][0]["failures"]
    return again_ms, failures["refused"] + failures["unreachable"], failures["reset"]


def run(context):
    context.needs_pear()
    kills = []
    for _ in range(context.rounds):
        # A server each: one that dies again and again is restarted with growing delays.
        with servers.pear(context, context.component("site")) as server:
            kills.append(one_kill(context, server))
    return [
        Figure("serving_again_ms", "kill to the next answer (median)",
               statistics.median(again for again, _, _ in kills), "ms",
               f"longest {max(again for again, _, _ in kills):.0f} ms"),
        Figure("refused", "connections refused, all kills together", sum(n for _, n, _ in kills), "",
               f"{len(kills)} kills at 500 new connections/s"),
        Figure("lost", "requests lost with the process, each kill",
               statistics.median(lost for _, _, lost in kills), ""),
    ]
