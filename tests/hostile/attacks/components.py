"""The components of the pack: the tenant, and what is made of it by core modules that are hard on whoever compiles or
instantiates them. Written byte by byte, so that nothing but the tenant's compiler is needed."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
HOSTILE = HERE.parent
sys.path.insert(0, str(HOSTILE))

import build  # noqa: E402  (tests/hostile/build.py)

HEAD = b"\0asm\x01\0\0\0"
NO_ARGUMENTS = b"\x01\x60\x00\x00"  # One type: a function that takes and gives nothing.
END = b"\x0b"


def number(value):
    """LEB128."""
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def section(kind, payload):
    return bytes([kind]) + number(len(payload)) + payload


def module(bodies, start=False, memory_pages=None):
    """A core module with these functions."""
    out = HEAD + section(1, NO_ARGUMENTS) + section(3, number(len(bodies)) + b"\0" * len(bodies))
    if memory_pages is not None:
        out += section(5, b"\x01\x00" + number(memory_pages))
    out += section(7, b"\x01\x01f\x00\x00")
    if start:
        out += section(8, b"\0")
    return out + section(10, number(len(bodies)) + b"".join(number(len(b)) + b for b in bodies))


def function(code, locals_count=0):
    declared = b"\x01" + number(locals_count) + b"\x7f" if locals_count else b"\x00"
    return declared + code + END


def rotated_locals(count, loops):
    """`count` values that live across `loops` nested loops: allocating registers for them takes long."""
    rotate = b"".join(b"\x20" + number(i) + b"\x41\x01\x6a\x21" + number((i + 1) % count) for i in range(count))
    leave = b"".join(b"\x20" + number(i % count) + b"\x0d\x00\x0b" for i in range(loops))
    return function(b"\x03\x40" * loops + rotate + leave, count)


def nested_blocks(depth):
    return function(b"\x02\x40" * depth + END * depth)


def wide_table(targets):
    """A branch table of so many targets, all the same."""
    return function(b"\x02\x40\x41\x00\x0e" + number(targets) + b"\0" * (targets + 1) + END)


def nested_ifs(depth):
    """Each with a local that both its ways write."""
    one = b"\x20\x00\x04\x40\x41\x01\x21\x00"
    return function(one * depth + (b"\x05\x41\x02\x21\x00" + END) * depth, 1)


EMPTY = function(b"")
UNREACHABLE = function(b"\x00")
ENDLESS = function(b"\x03\x40\x0c\x00\x0b")

# Core modules beside the tenant's own, and how many instances of each.
MODULES = {
    "instances": lambda: (module([EMPTY], memory_pages=1), 64),
    "memory_at_start": lambda: (module([EMPTY], memory_pages=49_152), 1),
    "start_traps": lambda: (module([UNREACHABLE], start=True), 1),
    "start_loops": lambda: (module([ENDLESS], start=True), 1),
    "slow_locals": lambda: (module([rotated_locals(9_000, 9_000)] * 2), 1),
    "slow_functions": lambda: (module([rotated_locals(1_500, 1_500)] * 12), 1),
    "many_functions": lambda: (module([EMPTY] * 200_000), 1),
    "nested_blocks": lambda: (module([nested_blocks(60_000)]), 1),
    "nested_ifs": lambda: (module([nested_ifs(20_000)]), 1),
    "wide_table": lambda: (module([wide_table(1_000_000)]), 1),
}


def with_module(component, core, instances):
    """The component, and after what it has the core module and so many instances of it."""
    modules, at = 0, 8
    while at < len(component):
        kind, at = component[at], at + 1
        size = shift = 0
        while True:
            byte, at = component[at], at + 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        modules += kind == 1
        at += size
    made = number(instances) + (b"\x00" + number(modules) + b"\x00") * instances
    return component + section(1, core) + section(2, made)


def make(out, tool=None, pear=None):
    """Writes NAME.wasm of each into the folder `out`; the tenant is tenant.wasm."""
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    core, tenant = out / "tenant.core", out / "tenant.wasm"
    build.run([build.COMPILER, *build.FLAGS, "-I", HOSTILE, "-o", core, HERE / "guest" / "tenant.cc"])
    build.Componentizer(tool, pear).make(core, "hostile", tenant)
    whole = tenant.read_bytes()
    for name, of in MODULES.items():
        (out / f"{name}.wasm").write_bytes(with_module(whole, *of()))
    (out / "truncated.wasm").write_bytes(whole[:len(whole) // 2])
    (out / "nested_components.wasm").write_bytes(build.nested_components(20_000))
    with open(out / "sparse_gigabyte.wasm", "wb") as file:
        file.write(whole)
        file.truncate(1 << 30)
