#include "launch/drain_watch.hpp"

#include <fmt/format.h>

#include <charconv>

namespace volley::launch {

DrainWatch::DrainWatch(const config::Configuration& configuration,
                       const config::Environment& environment)
    : grace_(configuration.duration("volley.drain.timeout")),
      before_end_(configuration.duration("volley.drain.beforeEnd")) {
  if (before_end_ <= base::Duration::zero()) return;
  const std::string text = environment.get("SLURM_JOB_END_TIME");
  std::int64_t end = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), end);
  if (read.ec != std::errc() || end <= 0) return;
  start_ = SystemTime(std::chrono::seconds(end)) -
           std::chrono::duration_cast<SystemTime::duration>(before_end_);
}

std::optional<std::string> DrainWatch::why(bool signalled, SystemTime now) {
  if (said_) return std::nullopt;
  const bool late = start_ && now >= *start_;
  if (!signalled && !late) return std::nullopt;
  said_ = true;
  if (signalled) return "received signal USR1";
  return fmt::format("the Slurm job ends in {} (volley.drain.beforeEnd)",
                     base::format_duration(before_end_));
}

}  // namespace volley::launch
