#!/usr/bin/env python3
"""Checks the rules of STYLE.md that neither the compiler nor clang-tidy can see.

Runs as a test (ctest -L tidy) and takes well under a second. Every message says what to do instead.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINES_MAX = 1000  # In one file. Tables that a tool wrote may be longer: see GENERATED.
GENERATED = re.compile(r"_generated\.(h|cc)$")

# Which top folders a folder of src/ may include. The two planes meet only in server/.
MAY_INCLUDE = {
    "base": {"base"},
    "config": {"base", "config"},
    "io": {"base", "io"},
    "http": {"base", "http"},
    "model": {"base", "config", "model"},
    "engine": {"base", "engine"},
    "data": {"base", "io", "config", "http", "model", "engine", "data"},
    "control": {"base", "io", "config", "http", "model", "engine", "control",
                "data/core_command.h", "data/core_event.h"},
    "keeper": {"base", "io", "config", "keeper"},
    "load": {"base", "io", "http", "load"},
    "server": {"base", "io", "config", "http", "model", "engine", "data", "control", "keeper",
               "server"},
    "cli": {"base", "io", "config", "http", "model", "engine", "keeper", "load", "server", "cli",
            "control/certificate_files.h"},
}

# (pattern, folders where it is banned, what to do instead)
BANNED = [
    (r"\bthrow\b", "src", "return fail(...) from base/result.h"),
    (r"\bnew\s+[A-Za-z_:]+\s*[({]|\bdelete\s+[a-z_]", "src", "std::make_unique or a member"),
    (r"\bFIXME\b", "src", "finish it, or TODO(kind) with kind one of: perf, test, later"),
    (r"\bTODO\b(?!\((perf|test|later)\))", "src", "TODO(perf), TODO(test) or TODO(later)"),
    (r"std::(mutex|shared_mutex|condition_variable|thread|jthread)\b", "src/data",
     "a CoreCommand or CoreEvent: cores share nothing"),
    (r"(steady|system)_clock::now", "src/data", "take a MonotonicTime parameter"),
    (r"(steady|system)_clock::now", "src/control", "take a MonotonicTime parameter"),
    (r"std::shared_ptr<(?!const\b)", "src/data", "std::unique_ptr, or shared_ptr<const T>"),
    (r"sleep_for|usleep\(", "src", "a timer of the event loop; in tests, a given time"),
    (r"#\s*include\s*<(iostream|regex)>", "src", "{fmt} and base/log; a hand-written parser"),
]
WRAPPED = {"pear_rust": ("src/engine",), "openssl": ("src/io/tls", "src/engine"),
           "nghttp2": ("src/http/http2",)}


def code_only(line: str) -> str:
    return re.sub(r'"(\\.|[^"\\])*"', '""', line).split("//")[0]


def problems_in(path: pathlib.Path):
    name = path.relative_to(ROOT).as_posix()
    lines = path.read_text(encoding="utf-8").splitlines()
    if len(lines) > LINES_MAX and not GENERATED.search(name):
        yield 1, f"{len(lines)} lines: split it where a reader would take a break"
    if path.suffix == ".h" and not (lines and lines[0].startswith("// ")):
        yield 1, "a header starts with a comment: what it is, source, thread, memory"

    folder = name.split("/")[1]
    for number, line in enumerate(lines, start=1):
        for pattern, where, instead in BANNED:
            text = line if "TODO" in pattern or "FIXME" in pattern else code_only(line)
            if name.startswith(where + "/") and (found := re.search(pattern, text)):
                yield number, f"'{found[0].strip()}' is banned here. Instead: {instead}"
        if include := re.match(r'#\s*include "(([a-z_]+)/[^"]*)"', line):
            allowed = MAY_INCLUDE.get(folder, set())
            if include[2] not in allowed and include[1] not in allowed:
                yield number, f"{folder}/ must not include {include[1]}"
        if library := re.match(r"#\s*include <(pear_rust|openssl|nghttp2)[/.]", line):
            home = WRAPPED[library[1]]
            if not name.startswith(home):
                yield number, f"<{library[1]}> is included only in {home[0]}; use that module"


def main() -> int:
    count = 0
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix not in {".h", ".cc"}:
            continue
        for number, problem in problems_in(path):
            print(f"{path.relative_to(ROOT)}:{number}: {problem}")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
