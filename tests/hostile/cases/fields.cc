// Cases about header fields.
#include "hostile.h"

HOSTILE(million_fields) {
  Out out;
  const Handle fields = fields_new();
  for (u32 i = 0; i < 1'000'000; ++i) fields_append(fields, "x-a", 3, "b", 1, &out);
  end(start(outparam, 200, fields));
}

HOSTILE(million_fields_at_once) {
  constexpr u32 count = 1'000'000;
  auto* list = reinterpret_cast<Field*>(more_memory(count * sizeof(Field)));
  if (list == nullptr) __builtin_trap();
  for (u32 i = 0; i < count; ++i) list[i] = {{"x-a", 3}, {"b", 1}};
  Out out;
  fields_from_list(list, count, &out);
  end(start(outparam, 200, static_cast<Handle>(out.word(4))));
}

static void append_giant(Handle outparam, bool as_name) {
  constexpr u32 size = 16U << 20U;
  u8* text = more_memory(size);
  if (text == nullptr) __builtin_trap();
  __builtin_memset(text, 'a', size);
  Out out;
  const Handle fields = fields_new();
  if (as_name) {
    fields_append(fields, text, size, "b", 1, &out);
  } else {
    fields_append(fields, "x-a", 3, text, size, &out);
  }
  end(start(outparam, 200, fields));
}
HOSTILE(giant_field_value) {
  append_giant(outparam, false);
}
HOSTILE(giant_field_name) {
  append_giant(outparam, true);
}

HOSTILE(invalid_field_bytes) {
  static constexpr struct {
    const char* name;
    const char* value;
    u32 value_size;
  } kBad[] = {
      {"x-a", "b\r\nset-cookie: c", 16},
      {"x-a", "b\nc", 3},
      {"x-a", "b\rc", 3},
      {"x-a", "b\0c", 3},
      {"x-a", "b\x7f", 2},
      {"x a", "b", 1},
      {"x:a", "b", 1},
      {"", "b", 1},
      {"x-a\r\nx-b", "b", 1},
      {"x\xC3\xA4", "b", 1},
  };
  bool refused = true;
  Out out;
  const Handle fields = fields_new();
  for (const auto& bad : kBad) {
    fields_append(fields, bad.name, length(bad.name), bad.value, bad.value_size, &out);
    refused = refused && out.byte(0) == 1;
  }
  answer_refused(outparam, refused);
}

HOSTILE(forbidden_fields) {
  static constexpr const char* kForbidden[] = {
      "connection", "Keep-Alive", "proxy-connection", "transfer-encoding", "upgrade", "Host"};
  bool refused = true;
  Out out;
  const Handle fields = fields_new();
  for (const char* name : kForbidden) {
    fields_append(fields, name, length(name), "close", 5, &out);
    refused = refused && out.byte(0) == 1;
  }
  answer_refused(outparam, refused);
}

HOSTILE(immutable_fields) {
  Out out;
  const Handle fields = request_headers(request);
  fields_append(fields, "x-a", 3, "b", 1, &out);
  answer_refused(outparam, out.byte(0) == 1);
}

HOSTILE(fields_out_of_bounds) {
  Out out;
  fields_from_list(reinterpret_cast<const void*>(0xFFFFFFF0U), 1'000, &out);
  answer(outparam, "made");
}

HOSTILE(field_bytes_out_of_bounds) {
  static Field field = {{"x-a", 3}, {reinterpret_cast<const void*>(0xFFFF0000U), 0xFFFFFFFFU}};
  Out out;
  fields_from_list(&field, 1, &out);
  answer(outparam, "made");
}

// A list of few bytes that names the same large value again and again.
HOSTILE(fields_many_times_large) {
  static Field list[1'000];
  constexpr u32 size = 1U << 20U;
  u8* text = more_memory(size);
  if (text == nullptr) __builtin_trap();
  __builtin_memset(text, 'a', size);
  for (Field& field : list) field = {{"x-a", 3}, {text, size}};
  Out out;
  fields_from_list(list, 1'000, &out);
  answer(outparam, "made");
}

HOSTILE(name_not_utf8) {
  Out out;
  fields_append(fields_new(), "x-\xFF\xFE", 4, "b", 1, &out);
  answer(outparam, "made");
}
