#pragma once
// EventQueue: what will happen in a simulated cluster, by virtual time and then in the order in
// which it was planned. A calendar queue (R. Brown, 1988): the slice of time at hand is sorted, the
// slices of the next two seconds are lists, what comes later is a heap. So an event costs the same
// however many wait, and those that come next are known before.

#include "base/units.hpp"
#include "tests/sim/parcels.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace volley::sim {

enum class EventKind : std::uint8_t {
  deliver,       ///< the parcel reaches its recipient
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
  std::unique_ptr<Parcel> parcel;
};

class EventQueue {
 public:
  void push(Event event) {
    event.order = next_++;
    if (free_.empty()) {
      free_.push_back(places_++);
      if (free_.back() % chunk == 0) events_.push_back(std::make_unique<Event[]>(chunk));
    }
    plan({event.at, event.order, free_.back()});
    event_at(free_.back()) = std::move(event);
    free_.pop_back();
    ++size_;
  }
  /// The next one; there must be one.
  Event pop() {
    while (now_.empty() && added_.empty()) go_on();
    if (now_.empty() || (!added_.empty() && later(now_.back(), added_.front()))) {
      std::pop_heap(added_.begin(), added_.end(), later);
      free_.push_back(added_.back().place);
      added_.pop_back();
    } else {
      free_.push_back(now_.back().place);
      now_.pop_back();
    }
    --size_;
    return std::move(event_at(free_.back()));
  }
  bool empty() const { return size_ == 0; }
  /// Calls visit(event) for those that come next, as far as that is known; returns how many.
  template <class Visit>
  std::size_t look_ahead(std::size_t most, Visit&& visit) const {
    const std::size_t known = std::min(most, now_.size());
    for (std::size_t i = 1; i <= known; ++i)
      visit(std::as_const(event_at(now_[now_.size() - i].place)));
    return known;
  }

 private:
  /// What is moved around instead of events.
  struct Due {
    base::TimePoint at;
    std::uint64_t order;
    std::uint32_t place;  ///< among `events_`
  };
  static constexpr std::int64_t slices = 1 << 15;
  static constexpr base::Duration slice_length = std::chrono::microseconds{64};

  static constexpr std::uint32_t chunk = 4096;

  Event& event_at(std::uint32_t place) const { return events_[place / chunk][place % chunk]; }
  static bool later(const Due& a, const Due& b) {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
  }
  static std::int64_t slice_of(base::TimePoint at) { return at.time_since_epoch() / slice_length; }
  std::vector<Due>& slice(std::int64_t number) {
    return soon_[static_cast<std::size_t>(number % slices)];
  }
  void plan(const Due& due) {
    const std::int64_t number = slice_of(due.at);
    if (number > slice_ && number < slice_ + slices) {
      std::vector<Due>& events = slice(number);
      if (events.capacity() == 0 && !room_.empty()) {
        events = std::move(room_.back());
        room_.pop_back();
      }
      events.push_back(due);
      ++soon_size_;
      return;
    }
    std::vector<Due>& heap = number <= slice_ ? added_ : far_;
    heap.push_back(due);
    std::push_heap(heap.begin(), heap.end(), later);
  }
  /// To the next slice, or with nothing in all of them to the first one with an event.
  void go_on() {
    slice_ = soon_size_ == 0 ? slice_of(far_.front().at) : slice_ + 1;
    if (!slice(slice_).empty()) {
      now_.swap(slice(slice_));
      room_.push_back(std::exchange(slice(slice_), {}));
    }
    soon_size_ -= now_.size();
    while (!far_.empty() && slice_of(far_.front().at) <= slice_) {
      now_.push_back(far_.front());
      std::pop_heap(far_.begin(), far_.end(), later);
      far_.pop_back();
    }
    std::sort(now_.begin(), now_.end(), later);
  }

  std::vector<std::unique_ptr<Event[]>> events_;  ///< in chunks, which stay where they are
  std::uint32_t places_ = 0;                      ///< in them
  std::vector<std::uint32_t> free_;               ///< of the places
  std::vector<Due> now_;                          ///< of the slice at hand, the next one last
  std::vector<Due> added_;                        ///< a heap: what was planned for that slice since
  std::vector<std::vector<Due>> soon_{static_cast<std::size_t>(slices)};
  std::vector<std::vector<Due>> room_;  ///< of slices that are over
  std::vector<Due> far_;                ///< a heap: what is beyond all slices
  std::int64_t slice_ = 0;
  std::size_t soon_size_ = 0;
  std::size_t size_ = 0;
  std::uint64_t next_ = 0;
};

}  // namespace volley::sim
