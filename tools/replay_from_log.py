#!/usr/bin/env python3
"""Turns a table of real requests into a log that `pear bench --replay` sends and checks.

    tools/replay_from_log.py requests LOG.tsv.gz OUT.log   the requests, with what to expect of each
    tools/replay_from_log.py paths    LOG.tsv.gz OUT.txt   the paths that examples/shop_cpp knows

LOG is a tab-separated table, gzipped or not, with the columns
    epoch  ip  method  target  status  bytes  referer  user-agent  class
The one that Pear is measured with is made of the public sample log of elastic/examples (10,000 requests
to one site in 2015); it is not part of the repository.

OUT.log has one request a line, in Apache's combined format, followed by what the answer must be:

    IP - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 203023 "REFERER" "AGENT" expect=200 sha256=HEX

The status and size in the middle are those of the log; `expect=` and `sha256=` (of the body as it
arrives, which is empty for HEAD) are those of examples/shop_cpp: the paths of examples/shop_cpp/paths.txt
have a page, every other path is 404, and a page takes only GET and HEAD (405).
In strings, `"`, `\\` and bytes outside of visible ASCII and space are written \\", \\\\ and \\xHH.
"""

import argparse
import collections
import datetime
import gzip
import hashlib
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PATHS = ROOT / "examples" / "shop_cpp" / "paths.txt"
PATHS_COUNT = 200
SHOP_ROUTES = ("/shop", "/json", "/echo")  # What the shop answers itself; never a page.
COLUMNS = 9


def rows_of(path: pathlib.Path):
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    opener = gzip.open if packed else open
    # latin-1, so that every byte of the log stays what it is.
    with opener(path, "rt", encoding="latin-1", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            row = line.rstrip("\n").split("\t")
            if len(row) < COLUMNS:
                sys.exit(f"{path}:{number}: {len(row)} columns instead of {COLUMNS}")
            yield row


def path_of(target: str) -> str:
    return target.split("?", 1)[0]


def is_plain(text: str) -> bool:
    return text.startswith("/") and all("!" <= c <= "~" for c in text)


def most_asked_paths(rows) -> list[str]:
    counts = collections.Counter(
        path_of(row[3]) for row in rows if row[2] == "GET" and is_plain(row[3]))
    mine = [(-count, path) for path, count in counts.items()
            if not any(path == route or path.startswith(route + "/") for route in SHOP_ROUTES)]
    return sorted(path for _, path in sorted(mine)[:PATHS_COUNT])


def html_escaped(text: str) -> str:
    for raw, escape in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"),
                        ("'", "&#39;")):
        text = text.replace(raw, escape)
    return text


def page(path: str, place: int, count: int) -> bytes:
    """The page of examples/shop_cpp/site.cc, byte for byte."""
    title = html_escaped(path)
    return (f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title>'
            f'</head>\n<body>\n<h1>{title}</h1>\n<p>Page {place} of {count}. '
            f'<a href="/shop">To the shop</a></p>\n</body>\n</html>\n').encode("latin-1")


def answer(method: str, target: str, places: dict[str, int]) -> tuple[int, bytes]:
    """Status and body of examples/shop_cpp."""
    path = path_of(target)
    if path not in places:
        status, body = 404, b"not found\n"
    elif method not in ("GET", "HEAD"):
        status, body = 405, b"method not allowed\n"
    else:
        status, body = 200, page(path, places[path] + 1, len(places))
    return status, b"" if method == "HEAD" else body


def quoted(text: str) -> str:
    out = []
    for c in text:
        if c in '"\\':
            out.append("\\" + c)
        elif " " <= c <= "~":
            out.append(c)
        else:
            out.append(f"\\x{ord(c):02x}")
    return '"' + "".join(out) + '"'


def line_of(row: list[str], places: dict[str, int]) -> str:
    epoch, ip, method, target, status, size, referer, agent = row[:8]
    moment = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc)
    # %b would be in the language of whoever runs this.
    month = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()[moment.month - 1]
    time = f"{moment:%d}/{month}/{moment:%Y:%H:%M:%S} +0000"
    request = quoted(f"{method} {target} HTTP/1.1")
    expect, body = answer(method, target, places)
    return (f"{ip} - - [{time}] {request} {status} {size} {quoted(referer or '-')} "
            f"{quoted(agent or '-')} expect={expect} sha256={hashlib.sha256(body).hexdigest()}\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("requests", "paths"))
    parser.add_argument("log", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    arguments = parser.parse_args()
    if not arguments.log.is_file():
        sys.exit(f"{arguments.log}: no such file. It is not part of the repository; see --help.")
    rows = list(rows_of(arguments.log))
    if arguments.what == "paths":
        lines = [path + "\n" for path in most_asked_paths(rows)]
    else:
        known = PATHS.read_text(encoding="ascii").splitlines()
        places = {path: place for place, path in enumerate(known)}
        lines = [line_of(row, places) for row in rows]
    arguments.out.write_text("".join(lines), encoding="ascii")
    print(f"{arguments.out}: {len(lines)} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main())
