from pearbench import servers
from pearbench.compare import measure
from pearbench.figures import Figure, interleaved, median, median_ratio
from pearbench.process import BenchError

TITLE = "Hello, and CPU of the server for each, against an older `pear` (`--before`)"

PAIRS = 15  # As many as it takes for a difference of 2 % to show.
# name: (label, isolation, http)
WAYS = {"http1": ("warm, HTTP/1.1", "cage", None), "http2": ("warm, HTTP/2", "cage", 2),
        "http3": ("warm, HTTP/3", "cage", 3), "fresh": ("a fresh instance for each, HTTP/1.1", "request", None)}


def compared(context, isolation, http):
    def generate(server):
        return context.wrk_on(server) if http is None else context.multiplexed_on(server, http)

    def pear(name, program):
        return servers.pear(context, context.component("site"), isolation=isolation, https=http is not None,
                            name=name, program=program)
    with pear("now", context.pear) as now, pear("before", context.before) as before:
        both = {"now": now, "before": before}
        for server in both.values():
            generate(server)
        values = interleaved(both, context.pairs(PAIRS), lambda _name, server: measure(server, generate))
    for name, rounds in values.items():
        if failed := sum(round_.failed for round_ in rounds):
            raise BenchError(f"{name}: {failed} requests failed")
    return values


def run(context):
    context.needs_pear()
    if context.before is None:
        raise BenchError("needs --before PATH, an older `pear`")
    figures = []
    for key, (label, isolation, http) in WAYS.items():
        values = compared(context, isolation, http)
        now, before = (median(values[name], lambda m: m.cpu_us) for name in ("now", "before"))
        ratios = [a.cpu_us / b.cpu_us for a, b in zip(values["now"], values["before"])]
        figures.append(Figure(key, f"server CPU for each request / before: {label}",
                              median_ratio(values["now"], values["before"], lambda m: m.cpu_us), "×",
                              f"{now:.2f} µs, before {before:.2f} µs; {len(ratios)} pairs, "
                              f"{min(ratios):.2f} to {max(ratios):.2f}"))
    return figures
