/* pear_quic: QUIC and HTTP/3 (quiche) behind a C face. Kept by hand; src/http/http3/ is its only user.
 *
 * A connection neither opens sockets nor waits: datagrams are given to it, and it gives datagrams to
 * send and the time of its next timeout. What a client may do, and when, is told to it.
 *
 * Source:   RFC 9000 (QUIC), 9001 (its TLS), 9002 (recovery), 9114 (HTTP/3), 9204 (QPACK).
 * Strings:  borrowed until the call returns, or as long as stands with the function.
 * Panics:   none crosses. A connection whose code panicked answers PEAR_QUIC_FAILED from then on: its
 *           owner frees it.
 * Threads:  a configuration and its connections belong to one thread.
 */
#ifndef PEAR_QUIC_H
#define PEAR_QUIC_H

#include "pear_rust.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct PearQuicConfig PearQuicConfig;
typedef struct PearQuic PearQuic; /* One connection and the HTTP/3 over it. */

/* An address of IPv4 (in its first 4 bytes) or IPv6. */
typedef struct PearAddress {
  uint8_t ip[16];
  uint32_t scope; /* Of a link-local IPv6 address. */
  uint16_t port;
  bool v6;
} PearAddress;

/* What a call came to: a count, or one of these. */
#define PEAR_QUIC_DONE (-1)    /* Nothing to do, or no room now. */
#define PEAR_QUIC_FAILED (-2)  /* Of a datagram: it was dropped. Of a stream: it is gone. */
#define PEAR_QUIC_BLOCKED (-3) /* The peer has no room: again once the stream is writable. */

/* ---- Datagrams that belong to no connection ------------------------------------------------- */

enum { PEAR_QUIC_INITIAL = 1, PEAR_QUIC_ZERO_RTT = 2, PEAR_QUIC_HANDSHAKE = 3, PEAR_QUIC_SHORT = 4,
       PEAR_QUIC_OTHER = 5 };
enum { PEAR_QUIC_ID_MAX = 20 };

typedef struct PearQuicHeader {
  uint32_t type;
  uint32_t version;     /* 0: version negotiation, or a short header. */
  bool version_known;
  PearBytes destination; /* Connection ids; into the datagram, as the token. */
  PearBytes source;
  PearBytes token;
} PearQuicHeader;
/* Of the datagram's first packet. Short headers have a destination of `id_bytes`. False: no packet of
 * QUIC. */
bool pear_quic_header(PearBytes datagram, size_t id_bytes, PearQuicHeader* header);
/* A packet into `out`; its size, or PEAR_QUIC_FAILED. RFC 9000, sections 17.2.1 and 17.2.5. */
int64_t pear_quic_negotiate_version(const PearQuicHeader* header, uint8_t* out, size_t out_bytes);
int64_t pear_quic_retry(const PearQuicHeader* header, PearBytes new_source, PearBytes token,
                        uint8_t* out, size_t out_bytes);

/* ---- Configuration -------------------------------------------------------------------------- */

enum { PEAR_QUIC_CUBIC = 0, PEAR_QUIC_RENO = 1, PEAR_QUIC_BBR = 2 };

typedef struct PearQuicOptions {
  uint64_t idle_timeout_ms;      /* 0: none. */
  uint64_t streams_max;          /* Requests of the peer at a time. */
  uint64_t stream_window;        /* Bytes that a peer may send on a stream before they are read … */
  uint64_t connection_window;    /* … and on all streams of a connection. */
  uint64_t field_section_max;    /* Bytes of a header, uncompressed. */
  uint64_t ids_max;              /* Connection ids that each side may have in use. */
  uint64_t datagram_bytes_max;   /* Largest payload to send, if the path lets it through. */
  uint32_t congestion;           /* PEAR_QUIC_CUBIC … */
  bool pacing;
} PearQuicOptions;
PearQuicConfig* pear_quic_config_new(const PearQuicOptions* options);
void pear_quic_config_free(PearQuicConfig* config);

/* ---- Connection ----------------------------------------------------------------------------- */

typedef struct PearQuicStart {
  PearBytes id;               /* Ours. */
  PearBytes original;         /* With a Retry: the destination of the client's first packet; else empty. */
  uint8_t reset_token[16];    /* Of `id`. RFC 9000, section 10.3. */
  PearAddress local;
  PearAddress peer;
  void* ssl;                  /* An SSL of BoringSSL, which the connection owns from now on. */
  bool is_server;
  PearBytes ticket;            /* Of a client: an SSL_SESSION in BoringSSL's own form; empty: none. */
  PearBytes ticket_parameters; /* The server's transport parameters when it gave the ticket. */
} PearQuicStart;
/* Null: BoringSSL refuses the SSL, which is freed, or the ticket. */
PearQuic* pear_quic_new(PearQuicConfig* config, const PearQuicStart* start);
void pear_quic_free(PearQuic* quic);

/* Takes a datagram, which is decrypted in place: DONE, or FAILED when the connection ends with it. */
int64_t pear_quic_receive(PearQuic* quic, uint8_t* datagram, size_t bytes, const PearAddress* from,
                          const PearAddress* to);
typedef struct PearQuicSend {
  PearAddress from;
  PearAddress to;
  uint64_t delay_ns; /* How long pacing would have it wait. */
} PearQuicSend;
/* One datagram into `out`: its size, DONE (nothing to send) or FAILED. */
int64_t pear_quic_send(PearQuic* quic, uint8_t* out, size_t out_bytes, PearQuicSend* sent);
/* How many bytes may leave at once. */
size_t pear_quic_send_quantum(const PearQuic* quic);
/* Nanoseconds to the next call of pear_quic_on_timeout; UINT64_MAX: none is due. */
uint64_t pear_quic_timeout_ns(const PearQuic* quic);
void pear_quic_on_timeout(PearQuic* quic);

enum {
  PEAR_QUIC_ESTABLISHED = 1, /* The handshake is complete. */
  PEAR_QUIC_EARLY = 2,       /* It is not, and the peer's early data was accepted. */
  PEAR_QUIC_DRAINING = 4,    /* Nothing more will be sent. */
  PEAR_QUIC_CLOSED = 8,      /* It can be freed. */
  PEAR_QUIC_TIMED_OUT = 16,
  PEAR_QUIC_RESUMED = 32,
  PEAR_QUIC_EARLY_TAKEN = 64, /* The handshake is complete, and early data was accepted in it. */
};
uint32_t pear_quic_state(const PearQuic* quic);
/* Ends it with a code of HTTP/3 (`application`) or of QUIC. Harmless on one that ends already. */
void pear_quic_close(PearQuic* quic, bool application, uint64_t code);
typedef struct PearQuicError {
  uint64_t code;
  PearBytes reason; /* As long as the connection. */
  bool application;
} PearQuicError;
/* Why it ended, by our word or the peer's. False: no such word. */
bool pear_quic_local_error(const PearQuic* quic, PearQuicError* error);
bool pear_quic_peer_error(const PearQuic* quic, PearQuicError* error);

/* Ids that the peer can be given yet. */
size_t pear_quic_ids_wanted(const PearQuic* quic);
bool pear_quic_add_id(PearQuic* quic, PearBytes id, const uint8_t* reset_token);
/* An id of ours that the peer uses no more: its size, or DONE. */
int64_t pear_quic_next_retired_id(PearQuic* quic, uint8_t* out, size_t out_bytes);
/* The peer has moved to an address that was validated: true, once for each move. */
bool pear_quic_moved(PearQuic* quic, PearAddress* peer);
/* Writes qlog (draft-ietf-quic-qlog-main-schema) to the descriptor, which is owned from now on. */
void pear_quic_write_qlog(PearQuic* quic, int fd);

typedef struct PearQuicStats {
  uint64_t packets_received, packets_sent, packets_lost;
  uint64_t bytes_received, bytes_sent;
  uint64_t rtt_ns;
} PearQuicStats;
void pear_quic_stats(const PearQuic* quic, PearQuicStats* stats);

/* ---- HTTP/3 --------------------------------------------------------------------------------- */

/* Once the connection is established or takes early data, and before all below. False: it ends. */
bool pear_http3_open(PearQuic* quic, const PearQuicConfig* config);

enum {
  PEAR_HTTP3_NOTHING = 0,
  PEAR_HTTP3_HEAD = 1,     /* A header section: `fields`, `more`: something follows. Also trailers. */
  PEAR_HTTP3_BODY = 2,     /* Read on until DONE: it is not said again before. */
  PEAR_HTTP3_END = 3,
  PEAR_HTTP3_RESET = 4,    /* By the peer, with `code`. */
  PEAR_HTTP3_PRIORITY = 5, /* pear_http3_take_priority says which. */
  PEAR_HTTP3_GOAWAY = 6,
  PEAR_HTTP3_FAILED = 7,   /* The connection is being closed with the protocol's own error. */
};
typedef struct PearHttp3Event {
  uint64_t stream;
  uint64_t code;
  const PearField* fields; /* Until the next event is asked for. Names as they were sent. */
  size_t field_count;
  uint32_t kind;
  bool more;
} PearHttp3Event;
void pear_http3_next_event(PearQuic* quic, PearHttp3Event* event);
/* Bytes of a body into `out`: their number, DONE or FAILED. */
int64_t pear_http3_read_body(PearQuic* quic, uint64_t stream, uint8_t* out, size_t out_bytes);
/* The value of a PRIORITY_UPDATE into `out`: its size (one that does not fit: DONE). */
int64_t pear_http3_take_priority(PearQuic* quic, uint64_t stream, uint8_t* out, size_t out_bytes);

typedef struct PearHttp3Head {
  const PearField* fields; /* With :status or :method first. Copied. */
  size_t field_count;
  bool first;              /* Nothing was sent on the stream yet, not even a 1xx. */
  bool end;                /* Nothing follows. */
  uint8_t urgency;         /* RFC 9218, 0 to 7. */
  bool incremental;
} PearHttp3Head;
/* A response, or one before it (1xx): 0, BLOCKED (again later, with all of it) or FAILED. */
int64_t pear_http3_send_head(PearQuic* quic, uint64_t stream, const PearHttp3Head* head);
int64_t pear_http3_send_trailers(PearQuic* quic, uint64_t stream, const PearField* fields,
                                 size_t count);
/* Begins a request: its stream, BLOCKED or FAILED. */
int64_t pear_http3_request(PearQuic* quic, const PearHttp3Head* head);
/* How many of the bytes were taken, BLOCKED or FAILED. `end` counts when all are taken. */
int64_t pear_http3_send_body(PearQuic* quic, uint64_t stream, PearBytes bytes, bool end);
/* How many bytes of a stream pear_http3_write() takes now, or FAILED. Where they are less than `least`: 0,
 * and next_writable names the stream when they are so many. */
int64_t pear_http3_room(PearQuic* quic, uint64_t stream, size_t least);
/* Bytes of a stream as they are: HEADERS and DATA frames that leave in pieces. Nothing else can be sent
 * on a stream that began with them. How many were taken, BLOCKED or FAILED; all where there was room. */
int64_t pear_http3_write(PearQuic* quic, uint64_t stream, PearBytes bytes, bool end);
/* SETTINGS_MAX_FIELD_SECTION_SIZE of the peer; UINT64_MAX while it has not said any. */
uint64_t pear_http3_field_section_max(const PearQuic* quic);
void pear_http3_set_priority(PearQuic* quic, uint64_t stream, uint8_t urgency, bool incremental);
/* Of a Priority field's value (RFC 9218, section 4). False: it is malformed, and nothing is set. */
bool pear_http3_parse_priority(PearBytes value, uint8_t* urgency, bool* incremental);
/* A stream that can take more; each is named once and not again before it was blocked. DONE: none. */
int64_t pear_http3_next_writable(PearQuic* quic);
/* Ends what we send (RESET_STREAM), what we read (STOP_SENDING), or both. */
void pear_http3_reset(PearQuic* quic, uint64_t stream, bool sending, bool receiving, uint64_t code);
/* How many streams the peer has stopped until now: they are not all named as writable. */
uint64_t pear_http3_stops(const PearQuic* quic);
/* The peer takes no more of the stream, or it is gone. */
bool pear_http3_is_stopped(PearQuic* quic, uint64_t stream);
/* `id`: the first request that will not be served; never more than before. BLOCKED: again later. */
int64_t pear_http3_go_away(PearQuic* quic, uint64_t id);

#ifdef __cplusplus
}
#endif

#endif
