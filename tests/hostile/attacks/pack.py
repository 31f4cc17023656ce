"""The pack: every attack with what it costs and what is right. One row each; `attack` runs one by its name.

kind    what it wants all of
by      who attacks: "guest" (by its code, asked by an ordinary client), "client" (by how it asks), "owner" (by what is
        deployed)
wire    the protocol: "1", "2", "3", "tls", "admin"
run     one pass: a function of a Target (target.py)
costs   what it takes from a server that does not mind
right   what is to become of it
ends    what the attacker may see: statuses, or "cut" (a response that ends in an error), "closed", "refused",
        "reset", "timeout" (the attack's own patience), "sent", "goaway". Empty: anything, the others are what counts."""

import dataclasses
import importlib
import typing

import deploys
import http1
import http2
from floods import flood
from http1 import heads_of_every_size, hit
from target import FILES


@dataclasses.dataclass(frozen=True)
class Attack:
    name: str
    kind: str
    by: str
    wire: str
    run: typing.Callable
    costs: str
    right: str
    ends: frozenset = frozenset()

    def surprises(self, saw):
        """What the attacker should not have seen, and how often."""
        return {outcome: count for outcome, count in saw.items() if self.ends and outcome not in self.ends}


def by_http3(name, *arguments):
    """http3.py needs aioquic, which only who runs such an attack must have."""
    def one_pass(target):
        module = importlib.import_module("http3")
        found = getattr(module, name)
        (heads_of_every_size(*arguments, found) if arguments else found)(target)
    return one_pass


def ends(words):
    return frozenset(words.split())


BUSY = "503 timeout closed "  # Shed, or not waited for.
COMPUTES = ends(BUSY + "504 500 cut")
ANSWERED = ends(BUSY + "200 429")
TRAPS = ends(BUSY + "500 502 cut")
HEADS = ends(BUSY + "200 500 502")
# Where a guest may be refused by an error, or its host may give it less than it wanted.
ANY_ANSWER = ends(BUSY + "200 500 502 504 cut 507")
DEPLOYED = ends(BUSY + "200 500 502 504 cut reset")

GUESTS = [
    # ---- Time of the processor.
    ("spin", "cpu", hit("/spin?100000", 16, 200), "a core for as long as it may", "504 at its budget", COMPUTES),
    ("spin_after_head", "cpu", hit("/spin_after_head", 16, 200), "the same after the head", "cut", COMPUTES),
    ("host_calls", "cpu", hit("/host_calls", 16, 200), "a core, within the host", "504", COMPUTES),
    ("naps", "cpu", hit("/naps", 16, 200), "turns of the event loop", "504", COMPUTES),
    ("denormals", "cpu", hit("/denormals?10000", 16, 200), "slow arithmetic", "504", COMPUTES),
    ("polls", "cpu", hit("/polls?9000,1000", 16, 200), "9,000 pollables, polled 1,000 times", "200 or 504",
     ends(BUSY + "200 504 500 cut")),
    ("random", "cpu", hit("/random?60000,20000", 16, 200), "60 KB of random bytes in a call, 1.2 GB", "200 or 504",
     COMPUTES | {"200"}),
    ("random_large", "cpu", hit("/random?30000000,1", 16, 200), "30 MB of random bytes in one call",
     "200, or an error that says why", ANY_ANSWER),
    ("entries", "cpu", hit("/entries", 16, 200), "lists that the host makes, without end", "504", COMPUTES),
    ("recurse", "cpu", hit("/recurse", 16, 2_000), "the stack", "500", TRAPS),
    ("trap_storm", "fault", hit("/trap", 16, 4_000), "an instance for each request", "500", TRAPS),
    ("trap_after_head", "fault", hit("/trap_after_head", 16, 4_000), "the same after the head", "cut", TRAPS),
    # ---- One instruction that moves much.
    ("bulk_fill", "bulk", hit("/fill?28,64", 8, 160), "memory.fill of 28 MiB", "a slice of 2 ms at most",
     ANY_ANSWER),
    ("bulk_copy", "bulk", hit("/copy?28,14", 8, 160), "memory.copy of 28 MiB", "a slice of 2 ms at most",
     ANY_ANSWER),
    ("bulk_tables", "bulk", hit("/tables?10000000,2000", 8, 160), "table.grow, table.copy and table.fill",
     "a slice of 2 ms at most", ANY_ANSWER),
    # ---- Memory.
    ("hold_memory", "memory", hit("/hold?50,1000", 64, 400), "50 MiB an instance, held for 1 s",
     "charged; 503 past the cage's memory", ANY_ANSWER),
    ("hold_memory_warm", "memory", hit("/hold?8,0", 16, 400), "8 MiB more in an instance that is used again",
     "charged while the instance is warm", ANY_ANSWER),
    ("exhaust_memory", "memory", hit("/exhaust", 16, 1_000), "all that a cage has, then a trap", "500", TRAPS),
    ("list_of_3_gib", "memory", hit("/list?3221225472", 16, 1_000), "a list that the host makes", "500", ANY_ANSWER),
    ("collections", "memory", hit("/collections?1000,120000", 8, 30), "120 MB of fields, kept by the host",
     "charged; 500 past the cage's memory", ANY_ANSWER),
    ("handles", "memory", hit("/handles?9900,2000", 32, 60), "9,900 resources a request", "charged", ANY_ANSWER),
    # ---- Files.
    ("open_files", "files", hit("/open_files?9900,6000", 3, 3, FILES), "20,000 descriptors by three requests",
     "a share of the descriptors", ANY_ANSWER),
    ("in_streams", "files", hit("/in_streams?9900,3000", 6, 6, FILES), "64 KiB read ahead by each of 9,900 streams",
     "charged", ANY_ANSWER),
    ("out_streams", "files", hit("/out_streams?9900,3000", 6, 6, FILES), "64 KiB to write on each of 9,900 streams",
     "charged", ANY_ANSWER),
    ("list_folder", "files", hit("/list_folder?60,0", 64, 64, FILES), "the threads that all sites' files share",
     "a share of them; charged", ANY_ANSWER),
    ("list_folder_held", "files", hit("/list_folder?9000,3000", 6, 6, FILES), "9,000 listings of 300 names",
     "charged", ANY_ANSWER),
    ("make_files", "files", hit("/make_files?2000,0", 8, 40, FILES), "entries of the disk", "a quota", ANY_ANSWER),
    ("remove_files", "files", hit("/remove_files?2000,0", 8, 40, FILES), "the disk's journal", "200", ANY_ANSWER),
    ("fill_disk", "files", hit("/fill_disk?64", 4, 8, FILES), "64 MiB written, a size of 64 GiB", "a quota",
     ANY_ANSWER),
    ("sync_disk", "files", hit("/sync_disk?50", 32, 64, FILES), "file threads that wait for the disk",
     "a share of them", ANY_ANSWER),
    ("read_much", "files", hit("/read_much?64,8", 16, 64, FILES), "64 MiB in one read", "bounded, charged",
     ANY_ANSWER),
    ("open_fifo", "files", hit("/open_fifo?0", 40, 40, FILES), "a file thread for ever, each", "refused at once",
     ANY_ANSWER),
    ("open_fifo_to_write", "files", hit("/open_fifo?1", 40, 40, FILES), "the same by a writer", "refused at once",
     ANY_ANSWER),
    ("escape", "files", hit("/escape", 4, 40, FILES), "other people's files", "no way out", ANY_ANSWER),
    ("race", "files", hit("/race?500", 8, 40, FILES), "the moment between look and leap", "no way out", ANY_ANSWER),
    # ---- What a guest says.
    ("log_flood", "log", hit("/log_lines?60,1000", 8, 4_000), "others' lines of the log",
     "its own lines are dropped and counted", ANSWERED),
    ("log_empty_lines", "log", hit("/log_lines?100000,1", 8, 100), "100,000 lines of a byte", "the same", ANY_ANSWER),
    ("log_injection", "log", hit("/log_injection", 4, 100), "the look of another's line", "escaped", ANSWERED),
    ("heads", "head", heads_of_every_size("/head", http1.ask), "buffers for heads of 1 KiB to 300 KiB",
     "sent where its limits allow, else 502", HEADS),
    ("trailers", "head", heads_of_every_size("/trailers", http1.ask), "the same after the body", "sent, or cut",
     HEADS | {"cut"}),
    ("single_bytes", "head", hit("/single_bytes?20000", 32, 64), "a write for each byte", "200", ANY_ANSWER),
    ("no_content_length", "head", hit("/status?204,5", 4, 100), "a body where there may be none",
     "204 without content-length, or 502", ANY_ANSWER | {"204"}),
    ("reset_content", "head", hit("/status?205,5", 4, 100), "the same of 205", "205 without a body, or 502",
     ANY_ANSWER | {"205"}),
    ("outgoing", "handles", hit("/outgoing?4000,1000", 16, 100), "requests to others", "denied; charged", ANY_ANSWER),
    ("sockets", "handles", hit("/sockets?4000", 16, 100), "sockets and look-ups", "denied", ANY_ANSWER),
]

GUESTS_BY_MORE = [
    ("heads_by_http2", "head", "2", heads_of_every_size("/head", http2.ask), "buffers for heads, by HTTP/2",
     "sent where its limits allow, else 502", HEADS),
    ("trailers_by_http2", "head", "2", heads_of_every_size("/trailers", http2.ask), "trailers, by HTTP/2",
     "sent, or reset", HEADS | {"cut", "reset"}),
    ("no_content_by_http2", "head", "2", http2.hit("/status?204,5", 100), "a length that HTTP/2 clients refuse",
     "204 without content-length, or 502", ANY_ANSWER | {"204"}),
    ("heads_by_http3", "head", "3", by_http3("ask", "/head"), "buffers for heads, by HTTP/3",
     "sent where its limits allow, else 502", HEADS),
    ("trailers_by_http3", "head", "3", by_http3("ask", "/trailers"), "trailers, by HTTP/3", "sent, or reset",
     HEADS | {"cut", "reset"}),
]

CLIENTS = [
    ("slow_posts", "places", "1", http1.slow_posts, "places of the site, by bodies that never end",
     "408, or the costliest is reset", frozenset()),
    ("slow_readers", "places", "1", http1.slow_readers, "places and 256 KiB each, by answers that nobody reads",
     "ended when there is no room", frozenset()),
    ("finished_unread", "places", "1", http1.finished_unread, "the cage, by answers that are done and not taken",
     "charged to the client", frozenset()),
    ("waiters_left_alone", "places", "1", http1.waiters_left_alone, "the wake-up of those that wait",
     "the next is served", ANSWERED),
    ("waiters_for_memory", "places", "1", http1.waiters_for_memory, "the same for memory", "the next is served",
     ANSWERED),
    ("open_streams", "places", "2", http2.open_streams, "2,000 requests without bodies", "a share of the places",
     frozenset()),
    ("chunks_of_one_byte", "memory", "1", http1.chunks_of_one_byte, "room for a chunk for each byte",
     "small pieces share chunks", ANY_ANSWER | {"408", "413"}),
    ("data_of_one_byte", "memory", "2", http2.data_of_one_byte, "16 KiB for each byte", "small pieces share chunks",
     frozenset()),
    ("data_of_200_bytes", "memory", "2", http2.data_with_padding, "16 KiB for each 200 bytes", "the same",
     frozenset()),
    ("data_of_one_byte_http3", "memory", "3", by_http3("data_of_one_byte"), "the same by HTTP/3", "the same",
     frozenset()),
    ("holes_in_streams", "memory", "3", by_http3("holes_in_streams"), "an allocation for each byte of a stream",
     "bounded, charged to the connection", frozenset()),
    ("holes_in_the_handshake", "memory", "3", by_http3("holes_in_the_handshake"), "the same for CRYPTO", "closed",
     frozenset()),
    ("zero_windows", "memory", "2", http2.zero_windows, "1,200 finished answers of 64 KiB", "charged to the client",
     frozenset()),
    ("zero_windows_http3", "memory", "3", by_http3("zero_windows"), "the same by HTTP/3", "charged to the client",
     frozenset()),
    ("half_closed", "answer", "1", http1.half_closed, "its own answer", "200", ANSWERED),
    ("half_closed_http2", "answer", "2", http2.half_closed, "its own answers", "200", ANSWERED),
    ("early_answers", "answer", "1", http1.early_answers, "the answer, by a reset that overtakes it", "200",
     ANSWERED),
    ("early_answers_http2", "answer", "2", http2.early_answers, "the same by HTTP/2", "200", ANSWERED),
    ("short_uploads_http2", "answer", "2", http2.short_uploads, "the answer, by a body that is too short",
     "200, or 400 where it comes first", ANSWERED | {"400"}),
    ("early_answers_http3", "answer", "3", by_http3("early_answers"), "the same by HTTP/3", "200",
     ANSWERED | {"400"}),
    ("cookie_crumbs", "fields", "2", http2.cookie_crumbs, "fields, by the crumbs of one cookie", "200", ANSWERED),
    ("many_fields", "fields", "1", http1.many_fields, "5,000 fields", "431", ANSWERED | {"431", "400"}),
    ("large_heads", "fields", "1", http1.large_heads, "heads that are too large, and heads that never end",
     "431; 408", ANSWERED | {"431", "400", "408"}),
    ("large_heads_http3", "fields", "3", by_http3("large_heads"), "heads that are too large", "431, or closed",
     ANSWERED | {"431", "400", "reset"}),
    ("trailer_bombs", "fields", "1", http1.trailer_bombs, "2,000 trailers of a request", "431, or not read",
     ANSWERED | {"431", "400", "cut", "502", "500"}),
    ("trailer_bombs_http2", "fields", "2", http2.trailers_of_requests, "trailers that never end", "closed",
     frozenset()),
    ("resets", "churn", "1", http1.resets, "work for clients that have gone", "ended at once", frozenset()),
    ("resets_http2", "churn", "2", http2.resets_in_answers, "the same by HTTP/2", "ended at once", frozenset()),
    ("resets_http3", "churn", "3", by_http3("resets_in_answers"), "the same by HTTP/3", "ended at once",
     frozenset()),
    ("pipelines", "churn", "1", http1.pipelines, "5,000 requests on a connection, no answer read",
     "read no further than it answers", frozenset()),
    ("garbage", "churn", "1", http1.garbage, "what no parser knows", "4xx",
     ends("400 404 405 408 413 414 421 431 501 505 200 closed timeout")),
    ("expectations", "churn", "1", http1.expectations, "100-continue, and then no body", "408", frozenset()),
    ("frames_http3", "churn", "3", by_http3("frames_that_are_answered"), "an answer for each frame", "closed",
     frozenset()),
    ("unknown_frames_http3", "churn", "3", by_http3("unknown_frames"), "frames that are passed over", "200, or closed",
     ANSWERED),
    ("idle_connections", "connections", "1", http1.idle_connections, "15,900 connections of 16 addresses",
     "the longest idle make room", frozenset()),
    ("silent_connections", "connections", "1", http1.silent_connections, "4,000 connections that say nothing",
     "the longest idle make room", frozenset()),
    ("connection_flood", "connections", "1", http1.connection_flood, "3,000 connections, opened and reset", "taken",
     frozenset()),
    ("partial_hellos", "connections", "tls", http1.partial_hellos, "800 handshakes, a byte at a time",
     "closed in time", frozenset()),
    ("slow_admin", "connections", "admin", http1.slow_admin, "the admin listener, by heads that never end",
     "/livez answers", ends("200")),
]

# What each sends a second: see bench/scenarios/abuse.py.
FLOODS = [("rapid_reset", "2", 10_000), ("made_you_reset", "2", 10_000), ("continuations", "2", 10_000),
          ("pings", "2", 10_000), ("settings", "2", 10_000), ("empty_data", "2", 10_000), ("priorities", "2", 10_000),
          ("tiny_windows", "2", 10_000), ("header_bombs", "2", 200), ("stalled_readers", "2", 1_000),
          ("slow_heads", "1", 1_000), ("slow_bodies", "1", 1_000), ("tls_hellos", "tls", 300),
          ("quic_initials", "3i", 10_000)]

OWNERS = [
    ("instances", "64 core instances, each with a memory of its own", "a shortage is no cage's fault: it waits"),
    ("memory_at_start", "a memory of 3 GiB from the start", "refused, or given up"),
    ("start_traps", "a start function that traps", "given up"),
    ("start_loops", "a start function that never ends", "given up"),
    ("slow_locals", "two functions that take minutes to compile", "compiled elsewhere, or refused with numbers"),
    ("slow_functions", "twelve that take seconds", "compiled elsewhere"),
    ("many_functions", "200,000 functions", "compiled elsewhere, or refused"),
    ("nested_blocks", "60,000 blocks in each other", "compiled elsewhere, or refused"),
    ("nested_ifs", "20,000 branches in each other", "compiled elsewhere, or refused"),
    ("wide_table", "a branch table of a million", "compiled elsewhere, or refused"),
    ("nested_components", "20,000 components in each other", "refused"),
    ("truncated", "half a component", "refused; the former serves"),
    ("sparse_gigabyte", "a file of 1 GiB", "refused without being read"),
]

ATTACKS = [
    *(Attack(name, kind, "guest", "1", run, costs, right, allowed)
      for name, kind, run, costs, right, allowed in GUESTS),
    *(Attack(name, kind, "guest", wire, run, costs, right, allowed)
      for name, kind, wire, run, costs, right, allowed in GUESTS_BY_MORE),
    *(Attack(name, kind, "client", wire, run, costs, right, allowed)
      for name, kind, wire, run, costs, right, allowed in CLIENTS),
    *(Attack(f"flood_of_{name}", "flood", "client", wire, flood(name, rate), f"{rate:,} of them a second",
             "counted, and the connection ended") for name, wire, rate in FLOODS),
    *(Attack(f"deploy_{name}", "deploy", "owner", "1", deploys.component(name), costs, right, DEPLOYED)
      for name, costs, right in OWNERS),
    Attack("deploy_many_sites", "deploy", "owner", "1", deploys.many_sites, "400 sites of three cages",
           "each serves, in turns", DEPLOYED),
    Attack("reload_storm", "deploy", "owner", "1", deploys.reload_storm, "20 reloads a second", "the last one counts",
           DEPLOYED),
]

BY_NAME = {attack.name: attack for attack in ATTACKS}
assert len(BY_NAME) == len(ATTACKS), "two attacks have one name"
