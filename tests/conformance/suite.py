"""What a suite of tests is to `run`."""

import collections
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
PEER = HERE.parent / "peers" / "debian13"  # `PEER run PROGRAM`: programs of Debian 13.
SUITE_MAX_S = 900  # One run of one suite.

# modes: what it can be run as. runs: how many of each mode, where nobody says another number.
# named: the server has to have a name and a certificate for it, instead of localhost.
# find(): the suite's program, installed where it is missing; or Trouble.
# run(program, mode, server): one run, as a Result.
Suite = collections.namedtuple("Suite", "name modes runs named find run")

# failed: what did; empty where all is well. notes: what is worth saying even then, such as a finding
# that is known and why it does not count.
Result = collections.namedtuple("Result", "passed tests failed notes", defaults=("", ""))


class Trouble(Exception):
    """What stands in the way, and what to do about it."""


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "pear" / "conformance"


def find_peers():
    """The way to programs of Debian 13, whose root is made where there is none."""
    done = subprocess.run([PEER, "make"], text=True, stdout=subprocess.PIPE)
    if done.returncode != 0:
        raise Trouble("this suite needs the root of Debian 13 (see above)")
    return str(PEER)
