"""Figures with their goals, medians of interleaved rounds, and the table that is written at the end."""

import dataclasses
import pathlib
import statistics
import tomllib

GOALS_FILE = pathlib.Path(__file__).resolve().parent.parent / "goals.toml"


@dataclasses.dataclass
class Goal:
    at_least: float | None = None
    at_most: float | None = None

    def text(self, unit):
        if self.at_least is not None:
            return f"≥ {number_text(self.at_least)}{unit_text(unit)}"
        if self.at_most is not None:
            return f"≤ {number_text(self.at_most)}{unit_text(unit)}"
        return ""

    def is_met(self, value):
        return ((self.at_least is None or value >= self.at_least)
                and (self.at_most is None or value <= self.at_most))


@dataclasses.dataclass
class Figure:
    """One line of the table. `key` finds its goal in goals.toml, under the scenario's name."""

    key: str
    label: str
    value: float
    unit: str = ""
    note: str = ""
    goal: Goal | None = None

    def verdict(self):
        if self.goal is None:
            return ""
        return "ok" if self.goal.is_met(self.value) else "**missed**"


def number_text(value):
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def unit_text(unit):
    return f" {unit}" if unit else ""


def load_goals(path=GOALS_FILE):
    with open(path, "rb") as file:
        table = tomllib.load(file)
    goals = {}
    for scenario, entries in table.items():
        for key, limits in entries.items():
            unknown = set(limits) - {"at_least", "at_most"}
            if unknown or not limits:
                raise ValueError(f"{path}: [{scenario}] {key}: only at_least and at_most are known")
            goals[scenario, key] = Goal(**limits)
    return goals


def interleaved(subjects, rounds, measure):
    """Measures each subject once a round: AB, BA, AB ... so that what changes on the machine meets all
    alike. Returns {name: [value of round 1, ...]}."""
    values = {name: [] for name in subjects}
    names = list(subjects)
    for number in range(rounds):
        order = names if number % 2 == 0 else names[::-1]
        for name in order:
            values[name].append(measure(name, subjects[name]))
    return values


def median_ratio(own, base, part=lambda value: value):
    """The median of the ratios within each round."""
    ratios = [part(a) / part(b) for a, b in zip(own, base) if part(b)]
    return statistics.median(ratios) if ratios else float("nan")


def median(values, part=lambda value: value):
    return statistics.median(part(value) for value in values)


def table(figures):
    lines = ["| what | measured | goal | | note |", "| --- | ---: | ---: | --- | --- |"]
    for figure in figures:
        lines.append(f"| {figure.label} | {number_text(figure.value)}{unit_text(figure.unit)} "
                     f"| {figure.goal.text(figure.unit) if figure.goal else ''} "
                     f"| {figure.verdict()} | {figure.note} |")
    return "\n".join(lines) + "\n"
