// ThreeProtocolsTest: one request by HTTP/1.1, HTTP/2 and HTTP/3, to hold what comes of it against
// one table. For tests.
//
// Thread: the test's.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "data/http3_fixture.h"
#include "http/http2/test_client.h"

namespace pear::data {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Asked {
  std::string method = "GET";
  std::string path = "/site/";
  Pairs fields = {};
};

struct Answered {
  std::string status;  // "200", or what went wrong on the wire.
  Pairs fields;        // Of all heads and of the trailers, without what differs by protocol.
  std::string body;

  [[nodiscard]] std::string field(std::string_view name) const {
    const auto found = std::ranges::find(fields, name, &Pairs::value_type::first);
    return found == fields.end() ? "(none)" : found->second;
  }
};

class ThreeProtocolsTest : public Http3Test {
 protected:
  enum class By : std::uint8_t { Http1, Http2, Http3 };
  static constexpr std::array kProtocols{By::Http1, By::Http2, By::Http3};
  static std::string_view name_of(By by) {
    return std::array<std::string_view, 3>{"HTTP/1.1", "HTTP/2", "HTTP/3"}.at(
        static_cast<std::size_t>(by));
  }

  Answered ask(By by, const Asked& asked) {
    switch (by) {
      case By::Http1:
        return ask_http1(asked);
      case By::Http2:
        return ask_http2(asked);
      case By::Http3:
        return ask_http3(asked);
    }
    return {};
  }

 private:
  static void keep(Answered& answered, std::string_view name, std::string_view value) {
    if (name == ":status") {
      answered.status = value;
    } else if (name != "date" && name != "alt-svc" && name != "transfer-encoding" &&
               !(name == "connection" && value == "close")) {
      answered.fields.emplace_back(name, value);
    }
  }

  Answered ask_http1(const Asked& asked) {
    std::string request = asked.method + " " + asked.path + " HTTP/1.1\r\nHost: example.com\r\n";
    for (const auto& [name, value] : asked.fields) request += name + ": " + value + "\r\n";
    const io::UniqueFd client = connect();
    say(client, request + "Connection: close\r\n\r\n");
    const std::string heard = hear(client, [](const std::string&) { return false; });
    Answered answered;
    if (!heard.starts_with("HTTP/1.1 ") || !heard.ends_with("<end>")) return {.status = heard};
    answered.status = heard.substr(9, 3);
    const std::size_t head_end = heard.find("\r\n\r\n");
    keep_lines(answered, heard.substr(0, head_end + 2));
    const std::string rest = heard.substr(head_end + 4, heard.size() - head_end - 9);
    if (!heard.contains("transfer-encoding: chunked")) {
      answered.body = rest;
      return answered;
    }
    // One chunk, or none, and the trailers.
    const std::size_t last = rest.starts_with("0\r\n") ? 0 : rest.find("\r\n0\r\n") + 2;
    answered.body = last == 0 ? "" : rest.substr(3, last - 5);
    keep_lines(answered, rest.substr(last + 1));
    return answered;
  }
  static void keep_lines(Answered& answered, std::string_view lines) {
    for (std::size_t at = lines.find("\r\n") + 2; at < lines.size();) {
      const std::size_t end = lines.find("\r\n", at);
      const std::string_view line = lines.substr(at, end - at);
      if (const std::size_t colon = line.find(": "); colon != std::string_view::npos) {
        keep(answered, line.substr(0, colon), line.substr(colon + 2));
      }
      if (end == std::string_view::npos) return;
      at = end + 2;
    }
  }

  Answered ask_http2(const Asked& asked) {
    http2::FieldPairs fields{{":method", asked.method},
                             {":scheme", "http"},
                             {":authority", "example.com"},
                             {":path", asked.path}};
    for (const auto& [name, value] : asked.fields) fields.emplace_back(name, value);
    http2::TestClient client;
    const std::int32_t stream = client.request(fields);
    const io::UniqueFd socket = connect();
    std::array<char, 65'536> buffer{};
    for (int quiet = 0; quiet < 500 && !client.responses[stream].closed; ++quiet) {
      say(socket, client.take_output());
      turns(1);
      const io::Transfer got = io::receive(socket.get(), buffer);
      if (got.status == io::Transfer::Status::Ended) return {.status = "closed"};
      if (got.status != io::Transfer::Status::Done) continue;
      if (!client.give({buffer.data(), got.bytes})) return {.status = "protocol error"};
      quiet = 0;
    }
    const auto& response = client.responses[stream];
    Answered answered{.body = response.body};
    for (const auto& [name, value] : response.fields) keep(answered, name, value);
    if (response.error != 0) answered.status = "reset " + std::to_string(response.error);
    return answered;
  }

  Answered ask_http3(const Asked& asked) {
    Http3TestClient::Fields fields = Http3TestClient::get(asked.path);
    fields[0].value = asked.method;
    for (const auto& [name, value] : asked.fields) fields.push_back({name, value});
    const auto client = connected();
    const auto& response = Http3Test::ask(*client, fields);
    Answered answered{.body = response.body};
    for (const auto& [name, value] : response.fields) keep(answered, name, value);
    if (response.reset != 0) answered.status = "reset " + std::to_string(response.reset);
    if (!response.ended && response.reset == 0) answered.status = "no answer";
    return answered;
  }
};

}  // namespace pear::data
