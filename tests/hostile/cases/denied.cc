// Cases that reach for what they were not granted. Each answers "denied" when the host kept to
// that.
#include "hostile.h"

HOSTILE(files) {
  Out out;
  directories_get(&out);
  // Where a folder is granted, it must not lead outside.
  bool denied = true;
  const auto* folders = reinterpret_cast<const Field*>(out.word(0));
  for (u32 i = 0; i < out.word(4); ++i) {
    const auto folder = static_cast<Handle>(reinterpret_cast<const u32*>(folders)[i * 3]);
    Out opened;
    open_at(folder, 1, "../../../../../../etc/passwd", 28, 0, 1, &opened);
    denied = denied && opened.byte(0) == 1;
  }
  answer(outparam, denied ? "denied" : "granted");
}

HOSTILE(environment) {
  Out out;
  environment_get(&out);
  const u32 variables = out.word(4);
  arguments_get(&out);
  answer(outparam, variables == 0 && out.word(4) == 0 ? "denied" : "granted");
}

static bool connects(Handle network, Handle socket, i32 port) {
  Out out;
  tcp_start_connect(socket, network, 0, port, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, &out);
  if (out.byte(0) != 0) return false;
  const Handle pollable = tcp_subscribe(socket);
  pollable_block(pollable);
  pollable_drop(pollable);
  tcp_finish_connect(socket, &out);
  return out.byte(0) == 0;
}

HOSTILE(sockets) {
  Out out;
  tcp_create(0, &out);
  const bool granted =
      out.byte(0) == 0 && connects(network_get(), static_cast<Handle>(out.word(4)), 22);
  answer(outparam, granted ? "granted" : "denied");
}

HOSTILE(names) {
  Out out;
  resolve(network_get(), "localhost", 9, &out);
  bool granted = out.byte(0) == 0;
  if (granted) {
    const auto stream = static_cast<Handle>(out.word(4));
    pollable_block(resolve_subscribe(stream));
    resolve_next(stream, &out);
    granted = out.byte(0) == 0;
  }
  answer(outparam, granted ? "granted" : "denied");
}

HOSTILE(outgoing_request) {
  Out out;
  const Handle wanted = out_request_new(fields_new());
  out_request_set_authority(wanted, 1, "127.0.0.1:1", 11);
  outgoing_send(wanted, 0, 0, &out);
  bool granted = out.byte(0) == 0;
  if (granted) {
    const auto future = static_cast<Handle>(out.word(8));
    pollable_block(future_subscribe(future));
    future_get(future, &out);
    granted = out.byte(0) == 1 && out.byte(8) == 0 && out.byte(16) == 0;
  }
  answer(outparam, granted ? "granted" : "denied");
}
