import time

from pearbench import servers
from pearbench.figures import Figure
from pearbench.process import ask

TITLE = "A request that loops for ever, with a CPU limit of 1000 ms"


def run(context):
    context.needs_pear()
    loops = []
    with servers.pear(context, context.component("site"), cpu="1000ms") as server:
        for _ in range(context.rounds):
            before = server.usage().cpu_s
            begin = time.monotonic()
            answer = ask(server.port, "/spin", timeout=30)
            loops.append({"status": answer[0] if answer else 0,
                          "cpu_ms": (server.usage().cpu_s - before) * 1e3,
                          "wall_ms": (time.monotonic() - begin) * 1e3})
    return [
        Figure("cpu_ms_max", "CPU time of the server until the loop was cut, longest",
               max(loop["cpu_ms"] for loop in loops), "ms", "in steps of 10 ms"),
        Figure("wall_ms_max", "time until the answer, longest",
               max(loop["wall_ms"] for loop in loops), "ms"),
        Figure("status_is_504", "answers with 504, share",
               sum(loop["status"] == 504 for loop in loops) / len(loops), ""),
    ]
