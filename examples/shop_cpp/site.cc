// A small shop: pages, a form, a stream of events, JSON, an echo, and a page for each path of
// paths.txt.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <pear/site.h>

namespace {

using pear::Request;
using pear::Response;

struct Product {
  std::string_view id;
  std::string_view name;
  std::uint32_t cents;
};

constexpr Product kProducts[] = {
    {"conference", "Conference pears", 349},
    {"williams", "Williams pears", 399},
    {"nashi", "Nashi pears", 649},
    {"quince", "Quinces <ripe>", 520},
    {"juice", "Pear & apple juice, 1 l", 295},
    {"jam", "Grandma's pear jam", 485},
};

// ---- Pages of paths.txt ------------------------------------------------------------------------

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
constexpr char kPathText[] = {
#embed "paths.txt"
};
#pragma clang diagnostic pop

consteval std::size_t count_lines() {
  return static_cast<std::size_t>(std::ranges::count(kPathText, '\n'));
}

// In the order of the file, which is sorted.
constexpr auto kPaths = [] {
  std::array<std::string_view, count_lines()> paths;
  std::string_view rest(kPathText, sizeof kPathText);
  for (std::string_view& path : paths) path = pear::take_until(rest, '\n');
  return paths;
}();
static_assert(std::ranges::is_sorted(kPaths));

// tools/replay_from_log.py knows this page byte for byte.
void show_page(std::string_view path, std::size_t place, Response& response) {
  const std::string title = pear::html_escaped(path);
  std::string page = "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>" +
                     title + "</title></head>\n<body>\n<h1>" + title + "</h1>\n<p>Page " +
                     std::to_string(place + 1) + " of " + std::to_string(kPaths.size()) +
                     ". <a href=\"/shop\">To the shop</a></p>\n</body>\n</html>\n";
  response.header("cache-control", "max-age=60").html(page);
}

void serve_page(Request& request, Response& response) {
  const auto found = std::ranges::lower_bound(kPaths, request.path());
  if (found == kPaths.end() || *found != request.path()) {
    response.error(404, "not found\n");
  } else if (request.method() != pear::Method::Get && request.method() != pear::Method::Head) {
    response.header("allow", "GET, HEAD").error(405, "method not allowed\n");
  } else {
    show_page(*found, static_cast<std::size_t>(found - kPaths.begin()), response);
  }
}

// ---- The shop ----------------------------------------------------------------------------------

void append_price(std::string& out, std::uint32_t cents) {
  out +=
      std::to_string(cents / 100) + (cents % 100 < 10 ? ".0" : ".") + std::to_string(cents % 100);
}

std::string page_start(std::string_view title) {
  std::string page =
      "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width\"><title>";
  pear::append_html(page, title);
  page += "</title></head>\n<body>\n<h1>";
  pear::append_html(page, title);
  return page += "</h1>\n";
}

void show_shop(Request&, Response& response) {
  std::string page = page_start("The pear shop");
  page += "<ul>\n";
  for (const Product& product : kProducts) {
    page += "<li><a href=\"/shop/order?item=" + pear::percent_encoded(product.id) + "\">";
    pear::append_html(page, product.name);
    page += "</a> ";
    append_price(page, product.cents);
    page += "</li>\n";
  }
  page += "</ul>\n</body>\n</html>\n";
  response.html(page);
}

struct Order {
  std::string_view item;
  std::string_view name;
  std::string_view quantity;
};

// Empty when the order can be taken.
std::string_view problem_in(const Order& order) {
  const auto is_item = [&](const Product& product) { return product.id == order.item; };
  if (!std::ranges::any_of(kProducts, is_item)) return "There is no such product.";
  if (order.name.empty() || order.name.size() > 100) return "A name has 1 to 100 bytes.";
  const bool digits =
      std::ranges::all_of(order.quantity, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || order.quantity.empty() || order.quantity.size() > 2 || order.quantity == "0" ||
      order.quantity == "00") {
    return "A quantity is a number from 1 to 99.";
  }
  return {};
}

void append_input(std::string& page, std::string_view name, std::string_view value) {
  page += "<p><label>";
  page += name;
  page += " <input name=\"";
  page += name;
  page += "\" value=\"";
  pear::append_html(page, value);
  page += "\"></label></p>\n";
}

void show_form(const Order& order, std::string_view problem, Response& response) {
  std::string page = page_start("Your order");
  if (!problem.empty()) {
    page += "<p role=\"alert\">";
    pear::append_html(page, problem);
    page += "</p>\n";
  }
  page += "<form method=\"post\" action=\"/shop/order\">\n";
  append_input(page, "item", order.item);
  append_input(page, "name", order.name);
  append_input(page, "quantity", order.quantity);
  page += "<p><button>Order</button></p>\n</form>\n</body>\n</html>\n";
  response.html(page);
}

void ask_order(Request& request, Response& response) {
  show_form({.item = request.query().get_or("item", ""), .name = "", .quantity = "1"}, {},
            response);
}

void take_order(Request& request, Response& response) {
  const auto form = request.form(4096);
  if (!form) {
    response.error(pear::status_of(form.error()), "the form could not be read\n");
    return;
  }
  const Order order{.item = form->get_or("item", ""),
                    .name = form->get_or("name", ""),
                    .quantity = form->get_or("quantity", "")};
  if (const std::string_view problem = problem_in(order); !problem.empty()) {
    response.status(422);
    show_form(order, problem, response);
    return;
  }
  pear::log(pear::Level::Info, "an order of " + std::string(order.item));
  std::string page = page_start("Thank you");
  page += "<p>Dear ";
  pear::append_html(page, order.name);
  page += ", " + std::string(order.quantity) + " of ";
  pear::append_html(page, order.item);
  page += " will be on their way.</p>\n</body>\n</html>\n";
  response.header("cache-control", "no-store").html(page);
}

// ---- Streams and JSON --------------------------------------------------------------------------

// Server-sent events, one a second, until the client goes away; ?ticks=N ends after N.
void tell_time(Request& request, Response& response) {
  const std::string_view text = request.query().get_or("ticks", "");
  std::uint64_t ticks = 0;
  std::from_chars(text.data(), text.data() + text.size(), ticks);
  response.header("cache-control", "no-store");
  pear::BodyWriter events = response.stream("text/event-stream");
  for (std::uint64_t tick = 1;; ++tick) {
    const std::string event =
        "id: " + std::to_string(tick) + "\ndata: " + std::to_string(pear::unix_time_ms()) + "\n\n";
    if (!events.write(event) || !events.flush() || tick == ticks) return;
    pear::sleep_ms(1000);
  }
}

// About 10 KB, made anew for each request.
void show_json(Request&, Response& response) {
  pear::JsonWriter json;
  json.begin_object().key("products").begin_array();
  for (std::uint32_t i = 0; i < 120; ++i) {
    const Product& product = kProducts[i % std::size(kProducts)];
    json.begin_object().key("id").number(i).key("sku").string(product.id);
    json.key("name").string(product.name).key("cents").number(product.cents + i);
    json.key("in_stock").boolean(i % 7 != 0).end_object();
  }
  json.end_array().end_object();
  response.json(json.text());
}

void echo(Request& request, Response& response) {
  const std::string type(request.header("content-type").value_or("application/octet-stream"));
  auto body = request.body_reader();
  if (!body) {
    response.error(pear::status_of(body.error()), "the body could not be read\n");
    return;
  }
  pear::BodyWriter out = response.stream(type);
  while (true) {
    const auto piece = body->read();
    if (!piece) return out.abort();
    if (piece->empty() || !out.write(*piece) || !out.flush()) return;
  }
}

constexpr pear::Route kRoutes[] = {
    {pear::Method::Get, "/shop", show_shop},
    {pear::Method::Get, "/shop/order", ask_order},
    {pear::Method::Post, "/shop/order", take_order},
    {pear::Method::Get, "/shop/clock", tell_time},
    {pear::Method::Get, "/json", show_json},
    {pear::Method::Post, "/echo", echo},
    {pear::Method::Put, "/echo", echo},
};

void serve(Request& request, Response& response) {
  const std::string_view path = request.path();
  const bool of_shop =
      path == "/json" || path == "/echo" || path == "/shop" || path.starts_with("/shop/");
  if (of_shop) {
    pear::route(kRoutes, request, response);
  } else {
    serve_page(request, response);
  }
}

}  // namespace

PEAR_SITE(serve)
