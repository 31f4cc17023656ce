// A site that uses the folder /data up: what the path names, and what came of it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUEST_HAS_LIBC
#include "guest.h"

__attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void* old, u32 size, u32 align,
                                                                u32 want) {
  (void)size;
  (void)align;
  return realloc(old, want);
}

static char out[256];
static char block[1000];

static void say(const char* what, int count) {
  snprintf(out, sizeof out, "%s %d: %s", what, count, errno ? strerror(errno) : "done");
}

// How many bytes went into a file before the first error.
static int fill(int file, int bytes) {
  int written = 0;
  while (written < bytes) {
    const int step = bytes - written < (int)sizeof block ? bytes - written : (int)sizeof block;
    const ssize_t count = write(file, block, step);
    if (count < 0) return written;
    written += count;
  }
  return written;
}

static void open_many(void) {
  int count = 0;
  while (count < 100 && open("/data/old.txt", O_RDONLY) >= 0) count++;
  say("opened", count);
}

static void list(void) {
  DIR* folder = opendir("/data");
  int count = 0;
  for (struct dirent* entry; folder && (entry = readdir(folder));) count += entry->d_name[0] != '.';
  say("listed", count);
}

static void make_files(void) {
  int count = 0;
  for (; count < 100; count++) {
    char name[32];
    snprintf(name, sizeof name, "/data/f%d", count);
    const int file = open(name, O_CREAT | O_WRONLY, 0644);
    if (file < 0) break;
    close(file);
  }
  say("made", count);
}

// Each time as much as fits once.
static void fill_again(void) {
  int count = 0;
  for (; count < 10; count++) {
    const int file = open("/data/t", O_CREAT | O_WRONLY | O_TRUNC, 0644);
    if (file < 0 || fill(file, 3000) != 3000) break;
    close(file);
    if (count % 2 && unlink("/data/t") != 0) break;
  }
  say("filled", count);
}

static void nameless(void) {
  const int first = open("/data/first", O_CREAT | O_RDWR, 0644);
  int written = fill(first, 3000);
  unlink("/data/first");
  const int second = open("/data/second", O_CREAT | O_WRONLY, 0644);
  written += fill(second, 3000);
  say("beside it", written);
}

static void replace(void) {
  for (int i = 0; i < 5; i++) {
    const int file = open("/data/new", O_CREAT | O_WRONLY, 0644);
    if (file < 0 || fill(file, 1500) != 1500) return say("written", i);
    close(file);
    if (rename("/data/new", "/data/old") != 0) return say("renamed", i);
  }
  say("replaced", 5);
}

static void sparse(void) {
  const int file = open("/data/sparse", O_CREAT | O_WRONLY, 0644);
  say("truncated", ftruncate(file, 1 << 30));
}

static void append(void) {
  const int file = open("/data/log", O_CREAT | O_WRONLY | O_APPEND, 0644);
  say("appended", fill(file, 10000));
}

static void copy(void) {
  const int from = open("/data/big", O_RDONLY);
  const int to = open("/data/copy", O_CREAT | O_WRONLY, 0644);
  int count = 0;
  for (ssize_t got; (got = read(from, block, sizeof block)) > 0; count += got) {
    if (write(to, block, got) != got) break;
  }
  say("copied", count);
}

static void run(const char* path) {
  errno = 0;
  if (!strcmp(path, "/open_many")) open_many();
  if (!strcmp(path, "/fifo")) say("opened", open("/data/fifo", O_RDONLY) >= 0);
  if (!strcmp(path, "/list")) list();
  if (!strcmp(path, "/make_files")) make_files();
  if (!strcmp(path, "/fill_again")) fill_again();
  if (!strcmp(path, "/nameless")) nameless();
  if (!strcmp(path, "/replace")) replace();
  if (!strcmp(path, "/sparse")) sparse();
  if (!strcmp(path, "/append")) append();
  if (!strcmp(path, "/copy")) copy();
}

EXPORT_HANDLE void handle(i32 request, i32 outparam) {
  static u8 result[64] __attribute__((aligned(8)));
  request_path(request, result);
  const text path = read_text(result + 4);
  char name[64] = {0};
  memcpy(name, path.data, path.length < 63 ? path.length : 63);
  drop_request(request);
  out[0] = 0;
  run(name);
  const i32 response = response_new(fields_new());
  response_body(response, result);
  const i32 body = read_i32(result + 4);
  outparam_set_ok(outparam, response);
  body_write(body, result);
  const i32 stream = read_i32(result + 4);
  if (out[0]) stream_blocking_write(stream, out, strlen(out), result);
  drop_output(stream);
  body_finish(body, 0, 0, result);
}
