#pragma once
// ExecutorAllocation: how many executors the program should have, from its load, and which ones it
// can do without (volley.dynamicAllocation.*). A decision without messages; time comes with the
// calls.
//
// While tasks wait, the target grows by 1, 2, 4, ... executors, first after the backlog timeout,
// then at every sustained timeout, up to what the tasks need; it falls at once when they need
// fewer. Executors above the target that are idle for long enough are given back; those that hold
// cached blocks have a time-out of their own.

#include "base/ids.hpp"
#include "base/units.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace volley::driver {

struct AllocationOptions {
  bool enabled = false;
  std::uint32_t minimum = 0;
  std::uint32_t initial = 0;
  std::uint32_t maximum = 0;  ///< 0: none
  double ratio = 1;           ///< of the executors that would run all tasks at once
  base::Duration backlog = std::chrono::seconds{1};
  base::Duration sustained = std::chrono::seconds{1};
  base::Duration idle = std::chrono::seconds{60};
  base::Duration cached_idle{};  ///< 0: those with cached blocks are kept
};

class ExecutorAllocation {
 public:
  struct Load {
    std::uint64_t waiting = 0;  ///< tasks that no slot is free for
    std::uint64_t running = 0;
    std::uint32_t unschedulable = 0;  ///< stages with tasks that no executor may run
  };
  struct Use {
    base::ExecutorId executor = 0;
    bool busy = false;
    base::TimePoint last_task{};  ///< began or ended; the first look at it counts, too
  };
  struct Decision {
    bool target_changed = false;
    std::vector<base::ExecutorId> release;
  };
  using Holders = std::function<std::set<base::ExecutorId>()>;

  explicit ExecutorAllocation(AllocationOptions options);

  /// Tasks that an executor runs at a time.
  void set_slots(std::uint32_t slots) { slots_ = slots == 0 ? 1 : slots; }
  std::uint32_t target() const { return target_; }
  /// `holders` is called when it matters who holds cached blocks.
  Decision decide(base::TimePoint now, const Load& load, const std::vector<Use>& executors,
                  const Holders& holders);

 private:
  std::uint32_t needed(const Load& load, std::size_t executors) const;
  std::uint32_t clamped(std::uint64_t target) const;
  bool update_target(base::TimePoint now, const Load& load, std::size_t executors);
  void grow(std::uint32_t needed, std::size_t executors);
  std::vector<base::ExecutorId> idle_ones(base::TimePoint now, const std::vector<Use>& executors,
                                          const Holders& holders);

  AllocationOptions options_;
  std::uint32_t slots_ = 1;
  std::uint32_t target_ = 0;
  std::uint32_t step_ = 1;    ///< executors to add next
  bool initializing_ = true;  ///< the initial ones stay until there is work, or they are idle
  std::optional<base::TimePoint> grow_at_;  ///< while tasks wait
  std::map<base::ExecutorId, base::TimePoint> first_seen_;
};

}  // namespace volley::driver
