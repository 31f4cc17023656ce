// A site that uses the C library: preview 1, adapted. It runs what the path names on the folder
// /data.
#include <sys/stat.h>
#include <unistd.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GUEST_HAS_LIBC
#include "guest.h"

__attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void* old, u32 size, u32 align,
                                                                u32 want) {
  (void)size;
  (void)align;
  return realloc(old, want);
}

static char out[1024];

static void try_write(const char* path) {
  FILE* file = fopen(path, "w");
  if (!file) {
    snprintf(out, sizeof out, "cannot write: %s", strerror(errno));
    return;
  }
  fputs("written by a guest", file);
  fclose(file);
  snprintf(out, sizeof out, "written");
}

static void try_read(const char* path) {
  FILE* file = fopen(path, "r");
  if (!file) {
    snprintf(out, sizeof out, "cannot read: %s", strerror(errno));
    return;
  }
  const size_t length = fread(out, 1, sizeof out - 1, file);
  out[length] = 0;
  fclose(file);
}

static void run(const char* path) {
  if (!strcmp(path, "/env")) {
    const char* value = getenv("COLOUR");
    snprintf(out, sizeof out, "%s", value ? value : "unset");
  } else if (!strcmp(path, "/print")) {
    printf("printed\n");
    fprintf(stderr, "complained\n");
    fflush(stdout);
  } else if (!strcmp(path, "/exit")) {
    exit(3);
  } else if (!strcmp(path, "/write")) {
    try_write("/data/new.txt");
  } else if (!strcmp(path, "/read")) {
    try_read("/data/old.txt");
  } else if (!strcmp(path, "/escape")) {
    try_read("/data/../secret.txt");
  } else if (!strcmp(path, "/time")) {
    snprintf(out, sizeof out, "%s", time(NULL) > 1700000000 ? "now" : "long ago");
  } else if (!strcmp(path, "/random")) {
    unsigned char bytes[32] = {0};
    getentropy(bytes, sizeof bytes);
    unsigned sum = 0;
    for (unsigned i = 0; i < sizeof bytes; i++) sum += bytes[i];
    snprintf(out, sizeof out, "%s", sum > 0 ? "random" : "zero");
  }
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
