#!/usr/bin/env python3
"""Builds the hostile pack of manifest.toml.

    tests/hostile/build.py OUT --tool TOOL [--only NAME ...]

TOOL makes the components; it is the build's pear_componentize_tool (CORE WIT_FOLDER WORLD COMPONENT). With
--pear PEAR it is `PEAR componentize CORE --wit DIR --world WORLD --out COMPONENT`. The compiler is clang++-19, or
what CXX_WASM names. OUT then holds a NAME.wasm for each case, malformed/NAME.wasm for
each file that is none, and manifest.json: manifest.toml with its defaults filled in, `file` (from OUT)
for each entry. `absent` is a name without a file; `sparse_gigabyte` takes no room on the disk. A whole
pack that was made of the same sources by the same tool is left as it is.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
COMPILER = os.environ.get("CXX_WASM", "clang++-19")
FLAGS = ["--target=wasm32", "-std=c++23", "-O1", "-nostdlib", "-fno-exceptions", "-fno-rtti",
         "-mbulk-memory", "-mreference-types", "-Wall", "-Wextra", "-Werror",
         "-Wl,--no-entry", "-Wl,--stack-first", "-Wl,--gc-sections", "-Wl,--strip-debug"]
REQUEST = {"method": "GET", "path": "/", "body_bytes": 0, "read": "all"}
CASE = {"ok": True, "repeat": 3, "flags": [], "isolation": "cage"}
KNOWN = {"name", "source", "request", "status", "body", "body_bytes", "body_prefix", "fault", *CASE}
FAULTS = {"trap", "memory", "cpu", "wall", "host", "exit", "start", "none", "refused"}


def run(command: list) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def completed(case: dict) -> dict:
    unknown = set(case) - KNOWN
    if unknown or not set(case["fault"]) <= FAULTS:
        raise RuntimeError(f"manifest.toml: {case['name']}: {unknown or case['fault']}")
    request = {**REQUEST, **case.get("request", {})}
    return {**CASE, **case, "request": request, "file": case["name"] + ".wasm"}


def compile_case(case: dict, core: pathlib.Path) -> None:
    run([COMPILER, *FLAGS, *case["flags"], f"-DHOSTILE_CASE={case['name']}", "-o", core,
         HERE / "cases" / f"{case['source']}.cc"])


class Componentizer:
    def __init__(self, tool: str | None, pear: str | None):
        self.tool, self.pear = tool, pear

    def make(self, core: pathlib.Path, world: str, out: pathlib.Path) -> None:
        if self.tool is not None:
            run([self.tool, core, HERE / "wit", world, out])
        else:
            run([self.pear, "componentize", core, "--wit", HERE / "wit", "--world", world,
                 "--out", out])


def build_case(case: dict, componentizer: Componentizer, out: pathlib.Path) -> None:
    core = out / "core" / case["file"]
    compile_case(case, core)
    componentizer.make(core, "hostile", out / case["file"])


def build_malformed(componentizer: Componentizer, out: pathlib.Path) -> None:
    folder = out / "malformed"
    folder.mkdir(exist_ok=True)
    sound = {"name": "trap_before_head", "source": "trap", "flags": []}
    core = out / "core" / "malformed.wasm"
    compile_case(sound, core)
    whole = out / "core" / "sound.wasm"
    componentizer.make(core, "hostile", whole)
    component = whole.read_bytes()

    def write(name: str, content: bytes) -> None:
        (folder / f"{name}.wasm").write_bytes(content)

    write("empty", b"")
    write("not_wasm", b"<!doctype html>\n" * 100)
    write("core_module", core.read_bytes())
    write("truncated", component[:len(component) // 2])
    write("truncated_in_header", component[:6])
    # Every 97th byte after the header is another.
    write("bits_flipped", bytes(byte ^ 0x55 if place > 8 and place % 97 == 0 else byte
                                for place, byte in enumerate(component)))
    write("nested_deeply", nested_components(2_000))

    for name, world in (("without_handler", "handlerless"), ("foreign_import", "foreign")):
        source = HERE / "cases" / f"{name}.cc"
        part = out / "core" / f"{name}.wasm"
        run([COMPILER, *FLAGS, "-o", part, source])
        componentizer.make(part, world, folder / f"{name}.wasm")

    with open(folder / "sparse_gigabyte.wasm", "wb") as file:
        file.write(component)
        file.truncate(1 << 30)
    (folder / "absent.wasm").unlink(missing_ok=True)


def nested_components(depth: int) -> bytes:
    """A component that holds a component that holds a component, and so on."""
    header = b"\0asm\x0d\0\x01\0"
    content = header
    for _ in range(depth):
        size, leb = len(content), b""
        while True:
            leb += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
            size >>= 7
            if size == 0:
                break
        content = header + b"\x04" + leb + content
    return content


def fingerprint(maker: str) -> str:
    """Of all that a pack is made of."""
    digest = hashlib.sha256(f"{COMPILER} {FLAGS}".encode())
    for path in (*sorted(path for path in HERE.rglob("*") if path.suffix in {".cc", ".h", ".wit"}),
                 HERE / "manifest.toml", pathlib.Path(__file__), pathlib.Path(maker)):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    maker = parser.add_mutually_exclusive_group(required=True)
    maker.add_argument("--tool")
    maker.add_argument("--pear")
    parser.add_argument("--only", nargs="+", default=[])
    arguments = parser.parse_args()

    made_of = arguments.out / "made_of"
    current = fingerprint(arguments.tool or arguments.pear)
    if not arguments.only and made_of.exists() and made_of.read_text() == current:
        print(f"{arguments.out}: up to date")
        return 0
    made_of.unlink(missing_ok=True)

    componentizer = Componentizer(arguments.tool, arguments.pear)
    manifest = tomllib.loads((HERE / "manifest.toml").read_text(encoding="utf-8"))
    cases = [completed(case) for case in manifest["case"]]
    chosen = [case for case in cases if not arguments.only or case["name"] in arguments.only]
    (arguments.out / "core").mkdir(parents=True, exist_ok=True)
    try:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda case: build_case(case, componentizer, arguments.out), chosen))
        if not arguments.only:
            build_malformed(componentizer, arguments.out)
    except RuntimeError as error:
        sys.exit(str(error))
    malformed = [{**entry, "file": f"malformed/{entry['name']}.wasm"}
                 for entry in manifest["malformed"]]
    (arguments.out / "manifest.json").write_text(
        json.dumps({"limits": manifest["limits"], "case": chosen, "malformed": malformed}, indent=1)
        + "\n", encoding="utf-8")
    if not arguments.only:
        made_of.write_text(current)
    print(f"{arguments.out}: {len(chosen)} cases, {len(malformed)} malformed files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
