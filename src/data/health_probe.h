// HealthProbe: a request of our own through the guest of one cage, to prove that it still answers.
//
// Thread: core-local. It owns itself from start() until its exchange is over.
#pragma once

#include <cstdint>
#include <string>

#include "data/core_command.h"
#include "data/core_event.h"
#include "data/protocol/stream.h"
#include "data/request_path.h"
#include "model/site_table.h"

namespace pear::data {

class HealthProbe final : public protocol::Stream {
 public:
  // Where the answer goes.
  class Sink {
   public:
    Sink() = default;
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    Sink(Sink&&) = delete;
    Sink& operator=(Sink&&) = delete;
    virtual void on_probed(const CageAlive& answer) = 0;

   protected:
    ~Sink() = default;
  };

  HealthProbe(RequestPath& path, Sink& sink, const CheckCage& check)
      : path_(path), sink_(sink), check_(check) {}

  // Runs GET heal.path in the cage at `place`. Healthy is a status of 2xx or 3xx.
  static void start(RequestPath& path, Sink& sink, const CheckCage& check, const model::Site& site,
                    const model::CagePlace& place);

  void on_response(Exchange& exchange) override;
  void on_interim(Exchange& /*exchange*/) override {}
  [[nodiscard]] std::uint64_t section_max() const override { return kAnySize; }
  void on_request_room(Exchange& /*exchange*/) override {}

 private:
  RequestPath& path_;
  Sink& sink_;
  CheckCage check_;
};

}  // namespace pear::data
