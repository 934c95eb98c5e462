// Measuring exchanges of a pattern by size and algorithm, and tuning.
#include "bench/kernels/collect.hpp"
#include "bench/session.hpp"
#include "bench/tuning.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

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

/// A shape exchanged with some options: one row in the making.
class Candidate {
 public:
  static base::Result<Candidate> prepare(const Session& session,
                                         const exchange::ExchangeShape& shape, Buffers& buffers,
                                         const AllToAllOptions& options) {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    auto exchange = exchange::prepare_alltoall(session.group, shape, options);
    const std::chrono::duration<double> prepared = Clock::now() - start;
    if (!exchange) return exchange.failure();
    const auto seconds = maximum(session.group, prepared.count());
    if (!seconds) return seconds.failure();
    Candidate made;
    made.name_ = name_of(options.algorithm);
    made.exchange_ = std::move(exchange).value();
    made.prepare_seconds_ = seconds.value();
    made.operation_ = std::make_unique<ExchangeOperation>(
        session.group, shape, *made.exchange_, buffers.send, buffers.receive, session.seed());
    return made;
  }

  base::Status run(const Session& session, const LoopLimits& limits) {
    const auto times = time_iterations(session.group, limits, *operation_);
    if (!times) return times.failure();
    times_.insert(times_.end(), times.value().begin(), times.value().end());
    return base::Done{};
  }

  base::Result<Row> row(const Session& session, const Traffic& traffic, std::uint64_t bytes) const {
    const auto measured = bring_together(session.group, times_);
    if (!measured) return measured.failure();
    Row row = row_of(measured.value(), name_, print(exchange_->choice()), bytes);
    rate(row, traffic, session.report.conditions.injection);
    row.prepare_seconds = prepare_seconds_;
    return row;
  }

 private:
  std::string name_;
  std::unique_ptr<exchange::AllToAll> exchange_;
  std::unique_ptr<ExchangeOperation> operation_;
  double prepare_seconds_ = 0;
  std::vector<double> times_;
};

/// All candidates by turns, a part of the iterations each time, so that what else happens on the
/// machine happens to all of them.
base::Result<std::vector<Row>> measure_by_turns(const Session& session,
                                                const exchange::ExchangeShape& shape,
                                                Buffers& buffers, std::uint64_t bytes,
                                                std::span<const AllToAllOptions> all) {
  const auto traffic = traffic_of(session.group, shape);
  if (!traffic) return traffic.failure();
  std::vector<Candidate> candidates;
  for (const AllToAllOptions& options : all) {
    auto candidate = Candidate::prepare(session, shape, buffers, options);
    if (!candidate) return candidate.failure();
    candidates.push_back(std::move(candidate).value());
  }
  const LoopLimits whole = session.limits(bytes);
  const auto turns = all.size() == 1 ? 1 : std::clamp<std::uint64_t>(whole.iterations, 1, 10);
  for (std::uint64_t turn = 0; turn < turns; ++turn) {
    const LoopLimits limits{whole.iterations * (turn + 1) / turns - whole.iterations * turn / turns,
                            turn == 0 ? whole.warm_up : std::min<std::uint64_t>(whole.warm_up, 1),
                            whole.seconds / static_cast<double>(turns)};
    for (Candidate& candidate : candidates) {
      if (const auto status = candidate.run(session, limits); !status) return status.failure();
    }
  }
  std::vector<Row> rows;
  for (const Candidate& candidate : candidates) {
    auto row = candidate.row(session, traffic.value(), bytes);
    if (!row) return row.failure();
    rows.push_back(std::move(row).value());
  }
  return rows;
}

/// The candidates of a size, and how long each of them takes.
base::Status tune_size(Session& session, std::uint64_t bytes, Buffers& buffers,
                       std::vector<TuningResult>& results) {
  const auto shape = own_shape(session, bytes);
  const auto candidates = tuning_candidates(bytes, session.group.nodes());
  std::vector<AllToAllOptions> all;
  for (const exchange::Choice& candidate : candidates) {
    all.push_back(session.exchange_options(candidate.algorithm));
    all.back().window = candidate.window;
    all.back().segment = candidate.segment;
  }
  auto rows = measure_by_turns(session, shape, buffers, bytes, all);
  if (!rows) return rows.failure();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    results.push_back({bytes, candidates[i], rows.value()[i].slowest.median});
    session.add(std::move(rows.value()[i]));
  }
  return base::Done{};
}

}  // namespace

base::Status run_exchanges(Session& session) {
  const auto sizes = session.sizes();
  auto buffers = buffers_for(own_shape(session, sizes.back()));
  if (!buffers) return buffers.failure();
  for (const std::uint64_t bytes : sizes) {
    std::vector<AllToAllOptions> all;
    for (const exchange::Algorithm algorithm : session.options.algorithms) {
      all.push_back(session.exchange_options(algorithm));
    }
    auto rows = measure_by_turns(session, own_shape(session, bytes), buffers.value(), bytes, all);
    if (!rows) return rows.failure();
    for (Row& row : rows.value()) session.add(std::move(row));
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
