// A site that uses everything of the SDK, for sdk_site_guest_test.cc.
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <pear/site.h>

namespace {

using pear::Method;
using pear::Request;
using pear::Response;

void show_request(Request& request, Response& response) {
  pear::JsonWriter json;
  json.begin_object().key("method").string(request.method_name());
  json.key("scheme").string(request.scheme()).key("authority").string(request.authority());
  json.key("path").string(request.path()).key("query").begin_array();
  for (std::size_t i = 0; i < request.query().size(); ++i) {
    json.string(request.query().at(i).name).string(request.query().at(i).value);
  }
  json.end_array().key("headers").begin_array();
  request.for_each_header(
      [&](const pear::Header& header) { json.string(header.name).string(header.value); });
  json.end_array().key("first").string(request.header("X-A").value_or("none"));
  json.key("cookie").string(request.cookies().get_or("b", "none")).end_object();
  response.json(json.text());
}

void show_user(Request& request, Response& response) {
  response.text(request.parameter("id"));
}

void take_form(Request& request, Response& response) {
  const auto form = request.form(64);
  if (!form) {
    response.error(pear::status_of(form.error()), "no form");
    return;
  }
  response.text(form->get_or("a", "none"));
}

void measure_body(Request& request, Response& response) {
  const auto body = request.body(100'000);
  if (!body) {
    response.error(pear::status_of(body.error()), "no body");
    return;
  }
  response.text(std::to_string(body->size()));
}

void take_body_twice(Request& request, Response& response) {
  static_cast<void>(request.body(100));
  const auto again = request.body(100);
  response.text(!again && again.error() == pear::BodyError::Taken ? "taken" : "given twice");
}

void echo(Request& request, Response& response) {
  auto body = request.body_reader();
  if (!body) return;
  pear::BodyWriter out = response.stream("application/octet-stream");
  while (true) {
    const auto piece = body->read();
    if (!piece) return out.abort();
    if (piece->empty() || !out.write(*piece)) return;
  }
}

void stream(Request&, Response& response) {
  pear::BodyWriter out = response.stream("text/plain");
  for (int i = 0; i < 10; ++i) out.write("piece ");
  out.flush();
  out.write(std::string(10'000, 'x'));
  out.write("end");
  out.trailer("x-sum", "7");
}

void show_large(Request&, Response& response) {
  response.text(std::string(100'000, 'y'));
}

void answer_twice(Request&, Response& response) {
  response.header("x-a", "1").header("X-A", "2").add_header("x-b", "1").cookie("c", "d");
  const bool first = response.status(201).text("first");
  const bool second = response.text("second");
  pear::log(pear::Level::Info, first && !second ? "once" : "twice");
}

void show_system(Request&, Response& response) {
  std::array<std::byte, 100'000> random{};
  pear::random_bytes(random);
  std::size_t zeroes = 0;
  for (const std::byte byte : random) zeroes += byte == std::byte{0} ? 1 : 0;
  const auto before = pear::monotonic_ns();
  pear::sleep_ms(1);
  const bool slept = pear::monotonic_ns() - before >= 1'000'000;
  const bool now = pear::unix_time_ms() > 1'700'000'000'000;
  const bool even = zeroes > 200 && zeroes < 600;
  pear::log(pear::Level::Warning, "one\nline\x1b");
  std::string text(pear::environment("GREETING").value_or("none"));
  text += slept && now && even && pear::random_u64() != pear::random_u64() ? " good" : " bad";
  response.text(text);
}

void show_memory(Request&, Response& response) {
  response.text(std::to_string(__builtin_wasm_memory_size(0)));
}

// Status and header as they are asked for: "/answer?status=204&value=..."
void answer_as_asked(Request& request, Response& response) {
  const std::string_view digits = request.query().get_or("status", "200");
  std::uint16_t status = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), status);
  response.status(status).header("x-value", request.query().get_or("value", "-")).text("body");
}

void say_nothing(Request&, Response& response) {
  response.status(202);
}

constexpr pear::Route kRoutes[] = {
    {Method::Get, "/request", show_request},   {Method::Get, "/users/:id", show_user},
    {Method::Post, "/form", take_form},        {Method::Post, "/measure", measure_body},
    {Method::Post, "/taken", take_body_twice}, {Method::Post, "/echo", echo},
    {Method::Get, "/stream", stream},          {Method::Get, "/large", show_large},
    {Method::Get, "/twice", answer_twice},     {Method::Get, "/system", show_system},
    {Method::Get, "/memory", show_memory},     {Method::Get, "/answer", answer_as_asked},
    {Method::Get, "/nothing", say_nothing},
};

void serve(Request& request, Response& response) {
  pear::route(kRoutes, request, response);
}

}  // namespace

PEAR_SITE(serve)
