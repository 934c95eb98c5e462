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
    heap_.push_back(std::move(event));
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  Event pop() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    Event event = std::move(heap_.back());
    heap_.pop_back();
    return event;
  }
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }

 private:
  static bool later(const Event& a, const Event& b) {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
  }
  std::vector<Event> heap_;
  std::uint64_t next_ = 0;
};

}  // namespace volley::sim
