#!/usr/bin/env python3
"""Serves the hostile pack with Pear and checks what clients see, and that Pear stays well.

    tests/hostile/run.py PACK --pear PEAR [--only NAME ...] [--log FILE]

PACK is what build.py made. Each component is a site of one server; README.md says what must come of it.
Ends with 1 and a line for each broken promise.
"""

import argparse
import fnmatch
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HEAD_S = 15.0  # The longest that any answer may take; the manifest's own times are 2 s.
OK_S = 2.0
PIECE = 65536
DESCRIPTORS_KEPT = 32  # Of idle connections and the like, after a run.


class Answer:
    def __init__(self, status: str, body_size: int, start: bytes):
        self.status, self.body_size, self.start = status, body_size, start

    def __str__(self) -> str:
        return f"{self.status}, {self.body_size} bytes, {self.start[:40]!r}"


def send_request(connection: socket.socket, host: str, request: dict) -> None:
    size = request["body_bytes"]
    length = f"Content-Length: {size}\r\n" if size else ""
    head = (f"{request['method']} {request['path']} HTTP/1.1\r\nHost: {host}\r\n{length}"
            "Connection: close\r\n\r\n")
    try:
        connection.sendall(head.encode("ascii"))
        while size > 0:
            connection.sendall(bytes(min(size, PIECE)))
            size -= PIECE
    except OSError:
        pass  # The answer says why.


def read_answer(connection: socket.socket, read: str) -> Answer:
    response = http.client.HTTPResponse(connection)
    try:
        response.begin()
    except (http.client.HTTPException, OSError) as error:
        return Answer(f"no answer ({type(error).__name__})", 0, b"")
    size, start = 0, b""
    try:
        while piece := response.read1(PIECE):
            size += len(piece)
            start = (start + piece)[:1024]
            if read == "some" and size >= 1 << 20:
                return Answer(str(response.status), size, start)
    except (http.client.HTTPException, OSError) as error:
        partial = getattr(error, "partial", b"")
        return Answer("cut", size + len(partial), (start + partial)[:1024])
    if response.length:
        return Answer("cut", size, start)
    return Answer(str(response.status), size, start)


def ask(port: int, host: str, request: dict, timeout: float = HEAD_S) -> Answer:
    with socket.create_connection(("127.0.0.1", port), timeout) as connection:
        connection.settimeout(timeout)
        sender = threading.Thread(target=send_request, args=(connection, host, request))
        sender.start()
        answer = read_answer(connection, request["read"])
        connection.close()
        sender.join()
        return answer


def site_of(case: dict) -> str:
    return case["name"].replace("_", "-")


def status_fits(status: str, allowed: list[str]) -> bool:
    return any(fnmatch.fnmatch(status, want.replace("xx", "??")) for want in allowed)


def problems_of(case: dict, answer: Answer) -> list[str]:
    found = []
    if not status_fits(answer.status, case["status"]):
        found.append(f"wanted {case['status']}")
    if answer.status.startswith("5") and "5xx" in case["status"]:
        return found  # The body is then Pear's own.
    if "body" in case and answer.start != case["body"].encode("utf-8"):
        found.append(f"wanted the body {case['body']!r}")
    if "body_bytes" in case and answer.body_size != case["body_bytes"]:
        found.append(f"wanted {case['body_bytes']} bytes")
    if "body_prefix" in case and not answer.start.startswith(case["body_prefix"].encode("utf-8")):
        found.append(f"wanted a body that begins with {case['body_prefix']!r}")
    return found


def toml_of(manifest: dict, pack: pathlib.Path, port: int) -> str:
    text = [f'pear_version = 1\n[server]\nlisten = "127.0.0.1:{port}"\nadmin = "off"\n']
    limits = "".join(f"{key} = {json.dumps(value)}\n" for key, value in manifest["limits"].items())
    for case in [*manifest["case"], {**manifest["case"][0], "name": "bystander"}]:
        name = site_of(case)
        text.append(f'[site.{name}]\nhosts = ["{name}.test"]\nsource = "{pack / case["file"]}"\n'
                    f'cages = 1\n[site.{name}.limits]\n{limits}[site.{name}.run]\n'
                    f'isolation = "{case["isolation"]}"\n')
    return "".join(text)


def children_of(pid: int) -> list[int]:
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split()]


def descriptors_of(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def fault_kinds(log: pathlib.Path) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue  # What the program says to people.
        if event.get("event") == "cage_faulted":
            kinds.setdefault(event["site"], set()).add(event["kind"])
    return kinds


def wait_until_serving(port: int, server: subprocess.Popen) -> None:
    for _ in range(1200):
        if server.poll() is not None:
            sys.exit("the server ended")
        try:
            request = {"method": "GET", "path": "/ok", "body_bytes": 0, "read": "all"}
            if ask(port, "bystander.test", request, OK_S).start == b"ok":
                return
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit("the server does not serve")


def run_cases(manifest: dict, port: int) -> list[str]:
    problems = []
    ok = {"method": "GET", "path": "/ok", "body_bytes": 0, "read": "all"}
    for case in manifest["case"]:
        host = f"{site_of(case)}.test"
        for _ in range(case["repeat"]):
            answer = ask(port, host, case["request"])
            if found := problems_of(case, answer):
                problems.append(f"{case['name']}: {answer}: {'; '.join(found)}")
                break
        for who in [host] * case["ok"] + ["bystander.test"]:
            answer = ask(port, who, ok, OK_S)
            if answer.start != b"ok":
                problems.append(f"{case['name']}: afterwards {who}/ok: {answer}")
    return problems


def check_faults(manifest: dict, log: pathlib.Path) -> list[str]:
    problems = []
    seen = fault_kinds(log)
    for case in manifest["case"]:
        kinds, allowed = seen.get(site_of(case), set()), set(case["fault"])
        if "start" in allowed or "refused" in allowed:
            continue  # Told by other events: no request has met it.
        if "exit" in allowed:
            allowed |= {"trap", "host"}
        if not kinds <= allowed or (not kinds and "none" not in allowed):
            problems.append(f"{case['name']}: faults {sorted(kinds)}, wanted {case['fault']}")
    return problems


def check_malformed(manifest: dict, pack: pathlib.Path, pear: str) -> list[str]:
    problems = []
    for entry in manifest["malformed"]:
        file = pack / entry["file"]
        try:
            done = subprocess.run([pear, "up", str(file), "--listen", "127.0.0.1:0"], timeout=60,
                                  capture_output=True, text=True, check=False)
        except subprocess.TimeoutExpired:
            problems.append(f"{entry['name']}: not refused within 60 s")
            continue
        told = done.stdout + done.stderr
        if done.returncode not in (2, 4) or file.name not in told:
            problems.append(f"{entry['name']}: exit code {done.returncode}, told: {told[-300:]!r}")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=pathlib.Path)
    parser.add_argument("--pear", required=True)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--log", type=pathlib.Path)
    arguments = parser.parse_args()
    pack = arguments.pack.resolve()
    manifest = json.loads((pack / "manifest.json").read_text(encoding="utf-8"))
    if arguments.only:
        manifest["case"] = [case for case in manifest["case"] if case["name"] in arguments.only]
        manifest["malformed"] = []

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "pear.toml"
        config.write_text(toml_of(manifest, pack, port), encoding="utf-8")
        log = arguments.log or pathlib.Path(folder) / "log"
        with open(log, "wb") as sink:
            server = subprocess.Popen(
                [arguments.pear, "up", str(config), "--preset", "default"], stdout=sink,
                stderr=sink)
        try:
            wait_until_serving(port, server)
            processes = children_of(server.pid)
            before = sum(map(descriptors_of, processes))
            problems = run_cases(manifest, port)
            time.sleep(1)  # For the log's last lines.
            if children_of(server.pid) != processes:
                problems.append("the server process has been replaced")
            elif (after := sum(map(descriptors_of, processes))) > before + DESCRIPTORS_KEPT:
                problems.append(f"descriptors: {before} before, {after} after")
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
        if server.returncode != 0:
            problems.append(f"the server ended with {server.returncode}")
        problems += check_faults(manifest, log)
    problems += check_malformed(manifest, pack, arguments.pear)
    for problem in problems:
        print(problem)
    print(f"{len(manifest['case'])} cases, {len(manifest['malformed'])} malformed files, "
          f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
