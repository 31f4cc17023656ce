// The Pear SDK for sites in C++. A whole site:
//
//   #include <pear/site.h>
//
//   static void serve(pear::Request& request, pear::Response& response) {
//     response.text("hello " + std::string(request.query().get_or("name", "world")) + "\n");
//   }
//   PEAR_SITE(serve)
//
// Built with the flags of sdk/cpp_flags.txt, and made a component by `pear build`.
#pragma once

#include "pear/abi.h"
#include "pear/arena.h"
#include "pear/clock.h"
#include "pear/environment.h"
#include "pear/json.h"
#include "pear/log.h"
#include "pear/parameters.h"
#include "pear/random.h"
#include "pear/request.h"
#include "pear/response.h"
#include "pear/router.h"
#include "pear/runtime.h"
#include "pear/text.h"

namespace pear {

// One request, from the host's call to its return.
template <typename Serve>
void serve_request(Serve&& serve, abi::Handle request_handle, abi::Handle outparam) {
  {
    Request request(request_handle);
    Response response(outparam);
    serve(request, response);
  }
  abi::arena.reset();
}

}  // namespace pear

// Makes `serve`, a function or lambda of (pear::Request&, pear::Response&), the site. Once, in one
// file.
#define PEAR_SITE(serve)                                                                  \
  extern "C" __attribute__((export_name("wasi:http/incoming-handler@0.2.0#handle"))) void \
  pear_site_entry(std::int32_t request, std::int32_t outparam) {                          \
    ::pear::serve_request(serve, request, outparam);                                      \
  }
