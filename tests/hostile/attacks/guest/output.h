// Attacks by what a guest says: to the log, and to its clients.
#pragma once

#include "tenant.h"

// A lines of B bytes.
inline void log_lines(const Attack& attack) {
  static char line[4'096];
  __builtin_memset(line, 'L', sizeof line);
  const auto size = static_cast<u32>(attack.b < sizeof line ? attack.b : sizeof line);
  line[size - 1] = '\n';
  const Handle stream = stderr_get();
  Out out;
  for (u64 i = 0; i < attack.a; ++i) stream_blocking_write(stream, line, size, &out);
  answer(attack.outparam, "logged");
}

// Bytes that must neither reach a terminal nor end a line.
inline void log_injection(const Attack& attack) {
  static constexpr char kText[] =
      "\"},\n{\"level\":\"error\",\"event\":\"access\",\"site\":\"good\"}\r\n\x1b["
      "2J\xff\xfe\xe2\x80\xa8\x7f\n";
  Out out;
  for (u64 i = 0; i < 100; ++i) stream_blocking_write(stderr_get(), kText, sizeof kText - 1, &out);
  answer(attack.outparam, "logged");
}

inline Handle many_fields(u64 count, u64 size, const char* name) {
  static char value[kPage];
  __builtin_memset(value, 'v', sizeof value);
  Out out;
  const Handle fields = fields_new();
  for (u64 i = 0; i < count; ++i) {
    fields_append(fields, name, length(name), value, static_cast<u32>(size), &out);
    if (out.byte(0) != 0) break;
  }
  return fields;
}

// A head with A fields of B bytes.
inline void head(const Attack& attack) {
  const Body body = start(attack.outparam, 200, many_fields(attack.a, attack.b, "set-cookie"));
  put(body, "head", 4);
  end(body);
}

// Trailers of A fields of B bytes.
inline void trailers(const Attack& attack) {
  const Body body = start(attack.outparam);
  put(body, "trailers", 8);
  stream_drop(body.stream);
  Out out;
  body_finish(body.body, 1, many_fields(attack.a, attack.b, "x-trailer"), &out);
}

// A writes of a byte each.
inline void single_bytes(const Attack& attack) {
  const Body body = start(attack.outparam);
  for (u64 i = 0; i < attack.a; ++i) {
    if (!put(body, "y", 1)) break;
  }
  end(body);
}

// A KiB.
inline void kilobytes(const Attack& attack) {
  static u8 zeroes[4'096];
  const Body body = start(attack.outparam);
  for (u64 i = 0; i < attack.a; i += 4) {
    if (!put(body, zeroes, sizeof zeroes)) break;
  }
  end(body);
}

// Goes on when the client has gone.
inline void endless(const Attack& attack) {
  static u8 zeroes[4'096];
  const Body body = start(attack.outparam);
  while (true) put(body, zeroes, sizeof zeroes);
}

// Answers before it has read anything of the request's body, and never does.
inline void early(const Attack& attack) {
  const Body body = start(attack.outparam);
  put(body, "early", 5);
  end(body);
}

inline void echo(const Attack& attack) {
  const Handle stream = request_stream(attack.request);
  const Body body = start(attack.outparam);
  Out out;
  while (true) {
    stream_blocking_read(stream, 4'096, &out);
    if (out.byte(0) != 0) break;
    if (!put(body, reinterpret_cast<const void*>(out.word(4)), out.word(8))) break;
  }
  end(body);
}

// Lets the body wait for A ms, and then reads it, before there is a head.
inline void sink(const Attack& attack) {
  hold_ms(attack.a);
  const Handle stream = request_stream(attack.request);
  Out out;
  u64 size = 0;
  while (true) {
    stream_blocking_read(stream, kPage, &out);
    if (out.byte(0) != 0) break;
    size += out.word(8);
  }
  (Report() << "read " << size).answer(attack.outparam);
}

inline void sleep(const Attack& attack) {
  hold_ms(attack.a);
  answer(attack.outparam, "slept");
}

// A status with a content-length of B, and so many bytes, which some statuses must not have.
inline void status(const Attack& attack) {
  char digits[] = {static_cast<char>('0' + attack.b % 10), 0};
  const Body body =
      start(attack.outparam, static_cast<i32>(attack.a), fields_with("content-length", digits));
  put(body, "0123456789", static_cast<u32>(attack.b % 10));
  end(body);
}

// A requests to others, which nobody granted, all under way at a time.
inline void outgoing(const Attack& attack) {
  Out out;
  for (u64 i = 0; i < attack.a; ++i) {
    const Handle request = out_request_new(fields_new());
    out_request_set_authority(request, 1, "127.0.0.1:1", 11);
    outgoing_send(request, 0, 0, &out);
  }
  hold_ms(attack.b);
  answer(attack.outparam, "sent");
}

// A sockets and look-ups of names, which nobody granted.
inline void sockets(const Attack& attack) {
  Out out;
  const Handle network = network_get();
  u64 denied = 0;
  for (u64 i = 0; i < attack.a; ++i) {
    tcp_create(0, &out);
    denied += out.byte(0);
    resolve(network, "localhost", 9, &out);
    denied += out.byte(0);
  }
  answer(attack.outparam, denied == 2 * attack.a ? "denied" : "granted");
}
