#!/usr/bin/env python3
"""Tests of the benchmark's own parts: python3 bench/test_bench.py. They start nothing but `sleep`."""

import math
import os
import pathlib
import socket
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from pearbench import figures, house, load, process, residents, results, tenant_pack  # noqa: E402
from pearbench.link import Link, Way  # noqa: E402
from scenarios import ORDER  # noqa: E402

WRK = """Running 3s test @ http://127.0.0.1:18080/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     3.85ms    2.52ms  17.04ms   69.30%
  Latency Distribution
     50%  950.00us
     75%    4.93ms
     90%    7.16ms
     99%    1.25s
  48287 requests in 3.02s, 5.39MB read
"""


class Wrk(unittest.TestCase):
    def test_reads_rate_count_and_percentiles(self):
        result = load.parse_wrk(WRK + "Requests/sec:  15972.11\n")
        self.assertEqual((result.rate, result.requests, result.failed), (15972.11, 48287, 0))
        self.assertEqual((result.p50_us, result.p99_us), (950.0, 1.25e6))

    def test_counts_lost_connections_and_bad_statuses_as_failed(self):
        result = load.parse_wrk(WRK + "  Socket errors: connect 1, read 2, write 3, timeout 4\n"
                                      "  Non-2xx or 3xx responses: 5\nRequests/sec:  1.0\n")
        self.assertEqual(result.failed, 15)

    def test_refuses_what_it_does_not_understand(self):
        with self.assertRaises(process.BenchError):
            load.parse_wrk("unable to connect\n")


class Links(unittest.TestCase):
    def test_a_packet_takes_its_time_and_waits_for_those_before(self):
        way = Way(rate=8 * 1024, delay=0.5, buffer=4096)
        self.assertEqual([way.arrives(10.0, 1024, 1.0) for _ in range(3)], [11.5, 12.5, 13.5])
        self.assertEqual(way.arrives(20.0, 1024, 1.0), 21.5)

    def test_drops_what_the_buffer_does_not_hold_what_is_too_large_and_what_chance_takes(self):
        way = Way(rate=8e3, delay=0, buffer=2000, loss=0.1)
        self.assertIsNotNone(way.arrives(0.0, 1000, 0.1))
        self.assertIsNotNone(way.arrives(0.0, 1000, 0.1))
        self.assertIsNone(way.arrives(0.0, 1000, 0.1))
        self.assertIsNone(way.arrives(9.0, 1473, 0.1))
        self.assertIsNone(way.arrives(9.0, 1000, 0.0999))

    def test_carries_datagrams_both_ways(self):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with server, client:
            server.bind(("127.0.0.1", 0))
            with Link(server.getsockname()[1], rate=1e9, delay=0, buffer=10000) as link:
                client.sendto(b"there", ("127.0.0.1", link.port))
                said, sender = server.recvfrom(100)
                server.sendto(b"back", sender)
                self.assertEqual((said, client.recv(100)), (b"there", b"back"))


class Figures(unittest.TestCase):
    def test_a_ratio_is_taken_within_each_round(self):
        self.assertEqual(figures.median_ratio([50, 5, 80], [100, 10, 100]), 0.5)

    def test_there_is_no_ratio_to_nothing(self):
        self.assertTrue(math.isnan(figures.median_ratio([1], [0])))

    def test_rounds_turn_their_order(self):
        order = []
        figures.interleaved({"a": 1, "b": 2}, 3, lambda name, _subject: order.append(name))
        self.assertEqual("".join(order), "abbaab")

    def test_a_goal_holds_on_its_own_side_up_to_its_value(self):
        self.assertTrue(figures.Goal(at_least=2).is_met(2))
        self.assertFalse(figures.Goal(at_least=2).is_met(1.99))
        self.assertTrue(figures.Goal(at_most=2).is_met(2))
        self.assertFalse(figures.Goal(at_most=2).is_met(2.01))

    def test_a_goal_is_missed_by_what_is_no_number(self):
        self.assertFalse(figures.Goal(at_least=2).is_met(math.nan))

    def test_every_goal_belongs_to_a_scenario(self):
        for scenario, _key in figures.load_goals():
            self.assertIn(scenario, ORDER)

    def test_numbers_keep_three_digits(self):
        self.assertEqual([figures.number_text(n) for n in (0, 0.1234, 12.34, 123.4, 1234567)],
                         ["0", "0.123", "12.3", "123", "1,234,567"])


class Tenants(unittest.TestCase):
    def round_of(self, **p99s_us):
        return {who: residents.Heard(1, 0, p99_us) for who, p99_us in p99s_us.items()}

    def test_what_is_fast_may_double_for_nothing_and_2_ms_count_as_twice(self):
        quiet = self.round_of(kept=100, shop=10_000)
        self.assertEqual(residents.slowdown(quiet, self.round_of(kept=1_100, shop=10_000)), 1.5)
        self.assertEqual(residents.slowdown(quiet, self.round_of(kept=100, shop=30_000)), 3)
        self.assertEqual(residents.slowdown(self.round_of(kept=0), self.round_of(kept=4_000)), 3)
        self.assertEqual(residents.slowdown(self.round_of(kept=4_000), self.round_of(kept=1_000)), 0.25)

    def test_the_log_is_counted_while_it_is_read(self):
        with tempfile.TemporaryDirectory() as folder:
            pipe, copy = pathlib.Path(folder) / "pipe", pathlib.Path(folder) / "copy"
            os.mkfifo(pipe)
            heard = house.LogReader(pipe, copy)
            with open(pipe, "wb") as log:
                log.write(b'{"event":"server_serving"}\n{"event":"access","site":"good","path":"/ok"}\n'
                          b'{"event":"access","site":"good","path":"/well"}\n{"event":"guest","site":"evil"}\n')
            while not copy.exists() or heard.good_lines == 0:
                time.sleep(0.001)
            self.assertEqual((heard.serving, heard.good_lines), (1, 1))

    def test_what_an_attacker_must_not_see_is_a_surprise(self):
        attack = tenant_pack.pack.BY_NAME["spin"]
        self.assertEqual(attack.surprises({"504": 7, "200": 1}), {"200": 1})
        self.assertEqual(tenant_pack.pack.BY_NAME["slow_posts"].surprises({"closed": 1}), {})

    def test_a_component_gets_another_module_and_its_instances(self):
        core = house.components.module([house.components.EMPTY])
        tenant = b"\0asm\x0d\0\x01\0" + house.components.section(1, core)
        self.assertEqual(house.components.with_module(tenant, core, 2),
                         tenant + house.components.section(1, core) + b"\x02\x07\x02\0\x01\0\0\x01\0")

    def test_a_status_is_read_from_a_header_block(self):
        import http2
        self.assertEqual([http2.status_of(block) for block in
                          (b"\x88", b"\x20\x8d", b"\x48\x03503", b"\x08\x82\x10\x05", b"\x48\x83\x6c\x0c\xff")],
                         ["200", "404", "503", "202", "503"])


class Results(unittest.TestCase):
    def section(self, name, value):
        return results.section(name, results.Measured(f"About {name}", [figures.Figure("key", "label", value)]), "a run")

    def test_a_run_replaces_what_it_measured_and_keeps_the_rest_in_order(self):
        first = results.merged("", "head\n", {"c": self.section("c", 1), "a": self.section("a", 1)}, "abc")
        second = results.merged(first, "head\n", {"b": self.section("b", 2), "c": self.section("c", 2)}, "abc")
        self.assertEqual(second, results.merged("", "head\n", {"a": self.section("a", 1),
                                                               "b": self.section("b", 2),
                                                               "c": self.section("c", 2)}, "abc"))

    def test_figures_beside_other_peers_and_of_scenarios_that_are_no_more_go(self):
        old = results.merged("", "peers\n", {"a": self.section("a", 1), "b": self.section("b", 1)}, "ab")
        self.assertNotIn("`a`", results.merged(old, "another\n", {"b": self.section("b", 2)}, "ab"))
        self.assertNotIn("`a`", results.merged(old, "peers\n", {"b": self.section("b", 2)}, "b"))


class Processes(unittest.TestCase):
    def test_a_server_that_ends_at_once_is_reported_with_its_last_words(self):
        with tempfile.TemporaryDirectory() as folder:
            server = process.Server("broken", ["sh", "-c", "echo no such port >&2; exit 3"], folder,
                                    process.free_port())
            with self.assertRaisesRegex(process.BenchError, "no such port"):
                server.start()

    def test_stopping_ends_a_server_and_its_children_that_ignore_requests_to_end(self):
        with tempfile.TemporaryDirectory() as folder:
            server = process.Server("deaf", ["sh", "-c", "trap '' TERM; sleep 60 & sleep 60"], folder,
                                    process.free_port())
            with self.assertRaises(process.BenchError):
                server.start(ready_s=0.3)
            # Orphans that ended may still be listed until init has taken note of them.
            tree = process.process_tree(server.pid)
            self.assertFalse([pid for pid in tree if process.is_alive(pid)])

    def test_the_time_of_this_process_is_seen(self):
        before = process.usage_of(os.getpid())
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass
        after = process.usage_of(os.getpid())
        self.assertGreater(after.cpu_s, before.cpu_s)
        self.assertGreater(after.resident_bytes, 1_000_000)


if __name__ == "__main__":
    unittest.main()
