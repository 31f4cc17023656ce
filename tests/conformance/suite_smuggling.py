"""Request smuggling: requests that servers in a row may read as different ones, by HTTP/1.1 and HTTP/2."""

import collections
import re

import smuggling_desync
import smuggling_garden
import smuggling_http2
import smuggling_mutants
import smuggling_rules
from http1_client import talk
from http1_reader import read_all
from smuggling_case import LAX, OTHER, allowed, check, heard, judge, numbered, stream_of
from suite import Result, Suite, Trouble

PATIENCE_S = 2.0
SHOWN_MAX = 40  # Failures that are printed.

NAMED = [*smuggling_rules.CASES, *smuggling_desync.CASES, *smuggling_garden.CASES]


class Ledger:
    """What is wrong, by the number of the case; what the site may have heard, and what it has heard."""

    def __init__(self, server):
        self.server = server
        self.wrong = {}   # number: (kind, text)
        self.may_begin, self.whole = collections.Counter(), collections.Counter()
        server.seen()  # Of former runs.

    def note(self, number, problem, about):
        if problem is not None:
            kind, text = problem
            self.wrong.setdefault(number, (kind, f"{text}\n    {about}"))

    def compare(self):
        """What the site heard and should not have, or was said to have heard and has not."""
        seen = collections.defaultdict(collections.Counter)
        for how, what in self.server.seen():
            seen[how][what] += 1
        for differs, kind, text in (
                (seen["refused"], LAX, "was passed on to the site, which had to refuse it"),
                (seen["begins"] - self.may_begin, LAX, "reached the site"),
                (seen["whole"] - self.whole, LAX, "reached the site as a whole"),
                (self.whole - seen["whole"], OTHER, "was answered, but the site knows nothing of it")):
            for what in differs:
                number = re.search(r"/seen(\d{4})", what)
                self.note(int(number[1]) if number else what, (kind, text), what)

    def result(self, tests):
        self.compare()
        texts = [text for _, text in self.wrong.values()]
        if len(texts) > SHOWN_MAX:
            texts = [*texts[:SHOWN_MAX], f"... and {len(texts) - SHOWN_MAX} more"]
        kinds = collections.Counter(kind for kind, _ in self.wrong.values())
        notes = "\n".join(f"it {kind}: {count}" for kind, count in sorted(kinds.items()))
        return Result(max(0, tests - len(self.wrong)), tests, "\n".join(texts), notes)


def meet(server, ledger, number, about, data):
    """Sends these bytes on a connection of their own."""
    reading = read_all(data)
    # The server ends the connection by itself after what it refuses, and after a last request.
    half_close_after = len(reading.messages) if reading.end in ("end", "incomplete") else None
    said = talk(server.port, data, [message.method for message in reading.messages], half_close_after,
                PATIENCE_S)
    ledger.may_begin.update(allowed(reading))
    ledger.whole.update(heard(reading, said))
    ledger.note(number, judge(reading, said), f"{about}{data!r}")


def run_named(server):
    ledger = Ledger(server)
    for number, case in enumerate(NAMED):
        meet(server, ledger, number, f"{case.source}, {case.name} ({case.wanted}): ", stream_of(case, number))
    return ledger.result(len(NAMED))


def run_mutated(server):
    ledger, number = Ledger(server), 0
    for number, data in enumerate(smuggling_mutants.streams(), 1):
        meet(server, ledger, number, "", numbered(data, number))
    return ledger.result(number)


def run_http2(server):
    ledger = Ledger(server)
    for number, case in enumerate(smuggling_http2.CASES):
        problem = smuggling_http2.meet(server, ledger, case, number, PATIENCE_S)
        ledger.note(number, problem, f"{case.source}, {case.name} ({case.wanted})")
    return ledger.result(len(smuggling_http2.CASES))


MODES = {"http1": run_named, "http1 mutated": run_mutated, "http2": run_http2}


def find():
    if wrong := check(NAMED):
        raise Trouble("these cases contradict the reader:\n" + "\n".join(wrong))
    return None


def run(_program, mode, server):
    return MODES[mode](server)


SUITE = Suite("smuggling", tuple(MODES), 3, False, find, run)
