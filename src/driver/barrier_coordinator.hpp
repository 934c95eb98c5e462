#pragma once
// BarrierCoordinator: lets the tasks of a barrier stage attempt wait for each other, and hands on
// what each brought. A barrier fails, for all that wait at it, when tasks call different
// operations or when not all of them come in time.

#include "base/units.hpp"
#include "protocol/driver_messages.hpp"
#include "protocol/outbox.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace volley::driver {

class BarrierCoordinator {
 public:
  /// `timeout`: volley.barrier.sync.timeout.
  explicit BarrierCoordinator(base::Duration timeout) : timeout_(timeout) {}

  /// A task of a stage attempt of `tasks` tasks waits; `index`: its index in the stage.
  void arrive(const protocol::BarrierReached& message, std::uint32_t index, std::uint32_t tasks,
              const protocol::Address& from, base::TimePoint now, protocol::Outbox& outbox);
  /// The stage attempt is over; its tasks are asked to stop elsewhere.
  void forget(base::StageId stage, std::uint32_t stage_attempt);
  void tick(base::TimePoint now, protocol::Outbox& outbox);
  bool idle() const { return barriers_.empty(); }

 private:
  struct Waiting {
    protocol::Address address;
    base::TaskId task = 0;
    std::shared_ptr<const protocol::Bytes> message;
  };
  struct Barrier {
    std::uint64_t epoch = 0;
    std::string operation;
    base::TimePoint deadline;
    std::map<std::uint32_t, Waiting> waiting;  ///< by index
  };
  using Key = std::pair<base::StageId, std::uint32_t>;

  void pass(Barrier& barrier, protocol::Outbox& outbox);
  void fail(Barrier& barrier, const std::string& error, protocol::Outbox& outbox);

  base::Duration timeout_;
  std::map<Key, Barrier> barriers_;
};

}  // namespace volley::driver
