import contextlib
import dataclasses
import statistics
import sys

from pearbench.figures import Figure, interleaved
from pearbench.house import CLIENTS_NICE, Attacking, House
from pearbench.process import priority
from pearbench.residents import GOOD_PER_S, SHOP_PER_S, MemoryWatch, Residents, slowdown
from pearbench.tenant_pack import chosen

TITLE = "The shop under the replay of a real log, and a good neighbour, beside tenants and clients that attack"
MIB = 1 << 20


@dataclasses.dataclass
class Round:
    heard: dict          # Of the residents.
    deaths: int = 0      # Server processes that were there and are no more.
    memory: float = 1.0  # Resident bytes over those of before and what the accounts grew by.
    peak: int = 0
    lost_lines: int = 0  # Access lines of the good neighbour.
    saw: dict = dataclasses.field(default_factory=dict)
    is_well: bool = True


@dataclasses.dataclass
class Result:
    attack: object
    deaths: int
    failed: int
    asked: int
    wrong: int
    replayed: int
    p99: float
    quiet_us: float
    attacked_us: float
    memory: float
    peak: int
    lost_lines: int
    saw: dict
    unwell: int  # Rounds after which the server had to be started anew.

    def row(self):
        surprises = self.attack.surprises({name: n for name, n in self.saw.items() if name != "passes"})
        saw = ", ".join(f"{name} {count:,}" for name, count in sorted(self.saw.items()))
        notes = [saw]
        if surprises:
            notes.append(f"**not right: {', '.join(sorted(surprises))}**")
        if self.unwell:
            notes.append(f"**{self.unwell} × not well again within 30 s**")
        if self.lost_lines:
            notes.append(f"{self.lost_lines:,} access lines lost")
        return (f"| {self.attack.name} | {self.deaths} | {self.failed:,} of {self.asked:,} | {self.wrong:,} of "
                f"{self.replayed:,} | {self.quiet_us / 1e3:.1f} → {self.attacked_us / 1e3:.1f} ms | {self.p99:.2f} | "
                f"{self.memory:.2f} | {self.peak / MIB:.0f} | {'; '.join(notes)} |")


def one_round(house, residents, attack):
    """A quiet one where there is no attack."""
    if attack is None:
        return Round(residents.one_round())
    pid, served = house.server_pid(), house.heard.serving
    lines = house.heard.good_lines
    house.heard.slow = attack.kind == "log"
    attacking = Attacking(attack.name, house.target())
    with contextlib.ExitStack() as stack:
        watch = MemoryWatch(house)
        stack.callback(watch.stop)
        stack.enter_context(attacking)
        heard = residents.one_round()
    house.heard.slow = False
    is_well = house.restore()
    deaths = max(house.heard.serving - served, int(house.server_pid() != pid))
    if not is_well:
        house.rebuild()
    answered = sum(heard[who].asked for who in ("kept", "new"))
    lost = answered - (house.heard.good_lines - lines) if attack.kind == "log" else 0
    return Round(heard, deaths, watch.worst, watch.peak, max(0, lost), attacking.saw, is_well)


def measure(context, house, residents, attack):
    values = interleaved({"quiet": None, "attacked": attack}, context.rounds,
                         lambda _name, of: one_round(house, residents, of))
    quiet, attacked = values["quiet"], values["attacked"]
    saw = {}
    for round_ in attacked:
        for name, count in round_.saw.items():
            saw[name] = saw.get(name, 0) + count

    def worst_us(rounds):
        return statistics.median(max(heard.p99_us for heard in round_.heard.values()) for round_ in rounds)

    def total(whose, part):
        return sum(getattr(round_.heard[who], part) for round_ in attacked for who in whose)
    return Result(
        attack, deaths=sum(r.deaths for r in attacked), failed=total(("kept", "new"), "failed"),
        asked=total(("kept", "new"), "asked"), wrong=total(("shop",), "failed"),
        replayed=total(("shop",), "asked"),
        p99=statistics.median(slowdown(q.heard, a.heard) for q, a in zip(quiet, attacked)),
        quiet_us=worst_us(quiet), attacked_us=worst_us(attacked),
        memory=statistics.median(r.memory for r in attacked), peak=max(r.peak for r in attacked),
        lost_lines=sum(r.lost_lines for r in attacked), saw=saw, unwell=sum(not r.is_well for r in attacked))


def worst(results, part):
    first = max(results, key=part)
    return f"worst: {first.attack.name}"


def run(context):
    context.needs_pear()
    results, unmeasured = [], []
    with priority(CLIENTS_NICE), House(context) as house:
        residents = Residents(context, house)
        residents.one_round()  # What is made once.
        for attack in chosen(context):
            try:
                result = measure(context, house, residents, attack)
            except Exception as error:  # One attack that cannot be made must not cost the others.
                unmeasured.append(f"| {attack.name} | | | | | | | | not measured: {str(error)[:300]!r} |")
                print(unmeasured[-1], file=sys.stderr, flush=True)
                if not house.restore():
                    house.rebuild()
                continue
            results.append(result)
            print(f"  {result.row()}", file=sys.stderr, flush=True)
        where, sent = house.group.kind, residents.replay.sent
        idle, left = house.idle_bytes, house.resident()
    figures = [
        Figure("deaths", "deaths of the server process", sum(r.deaths for r in results), "",
               f"{len(results)} attacks; memory bounded by {where}"),
        Figure("failed", "requests of the good neighbour that failed", sum(r.failed for r in results), "",
               f"of {sum(r.asked for r in results):,}, {GOOD_PER_S} a second; "
               + worst(results, lambda r: r.failed)),
        Figure("wrong", "answers of the shop that were not right", sum(r.wrong for r in results), "",
               f"of {sum(r.replayed for r in results):,} under attack, {SHOP_PER_S} a second of {sent:,} replayed; "
               + worst(results, lambda r: r.wrong)),
        Figure("p99", "worst p99 / quiet, where 2 ms later counts as twice", max(r.p99 for r in results), "×",
               worst(results, lambda r: r.p99) + f"; {sum(r.p99 > 2 for r in results)} of {len(results)} over 2"),
        Figure("memory", "worst resident bytes / those before the attack and what the accounts grew by",
               max(r.memory for r in results), "×",
               worst(results, lambda r: r.memory) + f"; {sum(r.memory > 1.1 for r in results)} over 1.1"),
        Figure("left", "resident bytes after all attacks / of the idle process", left / idle, "×",
               f"{idle / MIB:.0f} MiB, then {left / MIB:.0f} MiB"),
        Figure("unmeasured", "attacks that were not measured", len(unmeasured)),
    ]
    head = ["| attack | deaths | neighbour failed | shop wrong | worst p99 | × | memory × | peak MiB | what it saw |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"]
    return figures, "\n".join([*head, *(result.row() for result in results), *unmeasured])
