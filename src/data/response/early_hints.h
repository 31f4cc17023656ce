// Early hints: what a page needs, told to the client while the guest still makes the page.
//
// Source: RFC 8297; HTML, "Processing Link headers", of which only those of a navigation count.
// Thread: core-local.
#pragma once

#include "data/exchange.h"

namespace pear::data::response {

// Sends 103 with the hints of the request's route, or of its site, where it is one for a page and
// there are any. Best effort: without room in the arena there are none.
void give_early_hints(Exchange& exchange);

}  // namespace pear::data::response
