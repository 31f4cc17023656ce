"""A second server to hold the cases against: aioquic's own HTTP/3, with the answers of `site/`.

  http3_server.py PORT CHAIN KEY [--early-data]

Says "serving" when it does. Runs where aioquic is (tests/peers).
"""

import asyncio
import sys

from aioquic.asyncio import serve
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated

import site_answers


class Protocol(QuicConnectionProtocol):
    def __init__(self, *arguments, **others):
        super().__init__(*arguments, **others)
        self.http = None
        self.requests = {}  # By stream: [fields, body].

    def quic_event_received(self, event):
        if isinstance(event, ProtocolNegotiated):
            self.http = H3Connection(self._quic)
        if self.http is None:
            return
        for heard in self.http.handle_event(event):
            self.hear(heard)

    def hear(self, event):
        if isinstance(event, HeadersReceived):
            self.requests.setdefault(event.stream_id, [dict(event.headers), bytearray()])
        elif isinstance(event, DataReceived):
            self.requests[event.stream_id][1] += event.data
        else:
            return
        if event.stream_ended:
            fields, body = self.requests.pop(event.stream_id)
            self.answer(event.stream_id, fields, bytes(body))

    def answer(self, stream, fields, body):
        status, kind, answer = site_answers.answer(fields[b":path"].decode(), body)
        alone = fields[b":method"] == b"HEAD"
        self.http.send_headers(stream, [(b":status", str(status).encode()),
                                        (b"content-type", kind.encode()),
                                        (b"content-length", str(len(answer)).encode())], end_stream=alone)
        if not alone:
            self.http.send_data(stream, answer, end_stream=True)
        self.transmit()


async def main(port, chain, key, *options):
    configuration = QuicConfiguration(is_client=False, alpn_protocols=["h3"],
                                      max_datagram_frame_size=None)
    configuration.load_cert_chain(chain, key)
    tickets = {}
    kept = {"session_ticket_fetcher": tickets.get,
            "session_ticket_handler": lambda ticket: tickets.update({ticket.ticket: ticket})}
    await serve("127.0.0.1", int(port), configuration=configuration, create_protocol=Protocol,
                **(kept if "--early-data" in options else {}))
    print("serving", flush=True)
    await asyncio.Future()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
