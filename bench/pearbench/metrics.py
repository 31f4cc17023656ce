"""What Pear counts itself: its /metrics, as Prometheus text."""

import http.client
import re

_LINE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


class Metrics:
    def __init__(self, text):
        self.samples = [(match[1], dict(_LABEL.findall(match[2] or "")), float(match[3]))
                        for match in map(_LINE.fullmatch, text.splitlines()) if match]

    @classmethod
    def of(cls, server):
        connection = http.client.HTTPConnection("127.0.0.1", server.admin_port, timeout=10)
        try:
            connection.request("GET", "/metrics")
            return cls(connection.getresponse().read().decode())
        finally:
            connection.close()

    def value(self, name, **labels):
        """The sum of all samples of that name and those labels."""
        return sum(value for its_name, its, value in self.samples
                   if its_name == name and labels.items() <= its.items())

    def _buckets(self, name, labels):
        return {float(its["le"]): value for its_name, its, value in self.samples
                if its_name == f"{name}_bucket" and labels.items() <= its.items()}

    def quantile_since(self, before, name, quantile, **labels):
        """Of what a histogram counted since `before`; linear within a bucket. Seconds."""
        old = before._buckets(name, labels)
        counts = sorted((le, count - old.get(le, 0)) for le, count in self._buckets(name, labels).items())
        wanted = quantile * counts[-1][1] if counts else 0
        if wanted == 0:
            raise ValueError(f"{name} counted nothing")
        lower, below = 0.0, 0.0
        for le, count in counts:
            if count >= wanted:
                return lower if le == float("inf") else lower + (le - lower) * (wanted - below) / (count - below)
            lower, below = le, count
        return lower
