// Cases of the resource `fields`, and of requests.
#include "probe.h"

#define NAME(s) s, sizeof(s) - 1

static void say_entries(i32 fields) {
  fields_entries(fields, result);
  const u8* list = *(u8**)result;
  const u32 count = *(u32*)(result + 4);
  for (u32 i = 0; i < count; i++) {
    say_text(read_text(list + 16 * i));
    say("=");
    say_text(read_text(list + 16 * i + 8));
    say(";");
  }
}

static void append(i32 fields, const char* name, const char* value) {
  fields_append(fields, name, length_of(name), value, length_of(value), result);
  say_header_result();
}

static void edit(void) {
  const i32 fields = fields_new();
  append(fields, "X-One", "  first ");
  append(fields, "x-one", "second");
  append(fields, "x-two", "");
  say_number((u64)fields_has(fields, NAME("X-ONE")));
  say_number((u64)fields_has(fields, NAME("x-three")));
  say_number((u64)fields_has(fields, NAME("not a name")));
  say(";");
  fields_get(fields, NAME("X-one"), result);
  say_number(*(u32*)(result + 4));
  say_text(read_text(*(u8**)result));
  say(";");
  const text values[2] = {{"a", 1}, {"b", 1}};
  fields_set(fields, NAME("x-one"), (void*)values, 2, result);
  say_header_result();
  fields_delete(fields, NAME("X-Two"), result);
  say_header_result();
  const i32 copy = fields_clone(fields);
  append(copy, "x-copy", "yes");
  say_entries(fields);
  say("|");
  say_entries(copy);
  drop_fields(copy);
  drop_fields(fields);
}

static void refuse(void) {
  const i32 fields = fields_new();
  append(fields, "", "v");
  append(fields, "a b", "v");
  append(fields, "a\xc3\xa4", "v");
  append(fields, "x", "line\nbreak");
  append(fields, "x", "\x7f");
  append(fields, "content-length", "12a");
  append(fields, "Transfer-Encoding", "chunked");
  append(fields, "connection", "close");
  append(fields, "Host", "example.com");
  append(fields, "x", "\xc3\xa4\ttab");
  const text good_then_bad[2] = {{"a", 1}, {"b\r", 2}};
  fields_set(fields, NAME("x"), (void*)good_then_bad, 2, result);
  say_header_result();
  fields_delete(fields, NAME("upgrade"), result);
  say_header_result();
  fields_delete(fields, NAME("a b"), result);
  say_header_result();
  say_entries(fields);
}

static void from_list(void) {
  struct {
    text name;
    text value;
  } entries[2] = {{{"a", 1}, {"1", 1}}, {{"B", 1}, {"2", 1}}};
  fields_from_list(entries, 2, result);
  say_number(result[0]);
  say_entries(read_i32(result + 4));
  entries[1].name = (text){"host", 4};
  fields_from_list(entries, 2, result);
  say_number(result[0]);
  say_number(result[4]);
}

static void many(u32 count) {
  const i32 fields = fields_new();
  for (u32 i = 0; i < count; i++) fields_append(fields, NAME("n"), "v", 1, result);
  say("made");
}
static void fields_at_limit(void) {
  many(100);
}
static void fields_past_limit(void) {
  many(101);
}

static u8 big[20000];
static void bytes_of_value(u32 count) {
  for (u32 i = 0; i < count; i++) big[i] = 'v';
  const i32 fields = fields_new();
  fields_append(fields, NAME("n"), big, count, result);
  say_header_result();
}
static void bytes_at_limit(void) {
  bytes_of_value(16383);
}
static void bytes_past_limit(void) {
  bytes_of_value(16384);
}

// Entries that overlap: a list of 100 million costs the guest nothing to name.
static void huge_list(void) {
  fields_from_list(0, 1u << 16, result);
}

static void rewrite_for_ever(void) {
  const i32 fields = fields_new();
  for (u32 i = 0; i < 1000; i++) {
    const text value = {(const char*)big, 1000};
    for (u32 j = 0; j < 1000; j++) big[j] = 'v';
    fields_set(fields, NAME("n"), (void*)&value, 1, result);
  }
  fields_get(fields, NAME("n"), result);
  say_number(*(u32*)(*(u8**)result + 4));
}

static void say_some(const u8* option) {
  if (!option[0]) {
    say("none;");
    return;
  }
  say_text(read_text(option + 4));
  say(";");
}

static void show_request(void) {
  request_method(request, result);
  say_number(result[0]);
  if (result[0] == 9) say_text(read_text(result + 4));
  say(";");
  request_scheme(request, result);
  say_number(result[0]);
  say_number(result[4]);
  say(";");
  request_authority(request, result);
  say_some(result);
  const i32 headers = request_headers(request);
  say_entries(headers);
  append(headers, "x", "y");
  fields_delete(headers, NAME("a"), result);
  say_header_result();
  const i32 copy = fields_clone(headers);
  say("|");
  say_entries(copy);
  drop_fields(copy);
  drop_fields(headers);
  drop_request(request);
}

static i32 kept_headers = -1;
static void keep_headers(void) {
  if (kept_headers >= 0) say_entries(kept_headers);
  kept_headers = request_headers(request);
}

static void drop_request_first(void) {
  request_headers(request);
  drop_request(request);
}

static void response_parts(void) {
  const i32 fields = fields_with("x-a", "1");
  const i32 response = response_new(fields);
  say_number((u64)response_status(response));
  const i32 bad[] = {0, 99, 100, 101, 199, 600, 65535};
  for (u32 i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    say_number((u64)response_set_status(response, bad[i]));
  }
  say_number((u64)response_set_status(response, 599));
  say_number((u64)response_status(response));
  const i32 headers = response_headers(response);
  append(headers, "x", "y");
  say_entries(headers);
  drop_fields(headers);
  drop_response(response);
}

static void drop_response_first(void) {
  const i32 response = response_new(fields_new());
  response_headers(response);
  drop_response(response);
}

static void two_lengths(void) {
  const i32 fields = fields_with("content-length", "1");
  append(fields, "content-length", "1");
  response_new(fields);
}

static void leak_fields(void) {
  for (;;) fields_new();
}

static void send(void) {
  const i32 it = out_request_new(fields_new());
  say_number((u64)out_request_set_method(it, 9, "BAD METHOD", 10));
  say_number((u64)out_request_set_method(it, 9, "PURGE", 5));
  say_number((u64)out_request_set_path(it, 1, "/with space", 11));
  say_number((u64)out_request_set_path(it, 1, "/ok?x=1", 7));
  say_number((u64)out_request_set_scheme(it, 1, 1, 0, 0));
  say_number((u64)out_request_set_authority(it, 1, "api.example.com", 15));
  out_request_path(it, result);
  say_some(result);
  drop_fields(out_request_headers(it));
  const i32 options = options_new();
  say_number((u64)options_set_connect(options, 1, 5));
  options_connect(options, result);
  say_number(*(u64*)(result + 8));
  out_request_body(it, result);
  const i32 body = read_i32(result + 4);
  const i32 stream = new_stream(body);
  stream_blocking_write(stream, "x", 1, result);
  say_number(result[0]);
  drop_output(stream);
  body_finish(body, 0, 0, result);
  send_request(it, 1, options, result);
  say_number(result[0]);
  say_number(result[8]);
}

// "ok", or which error-code it is.
static void inform_with(i32 status) {
  outparam_inform(outparam, status, fields_with("link", "</a.css>"), result);
  if (!result[0]) {
    say("ok;");
    return;
  }
  say_number(result[8]);
  say(";");
}

static void inform(void) {
  inform_with(103);
  inform_with(199);
  inform_with(100);
  inform_with(101);
  inform_with(99);
  inform_with(200);
}

const probe_case cases[] = {{"edit", edit},
                            {"refuse", refuse},
                            {"from-list", from_list},
                            {"fields-at-limit", fields_at_limit},
                            {"fields-past-limit", fields_past_limit},
                            {"bytes-at-limit", bytes_at_limit},
                            {"bytes-past-limit", bytes_past_limit},
                            {"huge-list", huge_list},
                            {"rewrite-for-ever", rewrite_for_ever},
                            {"show-request", show_request},
                            {"keep-headers", keep_headers},
                            {"drop-request-first", drop_request_first},
                            {"response-parts", response_parts},
                            {"drop-response-first", drop_response_first},
                            {"two-lengths", two_lengths},
                            {"leak-fields", leak_fields},
                            {"send", send},
                            {"inform", inform},
                            {0, 0}};
