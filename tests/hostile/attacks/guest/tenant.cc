// A hostile tenant: one guest with an attack at each path, /NAME?A,B. What the numbers are is said
// at each attack. /ok is answered as a decent site does.
#define HOSTILE_CASE tenant
#include "tenant.h"

#include "cpu.h"
#include "files.h"
#include "memory.h"
#include "output.h"

// Reads the path from its place after the slash.
class Path {
 public:
  Path(const char* text, u32 size) : at_(text), end_(text + size) {}

  bool take_name(const char* name) {
    const char* here = at_;
    for (; *name != 0; ++name, ++here) {
      if (here == end_ || *here != *name) return false;
    }
    if (here != end_ && *here != '?') return false;
    at_ = here;
    return true;
  }

  Attack rest(Handle request, Handle outparam) {
    const u64 a = take_number();
    return {.request = request, .outparam = outparam, .a = a, .b = take_number()};
  }

 private:
  // Of the digits after the next byte; 0 where there are none.
  u64 take_number() {
    if (at_ != end_) ++at_;
    u64 number = 0;
    for (; at_ != end_ && *at_ >= '0' && *at_ <= '9'; ++at_) {
      number = number * 10 + static_cast<u64>(*at_ - '0');
    }
    return number;
  }

  const char* at_;
  const char* end_;
};

#define ATTACK(name) \
  if (path.take_name(#name)) return name(path.rest(request, outparam))

static void attack_with(Path path, Handle request, Handle outparam) {
  ATTACK(spin);
  ATTACK(spin_after_head);
  ATTACK(recurse);
  ATTACK(host_calls);
  ATTACK(naps);
  ATTACK(denormals);
  ATTACK(polls);
  ATTACK(random);
  ATTACK(entries);
  ATTACK(trap);
  ATTACK(trap_after_head);
  ATTACK(fill);
  ATTACK(copy);
  ATTACK(tables);
  ATTACK(hold);
  ATTACK(exhaust);
  ATTACK(list);
  ATTACK(collections);
  ATTACK(handles);
  ATTACK(open_files);
  ATTACK(in_streams);
  ATTACK(out_streams);
  ATTACK(list_folder);
  ATTACK(make_files);
  ATTACK(remove_files);
  ATTACK(fill_disk);
  ATTACK(sync_disk);
  ATTACK(read_much);
  ATTACK(open_fifo);
  ATTACK(escape);
  ATTACK(race);
  ATTACK(log_lines);
  ATTACK(log_injection);
  ATTACK(head);
  ATTACK(trailers);
  ATTACK(single_bytes);
  ATTACK(kilobytes);
  ATTACK(endless);
  ATTACK(early);
  ATTACK(echo);
  ATTACK(sink);
  ATTACK(sleep);
  ATTACK(status);
  ATTACK(outgoing);
  ATTACK(sockets);
  answer(outparam, "no such attack");
}

HOSTILE(tenant) {
  Out out;
  request_path(request, &out);
  if (out.byte(0) == 0 || out.word(8) == 0) return answer(outparam, "no path");
  attack_with({reinterpret_cast<const char*>(out.word(4)) + 1, out.word(8) - 1}, request, outparam);
}
