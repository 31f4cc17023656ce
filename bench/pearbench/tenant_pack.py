"""The attacks of tests/hostile/attacks that a run is about."""

from .house import PACK  # Makes the pack's modules known.
from .process import BenchError

import pack  # noqa: E402


def chosen(context):
    unknown = set(context.only) - set(pack.BY_NAME)
    if unknown:
        raise BenchError(f"no attack is named {', '.join(sorted(unknown))}: {PACK / 'attack'} --list")
    wanted = [attack for attack in pack.ATTACKS if not context.only or attack.name in context.only]
    return wanted[::20] if context.quick and not context.only else wanted
