// The answer to OPTIONS *: what the server as a whole can do, whatever its sites make of it.
//
// Source: RFC 9110, sections 9.3.7 (OPTIONS), 10.2.1 (Allow).
// Thread: core-local.
#pragma once

#include "data/exchange.h"

namespace pear::data::response {

// Makes it, whole. Without room in the arena it goes without Allow.
void answer_about_server(Exchange& exchange);

}  // namespace pear::data::response
