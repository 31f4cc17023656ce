"""The site behind servers that pass requests on: what `site/` answers, by a strict HTTP/1.1."""

import socketserver
import threading
import time

import site_answers
from http1_reader import Incomplete, Reader, Refused

SEEN = b"/seen"  # Paths that begin with it are noted, and answered with what was heard.


class Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        reader = Reader(self.rfile, self.on_head)
        try:
            while message := reader.next():
                self.answer(message)
                if message.close:
                    return
        except Refused as refused:
            self.server.note("refused", refused.head, str(refused))
            self.send(400, "text/plain; charset=utf-8", str(refused).encode(), close=True)
        except (Incomplete, ConnectionError):
            pass

    def on_head(self, message):
        if message.path.startswith(SEEN):
            self.server.note("begins", message)
        if message.expects:
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def answer(self, message):
        if message.path.startswith(SEEN):
            self.server.note("whole", message)
            status, kind = 200, "application/octet-stream"
            body = site_answers.report(message.method, message.path, message.host, message.fields,
                                       message.body)
        else:
            path = message.path.decode("latin-1").partition("?")[0]
            status, kind, body = site_answers.answer(path, message.body)
            if path.startswith("/stream/"):
                return self.stream(kind, body, message.close)
        return self.send(status, kind, body, message.close, alone=message.method == b"HEAD")

    def stream(self, kind, body, close):
        """Pieces that are made one after the other, with time between them."""
        self.wfile.write(head_of(200, kind, "transfer-encoding: chunked", close))
        for at in range(0, len(body), site_answers.PIECE_BYTES):
            if at:
                time.sleep(site_answers.PAUSE_MS / 1000)
            piece = body[at:at + site_answers.PIECE_BYTES]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def send(self, status, kind, body, close=False, alone=False):
        head = head_of(status, kind, f"content-length: {len(body)}", close)
        self.wfile.write(head if alone else head + body)


def head_of(status, kind, framing, close):
    lines = [f"HTTP/1.1 {status} {'OK' if status == 200 else 'Refused'}", f"content-type: {kind}", framing]
    return "\r\n".join([*lines, *(["connection: close"] if close else []), "", ""]).encode()


class SiteServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 128

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), Connection)
        self._lock = threading.Lock()
        self._notes = []

    def note(self, what, message, why=""):
        said = f"{message.method.decode('latin-1')} {message.path.decode('latin-1')}" if message else why
        with self._lock:
            self._notes.append((what, said))

    def seen(self):
        """What was noted since the last call: [("begins", "whole" or "refused"; "GET /seen")]."""
        with self._lock:
            notes, self._notes = self._notes, []
        return notes

    def handle_error(self, *_):
        """Of a client that has gone, as clients of conformance suites do."""
