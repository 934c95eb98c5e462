// Measuring exchanges of a pattern by size and algorithm, and tuning.
#include "bench/kernels/collect.hpp"
#include "bench/session.hpp"
#include "bench/tuning.hpp"

#include <algorithm>
#include <chrono>

namespace volley::bench {
namespace {

using exchange::AllToAllOptions;

struct Buffers {
  Buffer send;
  Buffer receive;
};

base::Result<Buffers> buffers_for(const exchange::ExchangeShape& shape) {
  auto send = Buffer::make(shape.bytes_sent());
  if (!send) return send.failure();
  auto receive = Buffer::make(shape.bytes_received());
  if (!receive) return receive.failure();
  return Buffers{std::move(send).value(), std::move(receive).value()};
}

exchange::ExchangeShape own_shape(const Session& session, std::uint64_t bytes) {
  return shape_of(session.pattern, static_cast<std::uint32_t>(session.group.size()),
                  static_cast<std::uint32_t>(session.group.rank()), bytes);
}

/// One row: a shape exchanged with some options.
base::Result<Row> measure_exchange(const Session& session, const exchange::ExchangeShape& shape,
                                   Buffers& buffers, std::uint64_t bytes,
                                   const AllToAllOptions& options, const LoopLimits& limits) {
  using Clock = std::chrono::steady_clock;
  const auto traffic = traffic_of(session.group, shape);
  if (!traffic) return traffic.failure();
  const auto start = Clock::now();
  auto exchange = exchange::prepare_alltoall(session.group, shape, options);
  const std::chrono::duration<double> prepared = Clock::now() - start;
  if (!exchange) return exchange.failure();
  const auto prepare_seconds = maximum(session.group, prepared.count());
  if (!prepare_seconds) return prepare_seconds.failure();
  ExchangeOperation operation(session.group, shape, *exchange.value(), buffers.send,
                              buffers.receive, session.seed());
  const auto measured = measure(session.group, limits, operation);
  if (!measured) return measured.failure();
  Row row = row_of(measured.value(), std::string(name_of(options.algorithm)),
                   print(exchange.value()->choice()), bytes);
  rate(row, traffic.value(), session.report.conditions.injection);
  row.prepare_seconds = prepare_seconds.value();
  return row;
}

/// The median of several medians, taken in turns with the other candidates.
base::Status tune_size(Session& session, std::uint64_t bytes, Buffers& buffers,
                       std::vector<TuningResult>& results) {
  constexpr int turns = 3;
  const auto shape = own_shape(session, bytes);
  const auto candidates = tuning_candidates(bytes, session.group.nodes());
  std::vector<std::vector<Row>> rows(candidates.size());
  LoopLimits limits = session.limits(bytes);
  limits.iterations = std::max<std::uint64_t>(limits.iterations / turns, 1);
  limits.seconds /= turns;
  for (int turn = 0; turn < turns; ++turn) {
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      AllToAllOptions options = session.exchange_options(candidates[i].algorithm);
      options.window = candidates[i].window;
      options.segment = candidates[i].segment;
      auto row = measure_exchange(session, shape, buffers, bytes, options, limits);
      if (!row) return row.failure();
      rows[i].push_back(std::move(row).value());
    }
  }
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    std::sort(rows[i].begin(), rows[i].end(),
              [](const Row& a, const Row& b) { return a.slowest.median < b.slowest.median; });
    Row& middle = rows[i][turns / 2];
    results.push_back({bytes, candidates[i], middle.slowest.median});
    session.add(std::move(middle));
  }
  return base::Done{};
}

}  // namespace

base::Status run_exchanges(Session& session) {
  const auto sizes = session.sizes();
  auto buffers = buffers_for(own_shape(session, sizes.back()));
  if (!buffers) return buffers.failure();
  for (const std::uint64_t bytes : sizes) {
    const auto shape = own_shape(session, bytes);
    for (const exchange::Algorithm algorithm : session.options.algorithms) {
      auto row = measure_exchange(session, shape, buffers.value(), bytes,
                                  session.exchange_options(algorithm), session.limits(bytes));
      if (!row) return row.failure();
      session.add(std::move(row).value());
    }
  }
  return base::Done{};
}

base::Status run_tune(Session& session) {
  const auto sizes = session.sizes();
  auto buffers = buffers_for(own_shape(session, sizes.back()));
  if (!buffers) return buffers.failure();
  std::vector<TuningResult> results;
  for (const std::uint64_t bytes : sizes) {
    const auto status = tune_size(session, bytes, buffers.value(), results);
    if (!status) return status;
  }
  // The ranks measured the same times, so all have the same table.
  session.table = exchange::AlgorithmTable(
      best_rows(results, session.report.conditions.ranks, session.report.conditions.nodes));
  return base::Done{};
}

}  // namespace volley::bench
