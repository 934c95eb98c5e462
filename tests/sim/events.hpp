#pragma once
// EventQueue: what will happen in a simulated cluster, by virtual time and then in the order in
// which it was planned.

#include "base/units.hpp"
#include "protocol/outbox.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace volley::sim {

enum class EventKind : std::uint8_t {
  deliver,       ///< the envelope reaches its recipient
  rank_tick,     ///< NodeManager, and on rank 0 ResourceManager and client
  process_tick,  ///< the roles of a container's process
  task_due,      ///< a task body goes on; `value` is the task
  process_gone,  ///< the NodeManager hears of a process's end
  data_moved,    ///< a rank's shuffle service looks at its transfers
  resume,        ///< a silent rank or process goes on
  give_up,       ///< a silent rank does not come back
};

struct Event {
  base::TimePoint at{};
  std::uint64_t order = 0;
  EventKind kind = EventKind::deliver;
  base::Rank rank = base::no_rank;
  base::ContainerId container{};  ///< of processes
  std::uint64_t value = 0;
  std::unique_ptr<protocol::Envelope> envelope;
};

class EventQueue {
 public:
  void push(Event event) {
    event.order = next_++;
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(events_.size()));
      events_.emplace_back();
    }
    heap_.push_back({event.at, event.order, free_.back()});
    events_[free_.back()] = std::move(event);
    free_.pop_back();
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  Event pop() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    free_.push_back(heap_.back().place);
    heap_.pop_back();
    return std::move(events_[free_.back()]);
  }
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }

 private:
  /// What the heap moves around instead of events.
  struct Due {
    base::TimePoint at;
    std::uint64_t order;
    std::uint32_t place;  ///< among `events_`
  };
  static bool later(const Due& a, const Due& b) {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
  }
  std::vector<Event> events_;
  std::vector<std::uint32_t> free_;
  std::vector<Due> heap_;
  std::uint64_t next_ = 0;
};

}  // namespace volley::sim
