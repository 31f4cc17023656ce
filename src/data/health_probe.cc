#include "data/health_probe.h"

#include <memory>

namespace pear::data {

void HealthProbe::start(RequestPath& path, Sink& sink, const CheckCage& check,
                        const model::Site& site, const model::CagePlace& place) {
  auto probe = std::make_unique<HealthProbe>(path, sink, check);
  Exchange* const exchange = path.open(*probe, Protocol::Internal);
  if (exchange == nullptr) return;  // The server is at its limits: no answer is the answer.
  const auto target = exchange->arena.copy(check.path);
  Request& request = exchange->request;
  request = {.method = "GET",
             .scheme = "http",
             .authority = "localhost",
             .host = "localhost",
             .path_with_query = target.value_or("/"),
             .path = target.value_or("/")};
  exchange->request_ended = true;
  static_cast<void>(probe.release());  // on_response() ends it.
  path.start_in(*exchange, site, place);
}

void HealthProbe::on_response(Exchange& exchange) {
  Response& response = exchange.response;
  while (!response.body.empty()) path_.sent(exchange, response.body.pop());
  if (!response.ended && !response.cut) return;
  const std::unique_ptr<HealthProbe> self(this);
  const bool healthy = response.ended && response.status >= 200 && response.status < 400;
  path_.close(exchange);
  sink_.on_probed({.cage = check_.cage, .nonce = check_.nonce, .healthy = healthy});
}

}  // namespace pear::data
