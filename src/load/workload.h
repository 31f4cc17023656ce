// Workload: the requests of a run, ready to be written: one that is repeated, or a list.
//
// Thread: any (immutable once made).
// Memory: the bytes of each request, made once, before the run. `plan` of make() outlives it: its
//         body is not copied for HTTP/2 and HTTP/3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/field.h"
#include "http/method.h"
#include "load/plan.h"

namespace pear::load {

// For the versions that the plan can come to: the others' parts are empty.
struct PreparedRequest {
  std::string bytes;                // Head and body, as HTTP/1.1.
  std::vector<http::Field> fields;  // As HTTP/2 and HTTP/3 send them; views of `text`.
  std::string_view body;            // Of the plan's; the same.
  std::vector<char> text;
  http::Method method = http::Method::Get;
  Expectation expect;
  std::uint64_t line = 0;  // Of a replay's log; 0 otherwise.
};

class Workload {
 public:
  // Errors: InvalidInput  the plan's request cannot be written.
  [[nodiscard]] static Result<Workload> make(const Plan& plan);

  // Of a list: how many. Nothing where one request is repeated for ever.
  [[nodiscard]] std::optional<std::uint64_t> size() const;
  [[nodiscard]] const PreparedRequest& at(std::uint64_t index) const;
  // Whether any answer's body is to be checked.
  [[nodiscard]] bool wants_digests() const;

 private:
  enum class Kind : std::uint8_t { Repeated, List };

  Workload() = default;

  Kind kind_ = Kind::Repeated;
  std::vector<PreparedRequest> requests_;
};

}  // namespace pear::load
