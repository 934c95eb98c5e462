// Measuring broadcasts and memory copies by size; what a rank can inject and copy at best.
#include "bench/kernels/simple_operations.hpp"
#include "bench/session.hpp"

#include <algorithm>

namespace volley::bench {

base::Status run_broadcast(Session& session) {
  auto buffer = Buffer::make(session.options.largest);
  if (!buffer) return buffer.failure();
  for (const std::uint64_t bytes : session.sizes()) {
    const auto operation = make_broadcast(session.group, static_cast<int>(session.options.root),
                                          bytes, buffer.value(), session.seed());
    const auto measured = measure(session.group, session.limits(bytes), *operation);
    if (!measured) return measured.failure();
    Row row = row_of(measured.value(), "broadcast", "library", bytes);
    const auto moved = static_cast<double>(bytes);
    rate(row, {moved, moved, 1}, session.report.conditions.injection);
    session.add(std::move(row));
  }
  return base::Done{};
}

base::Status run_stream(Session& session) {
  auto from = Buffer::make(session.options.largest);
  auto to = Buffer::make(session.options.largest);
  if (!from) return from.failure();
  if (!to) return to.failure();
  for (const std::uint64_t bytes : session.sizes()) {
    const auto operation =
        make_copy(session.group, bytes, from.value(), to.value(), session.seed());
    const auto measured = measure(session.group, session.limits(bytes), *operation);
    if (!measured) return measured.failure();
    Row row = row_of(measured.value(), "copy", "memcpy", bytes);
    rate(row, {static_cast<double>(bytes), 0, 1}, 0);
    // Here it is of time: the slowest rank's over the mean.
    if (row.rank_mean > 0) row.imbalance = row.rank_most / row.rank_mean;
    session.add(std::move(row));
  }
  return base::Done{};
}

base::Result<double> injection_bandwidth(const exchange::RankGroup& group) {
  constexpr std::uint64_t memory = 8ULL << 20U;
  if (group.size() < 2) return 0.0;
  auto send = Buffer::make(memory);
  auto receive = Buffer::make(memory);
  if (!send) return send.failure();
  if (!receive) return receive.failure();
  double best = 0;
  for (const std::uint64_t bytes : {64ULL << 10U, 256ULL << 10U, 1ULL << 20U}) {
    const std::uint32_t messages = 8;
    const auto shift = make_shift(group, bytes, messages, send.value(), receive.value());
    const auto measured = measure(group, {30, 5, 0.2}, *shift);
    if (!measured) return measured.failure();
    const double seconds = summarize(measured.value().slowest).median;
    if (seconds > 0) best = std::max(best, static_cast<double>(bytes) * messages / seconds);
  }
  return best;
}

base::Result<double> copy_bandwidth(const exchange::RankGroup& group) {
  constexpr std::uint64_t memory = 32ULL << 20U;
  auto from = Buffer::make(memory);
  auto to = Buffer::make(memory);
  if (!from) return from.failure();
  if (!to) return to.failure();
  const auto copy = make_copy(group, memory, from.value(), to.value(), std::nullopt);
  const auto measured = measure(group, {15, 2, 0.2}, *copy);
  if (!measured) return measured.failure();
  const double seconds = summarize(measured.value().slowest).median;
  return seconds > 0 ? static_cast<double>(memory) / seconds : 0;
}

}  // namespace volley::bench
