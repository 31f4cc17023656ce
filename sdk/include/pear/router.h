// Router: a table of routes, tried from the first to the last.
//
//   constexpr pear::Route kRoutes[] = {
//       {pear::Method::Get, "/", show_home},
//       {pear::Method::Get, "/users/:id", show_user},  // request.parameter("id")
//       {pear::Method::Post, "/orders", take_order},
//   };
//   void serve(pear::Request& request, pear::Response& response) {
//     pear::route(kRoutes, request, response);
//   }
//
// Thread: a guest has one. Memory: none.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "pear/path_pattern.h"
#include "pear/request.h"
#include "pear/response.h"

namespace pear {

using Handler = void (*)(Request&, Response&);

struct Route {
  Method method;
  std::string_view pattern;  // path_pattern.h
  Handler handler;
};

[[nodiscard]] constexpr std::string_view name_of(Method method) {
  switch (method) {
    case Method::Get:
      return "GET";
    case Method::Head:
      return "HEAD";
    case Method::Post:
      return "POST";
    case Method::Put:
      return "PUT";
    case Method::Delete:
      return "DELETE";
    case Method::Connect:
      return "CONNECT";
    case Method::Options:
      return "OPTIONS";
    case Method::Trace:
      return "TRACE";
    case Method::Patch:
      return "PATCH";
    case Method::Other:
      break;
  }
  return "";
}

// Runs the first route that fits. HEAD is served by a GET route. Without one: 404, or 405 with
// Allow when only the method is wrong.
inline void route(std::span<const Route> routes, Request& request, Response& response) {
  const std::string_view path = request.path();
  const Method method = request.method() == Method::Head ? Method::Get : request.method();
  PathMatch match;
  std::string allowed;
  for (const Route& candidate : routes) {
    if (!match_path(candidate.pattern, path, match)) continue;
    if (candidate.method == method ||
        (candidate.method == Method::Head && request.method() == Method::Head)) {
      request.set_match(match);
      candidate.handler(request, response);
      return;
    }
    if (!allowed.empty()) allowed += ", ";
    allowed += name_of(candidate.method);
  }
  if (allowed.empty()) {
    response.error(404, "not found\n");
  } else {
    response.header("allow", allowed).error(405, "method not allowed\n");
  }
}

}  // namespace pear
