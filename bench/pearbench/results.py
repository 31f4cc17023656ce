"""bench/RESULTS.md: a head of the peers, and a section for each scenario that says by which run, and on which
machine, it was measured. A run replaces the sections that it measured and keeps the others beside the same peers."""

import dataclasses
import datetime
import re

from pearbench import figures, tools

INTRODUCTION = ("Written by `bench/run`. Figures are medians over the rounds of the ratio within each round; "
                "read ratios, not rates. All servers and the load share the cores of a machine.")


def head(context):
    lines = [
        f"- wasmtime: {tools.first_line(str(context.wasmtime), '--version')}",
        f"- nginx: {tools.first_line(context.nginx, '-v')}, {context.cores} workers",
        f"- wrk: {tools.first_line(context.wrk, '-v')}, `-t1 -c64`",
    ]
    return "\n".join(["# Results", "", INTRODUCTION, "", *lines, ""])


def run_line(context, command):
    """By what the sections of this run were measured."""
    when = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    program = tools.first_line(str(context.pear), "--version") if context.pear else "without pear"
    return (f"{when}, {program}, {context.rounds} rounds of {context.seconds} s, on {tools.machine()}: "
            f"`{command}`")


@dataclasses.dataclass
class Measured:
    """What a scenario came to."""

    title: str
    figures: list = dataclasses.field(default_factory=list)
    details: str = ""          # Markdown that stands below the table.
    problem: str | None = None  # Why there are no figures.


def section(name, measured, run):
    if measured.problem:
        body = f"Not measured: {measured.problem.strip()}"
    else:
        body = figures.table(measured.figures).rstrip()
    if measured.details:
        body += f"\n\n{measured.details}"
    return f"## {measured.title}\n\n`{name}`, {run}\n\n{body}\n"


def sections_of(document):
    """{scenario: its section}"""
    parts = re.split(r"^(?=## )", document, flags=re.MULTILINE)[1:]
    found = ((re.search(r"^`(\w+)`, ", part, flags=re.MULTILINE), part) for part in parts)
    return {name[1]: part.rstrip() + "\n" for name, part in found if name}


def merged(old, head_text, new, order):
    """The document with the sections `new`, and those of `old` that are not among them. Figures beside other
    peers are not kept."""
    kept = sections_of(old) if old.startswith(head_text) else {}
    sections = kept | new
    return "\n".join([head_text, *(sections[name] for name in order if name in sections)])
