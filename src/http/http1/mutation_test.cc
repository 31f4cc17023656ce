// Some ten thousand requests, made from sound ones by small changes. Whatever the parser accepts
// must have one reading only, by rules that this test checks in its own slow way; and the outcome
// must not depend on how the network cut the bytes.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "http/http1/request_parser.h"

namespace pear::http1 {
namespace {

using namespace std::string_view_literals;
using http::Field;
using http::Framing;

constexpr auto kSound = std::to_array<std::string_view>({
    "GET /a?b=c HTTP/1.1\r\nHost: example.test\r\nAccept: */*\r\n\r\n",
    "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789",
    "POST /x HTTP/1.1\r\nHost: a:80\r\nTransfer-Encoding: chunked\r\nConnection: "
    "close\r\n\r\n0\r\n\r\n",
    "GET http://a.test:80/ HTTP/1.1\r\nHost: a.test:80\r\n\r\n",
    "OPTIONS * HTTP/1.0\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n",
});

// What gets inserted, or put in the place of a byte.
std::vector<std::string> pieces() {
  std::vector<std::string> all;
  for (int c = 0; c <= 0x20; ++c) all.emplace_back(1, static_cast<char>(c));
  for (const char c : "\x7f\x80\xff:,;\"#%\\/@="sv) all.emplace_back(1, c);
  for (const std::string_view s :
       {"\r\n"sv, "\n\n"sv, "\r\r\n"sv, "\r\n "sv, "\r\n\r\n"sv, "\xc2\xa0"sv}) {
    all.emplace_back(s);
  }
  return all;
}

std::vector<std::string> length_spellings() {
  std::vector<std::string> all;
  for (const std::string_view value : {""sv,
                                       "5"sv,
                                       "05"sv,
                                       "+5"sv,
                                       "-5"sv,
                                       "5,5"sv,
                                       "5, 5"sv,
                                       "5;5"sv,
                                       "0x5"sv,
                                       "5 5"sv,
                                       "5\t"sv,
                                       "\v5"sv,
                                       "5."sv,
                                       "5.0"sv,
                                       "5e1"sv,
                                       "'5'"sv,
                                       "\"5\""sv,
                                       "5\0"sv,
                                       "chunked"sv,
                                       "99999999999999999999"sv,
                                       "9223372036854775807"sv,
                                       "9223372036854775808"sv,
                                       "18446744073709551616"sv,
                                       "0b1"sv,
                                       "5_0"sv}) {
    all.emplace_back(value);
  }
  return all;
}

std::vector<std::string> coding_spellings() {
  std::vector<std::string> all;
  for (const std::string_view value :
       {""sv, "chunked"sv, "Chunked"sv, " chunked "sv, "chunked,"sv, ",chunked"sv,
        "chunked,chunked"sv, "chunked, identity"sv, "identity, chunked"sv, "gzip"sv, "x"sv,
        "chunked;a"sv, "chunked a"sv, "\"chunked\""sv, "chunked\0"sv,
        "\x0b"
        "chunked"sv,
        "chunke"sv, "chunkedd"sv, "CHUNKED\t"sv}) {
    all.emplace_back(value);
  }
  return all;
}

std::vector<std::string> names_of(std::string_view name) {
  std::vector<std::string> all{std::string(name)};
  for (const std::string& piece : pieces()) {
    all.push_back(piece + std::string(name));
    all.push_back(std::string(name) + piece);
  }
  std::string underscored(name);
  std::ranges::replace(underscored, '-', '_');
  all.push_back(underscored);
  return all;
}

std::vector<std::string> mutants() {
  std::vector<std::string> all;
  for (const std::string_view sound : kSound) {
    for (std::size_t at = 0; at < sound.size(); ++at) {
      const std::string head(sound.substr(0, at));
      all.push_back(head + std::string(sound.substr(at + 1)));          // A byte is lost.
      all.push_back(head + sound[at] + std::string(sound.substr(at)));  // A byte comes twice.
      for (const std::string& piece : pieces()) {
        all.push_back(head + piece + std::string(sound.substr(at)));
        all.push_back(head + piece + std::string(sound.substr(at + 1)));
      }
    }
  }
  const auto add = [&](const std::string& fields) {
    for (const std::string_view version : {"1.1"sv, "1.0"sv}) {
      all.push_back("POST / HTTP/" + std::string(version) + "\r\nHost: a\r\n" + fields +
                    "\r\nhello");
    }
  };
  for (const std::string& name : names_of("Content-Length")) {
    for (const std::string& value : length_spellings()) add(name + ": " + value + "\r\n");
  }
  for (const std::string& name : names_of("Transfer-Encoding")) {
    for (const std::string& value : coding_spellings()) {
      add(name + ": " + value + "\r\n");
      add("Content-Length: 5\r\n" + name + ":" + value + "\r\n");
    }
  }
  for (const std::string& a : length_spellings()) {
    for (const std::string& b : length_spellings()) {
      add("Content-Length: " + a + "\r\nContent-Length: " + b + "\r\n");
    }
  }
  return all;
}

// ---- The rules, once more, in another way
// ------------------------------------------------------------

struct Reading {
  std::vector<std::pair<std::string, std::string>> fields;
  std::string problem;  // Empty: one reading only.
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

constexpr std::string_view kTokenBytes =
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

std::string problem_in_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (std::ranges::count(line, ' ') != 2) return "not two spaces in the request line";
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return "version";
  const std::string_view method = line.substr(0, first);
  if (method.empty() || method.find_first_not_of(kTokenBytes) != method.npos) return "method";
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (target.empty()) return "no target";
  if (target.find_first_of("#"sv) != target.npos) return "fragment";
  if (target[0] != '/' && target != "*" && !lower(target).starts_with("http"))
    return "form of target";
  return {};
}

Reading read_slowly(std::string_view head) {
  Reading reading;
  const auto fail = [&](std::string problem) {
    reading.problem = std::move(problem);
    return reading;
  };
  if (head.starts_with("\r\n")) head.remove_prefix(2);
  if (!head.ends_with("\r\n\r\n")) return fail("no end");
  head.remove_suffix(2);
  bool first = true;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    if (line.empty()) return fail("empty line inside");
    for (const char c : line) {
      const auto byte = static_cast<unsigned char>(c);
      if ((byte < 0x20 && c != '\t') || byte == 0x7f) return fail("control");
      if (first && (byte > 0x7f || c == '\t')) return fail("byte in the request line");
    }
    if (std::exchange(first, false)) {
      if (std::string problem = problem_in_request_line(line); !problem.empty())
        return fail(problem);
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == line.npos || colon == 0) return fail("no name");
    const std::string_view name = line.substr(0, colon);
    if (name.find_first_not_of(kTokenBytes) != name.npos) return fail("name");
    std::string_view value = line.substr(colon + 1);
    const std::size_t from = value.find_first_not_of(" \t");
    value =
        from == value.npos ? ""sv : value.substr(from, value.find_last_not_of(" \t") - from + 1);
    reading.fields.emplace_back(lower(name), value);
  }
  return reading;
}

std::string problem_in_framing(const Reading& reading, const http::RequestHead& head) {
  std::vector<std::string> lengths;
  std::vector<std::string> codings;
  std::size_t hosts = 0;
  for (const auto& [name, value] : reading.fields) {
    if (name == "content-length") lengths.push_back(value);
    if (name == "transfer-encoding") codings.push_back(lower(value));
    if (name == "host") ++hosts;
  }
  if (lengths.size() + codings.size() > 1) return "length told more than once";
  if (hosts != 1 && !(hosts == 0 && head.version == http::Version::Http10)) return "hosts";
  if (!codings.empty()) {
    if (head.version == http::Version::Http10) return "coding in HTTP/1.0";
    if (codings[0] != "chunked") return "coding";
    return head.framing == Framing::Chunked ? "" : "framing is not chunked";
  }
  if (lengths.empty()) return head.framing == Framing::None ? "" : "framing out of nothing";
  if (lengths[0].empty() || lengths[0].find_first_not_of("0123456789") != std::string::npos) {
    return "length";
  }
  const bool same = head.framing == Framing::Length &&
                    head.content_length == std::stoull(lengths[0]) &&
                    head.content_length <= 9'223'372'036'854'775'807U;
  return same ? "" : "another length";
}

std::string problem_in_acceptance(std::string_view text, const RequestParser& parser) {
  const Reading reading = read_slowly(text.substr(0, parser.consumed()));
  if (!reading.problem.empty()) return reading.problem;
  const http::RequestHead& head = parser.head();
  if (head.fields.size() != reading.fields.size()) return "number of fields";
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const auto& [name, value] = reading.fields[i];
    const bool authority = name == "host";
    if (head.fields[i].name != name) return "name differs";
    if (head.fields[i].value != (authority ? lower(value) : value)) return "value differs";
  }
  return problem_in_framing(reading, head);
}

// The status of the refusal, 200 for an acceptance, 0 for a wait.
int outcome_in_two_pieces(std::string_view text, std::size_t cut) {
  RequestParser parser({});
  std::vector<Field> fields(100);
  std::string first(text.substr(0, cut));
  std::string whole(text);
  Progress progress = parser.parse(first, fields);
  if (progress == Progress::NeedMore) progress = parser.parse(whole, fields);
  if (progress == Progress::Refused) return parser.refusal().status;
  return progress == Progress::Done ? 200 : 0;
}

TEST(Mutation, WhateverIsAcceptedHasOneReadingOnly) {
  const std::vector<std::string> all = mutants();
  ASSERT_GE(all.size(), 2'000U);
  std::size_t accepted = 0;
  std::size_t refused = 0;
  for (const std::string& mutant : all) {
    std::string text = mutant;
    RequestParser parser({});
    std::vector<Field> fields(100);
    const Progress progress = parser.parse(text, fields);
    refused += progress == Progress::Refused ? 1U : 0U;
    if (progress != Progress::Done) continue;
    ++accepted;
    EXPECT_EQ(problem_in_acceptance(mutant, parser), "") << testing::PrintToString(mutant);
  }
  // Neither answer may be the parser's only one.
  EXPECT_GT(accepted, all.size() / 50);
  EXPECT_GT(refused, all.size() / 2);
  RecordProperty("requests", static_cast<int>(all.size()));
  RecordProperty("accepted", static_cast<int>(accepted));
}

TEST(Mutation, TheOutcomeDoesNotDependOnWhereTheBytesAreCut) {
  const std::vector<std::string> all = mutants();
  for (std::size_t i = 0; i < all.size(); i += 7) {
    const std::string& text = all[i];
    const int whole = outcome_in_two_pieces(text, text.size());
    const std::size_t cut = i % text.size();
    EXPECT_EQ(outcome_in_two_pieces(text, cut), whole) << testing::PrintToString(text) << cut;
  }
}

}  // namespace
}  // namespace pear::http1
