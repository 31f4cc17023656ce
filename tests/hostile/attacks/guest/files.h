// Attacks by a folder that was granted: /data of the pack, with big.bin (1 MiB), planted (a link
// out of it) and fifo.
#pragma once

#include "tenant.h"

#define FILES "wasi:filesystem/types"
IMPORT(FILES, "[method]descriptor.read-via-stream") void file_read_stream(Handle, u64, Out*);
IMPORT(FILES, "[method]descriptor.write-via-stream") void file_write_stream(Handle, u64, Out*);
IMPORT(FILES, "[method]descriptor.set-size") void file_set_size(Handle, u64, Out*);
IMPORT(FILES, "[method]descriptor.read") void file_read(Handle, u64 size, u64 offset, Out*);
IMPORT(FILES, "[method]descriptor.write") void file_write(Handle, const void*, u32, u64, Out*);
IMPORT(FILES, "[method]descriptor.read-directory") void file_list(Handle, Out*);
IMPORT(FILES, "[method]descriptor.sync") void file_sync(Handle, Out*);
IMPORT(FILES, "[method]descriptor.create-directory-at")
void file_make_folder(Handle, const void*, u32, Out*);
IMPORT(FILES, "[method]descriptor.symlink-at")
void file_link(Handle, const void*, u32, const void*, u32, Out*);
IMPORT(FILES, "[method]descriptor.rename-at")
void file_rename(Handle, const void*, u32, Handle, const void*, u32, Out*);
IMPORT(FILES, "[method]descriptor.unlink-file-at") void file_unlink(Handle, const void*, u32, Out*);
IMPORT(FILES, "[resource-drop]descriptor") void file_drop(Handle);
IMPORT("wasi:io/streams", "[method]input-stream.read") void stream_read(Handle, u64, Out*);

constexpr i32 kCreate = 1;
constexpr i32 kFolder = 2;
constexpr i32 kRead = 1;
constexpr i32 kWrite = 2;

// The folder that was granted; -1 where none was.
inline Handle folder() {
  Out out;
  directories_get(&out);
  return out.word(4) == 0 ? -1 : *reinterpret_cast<const Handle*>(out.word(0));
}

// A handle, or -1.
inline Handle open_file(Handle in, const char* path, i32 how, i32 access) {
  Out out;
  open_at(in, 1, path, length(path), how, access, &out);
  return out.byte(0) != 0 ? -1 : static_cast<Handle>(out.word(4));
}

// "f" and the number, made as long as a name may be.
inline const char* long_name(u64 number) {
  static char name[251];
  for (u32 at = 249; at > 0; --at, number /= 10) name[at] = static_cast<char>('0' + number % 10);
  name[0] = 'f';
  return name;
}

// A files, opened and held for B ms.
inline void open_files(const Attack& attack) {
  const Handle in = folder();
  u64 opened = 0;
  while (opened < attack.a && open_file(in, ".", kFolder, kRead) >= 0) ++opened;
  hold_ms(attack.b);
  (Report() << "opened " << opened).answer(attack.outparam);
}

// A streams that each read ahead, held for B ms.
inline void in_streams(const Attack& attack) {
  const Handle file = open_file(folder(), "big.bin", 0, kRead);
  Out out;
  u64 opened = 0;
  for (; opened < attack.a && file >= 0; ++opened) {
    file_read_stream(file, 0, &out);
    if (out.byte(0) != 0) break;
    stream_read(static_cast<Handle>(out.word(4)), kPage, &out);
  }
  hold_ms(attack.b);
  (Report() << "streams " << opened).answer(attack.outparam);
}

// A streams that each have 64 KiB to write, held for B ms. All write the same place.
inline void out_streams(const Attack& attack) {
  static u8 bytes[kPage];
  const Handle file = open_file(folder(), "out.bin", kCreate, kWrite);
  Out out;
  u64 opened = 0;
  for (; opened < attack.a && file >= 0; ++opened) {
    file_write_stream(file, 0, &out);
    if (out.byte(0) != 0) break;
    const auto stream = static_cast<Handle>(out.word(4));
    stream_check_write(stream, &out);
    if (out.byte(0) == 0 && out.wide(8) >= kPage) stream_write(stream, bytes, kPage, &out);
  }
  hold_ms(attack.b);
  (Report() << "streams " << opened).answer(attack.outparam);
}

// The folder listed A times, the lists held for B ms.
inline void list_folder(const Attack& attack) {
  const Handle in = folder();
  Out out;
  u64 listed = 0;
  for (; listed < attack.a; ++listed) {
    file_list(in, &out);
    if (out.byte(0) != 0) break;
  }
  hold_ms(attack.b);
  (Report() << "listed " << listed).answer(attack.outparam);
}

// A new files of long names, from number B on; what was made is removed again by `remove_files`.
inline void make_files(const Attack& attack) {
  const Handle in = folder();
  u64 made = 0;
  for (; made < attack.a; ++made) {
    const Handle file = open_file(in, long_name(attack.b + made), kCreate, kWrite);
    if (file < 0) break;
    file_drop(file);
  }
  (Report() << "made " << made).answer(attack.outparam);
}

inline void remove_files(const Attack& attack) {
  const Handle in = folder();
  Out out;
  for (u64 i = 0; i < attack.a; ++i) file_unlink(in, long_name(attack.b + i), 250, &out);
  answer(attack.outparam, "removed");
}

// A file of A GiB, which has no bytes; then A MiB that are written.
inline void fill_disk(const Attack& attack) {
  static u8 bytes[kPage];
  const Handle file = open_file(folder(), "fill.bin", kCreate, kWrite);
  Out out;
  file_set_size(file, attack.a << 30U, &out);
  const u64 refused = out.byte(0);
  u64 written = 0;
  for (; written < attack.a << 20U; written += kPage) {
    file_write(file, bytes, kPage, written, &out);
    if (out.byte(0) != 0) break;
  }
  file_set_size(file, 0, &out);
  (Report() << "size refused " << refused << ", written " << written).answer(attack.outparam);
}

// A times a write, and the wait until the disk has it.
inline void sync_disk(const Attack& attack) {
  static u8 bytes[kPage];
  const Handle file = open_file(folder(), "sync.bin", kCreate, kRead | kWrite);
  Out out;
  for (u64 i = 0; i < attack.a; ++i) {
    file_write(file, bytes, kPage, 0, &out);
    file_sync(file, &out);
  }
  answer(attack.outparam, "synced");
}

// Reads of A MiB in one call, B times.
inline void read_much(const Attack& attack) {
  const Handle file = open_file(folder(), "big.bin", 0, kRead);
  Out out;
  for (u64 i = 0; i < attack.b; ++i) file_read(file, attack.a << 20U, 0, &out);
  answer(attack.outparam, "read");
}

// What is no regular file can hold up whoever opens it, for ever.
inline void open_fifo(const Attack& attack) {
  const Handle file = open_file(folder(), "fifo", 0, attack.a != 0 ? kWrite : kRead);
  answer(attack.outparam, file < 0 ? "refused" : "opened");
}

// Every way out of the folder; "kept" where none led out.
inline void escape(const Attack& attack) {
  const Handle in = folder();
  Out out;
  file_link(in, "/etc", 4, "absolute", 8, &out);
  file_link(in, "../../../../../../../../etc", 27, "relative", 8, &out);
  static constexpr const char* kWays[] = {"../../../../../../../../etc/passwd",
                                          "/etc/passwd",
                                          "absolute/passwd",
                                          "relative/passwd",
                                          "planted/passwd",
                                          "planted",
                                          "./planted/../passwd"};
  bool kept = true;
  for (const char* way : kWays) kept = kept && open_file(in, way, 0, kRead) < 0;
  file_unlink(in, "absolute", 8, &out);
  file_unlink(in, "relative", 8, &out);
  answer(attack.outparam, kept ? "kept" : "out");
}

// A times a link out takes the place of a folder while something is opened through it.
inline void race(const Attack& attack) {
  const Handle in = folder();
  Out out;
  file_make_folder(in, "real", 4, &out);
  file_link(in, "../outside", 10, "link", 4, &out);
  u64 out_of_it = 0;
  for (u64 i = 0; i < attack.a; ++i) {
    file_rename(in, "link", 4, in, "swap", 4, &out);
    if (open_file(in, "swap/secret", 0, kRead) >= 0) ++out_of_it;
    file_rename(in, "swap", 4, in, "link", 4, &out);
  }
  answer(attack.outparam, out_of_it == 0 ? "kept" : "out");
}
