"""A memory cgroup for a server, so that what it takes ends it and not the machine: version 2 or 1 of cgroups, where
this process may make one."""

import contextlib
import pathlib

ROOT = pathlib.Path("/sys/fs/cgroup")


def _own(version_1):
    """The path of this process's own group, under its hierarchy."""
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(",") if version_1 else controllers == "":
            return path.lstrip("/")
    return None


class MemoryGroup:
    """`kind` says what there is: "cgroup v2", "cgroup v1", or "none", of which the results tell."""

    def __init__(self, name, limit_bytes):
        self.folder, self.kind = None, "none"
        for kind, make in (("cgroup v2", self._make_2), ("cgroup v1", self._make_1)):
            with contextlib.suppress(OSError, TypeError):
                self.folder = make(name, limit_bytes)
                self.kind = kind
                return

    @staticmethod
    def _make_2(name, limit_bytes):
        # A group that holds processes cannot give controllers to children: then one beside it, at the root.
        for parent in (ROOT / _own(False), ROOT):
            with contextlib.suppress(OSError):
                if "memory" not in (parent / "cgroup.subtree_control").read_text().split():
                    (parent / "cgroup.subtree_control").write_text("+memory")
                folder = parent / name
                folder.mkdir()
                (folder / "memory.max").write_text(str(limit_bytes))
                return folder
        raise OSError("no hierarchy of version 2 has the memory controller")

    @staticmethod
    def _make_1(name, limit_bytes):
        folder = ROOT / "memory" / _own(True) / name
        folder.mkdir()
        (folder / "memory.limit_in_bytes").write_text(str(limit_bytes))
        return folder

    def within(self, command):
        """The command, started in the group."""
        if self.folder is None:
            return command
        return ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(self.folder), *command]

    def oom_kills(self):
        """Processes that the kernel has ended here for want of memory."""
        if self.folder is None:
            return 0
        for file in ("memory.events", "memory.oom_control"):
            with contextlib.suppress(OSError):
                for line in (self.folder / file).read_text().splitlines():
                    name, _, value = line.partition(" ")
                    if name == "oom_kill":
                        return int(value)
        return 0

    def remove(self):
        """Its processes have ended."""
        if self.folder is not None:
            with contextlib.suppress(OSError):
                self.folder.rmdir()
