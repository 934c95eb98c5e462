#pragma once
// EventFeed: tells the program what happens, while it has listeners. The parts of the driver call
// it where they change a state; with nobody to tell a call is one look at a flag. It decides
// nothing and keeps nothing.

#include "driver/options.hpp"
#include "protocol/events.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace volley::driver {

class EventFeed {
 public:
  /// `options` must outlive the feed.
  explicit EventFeed(const Options& options) : options_(options) {}
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  void want(bool wanted) { wanted_ = wanted; }
  bool wanted() const { return wanted_; }

  /// Nothing unless events are wanted; ask before when they cost something to make.
  template <class E>
  void tell(E event, Turn& turn) const {
    if (!wanted_) return;
    turn.outbox.send(
        options_.program,
        protocol::EventHappened{std::make_shared<const protocol::Event>(std::move(event))});
  }
  protocol::WallTime wall(base::TimePoint at) const {
    return protocol::WallTime{at.time_since_epoch() + options_.wall_offset};
  }

  void job_started(const protocol::JobSubmitted& job, std::vector<protocol::StageInfo> stages,
                   Turn& turn) const {
    if (!wanted_) return;
    tell(protocol::JobStart{job.job, wall(turn.now), job.call_site,
                            static_cast<std::uint32_t>(job.partitions.size()), std::move(stages),
                            job.group, job.tags, job.pool, job.properties},
         turn);
  }
  void job_ended(base::JobId job, const std::string& error, Turn& turn) const {
    if (wanted_) tell(protocol::JobEnd{job, wall(turn.now), error.empty(), error}, turn);
  }

 private:
  const Options& options_;
  bool wanted_ = false;
};

}  // namespace volley::driver
