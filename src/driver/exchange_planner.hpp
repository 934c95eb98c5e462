#pragma once
// ExchangePlanner: gets shuffle data to the nodes where tasks will read it. For each request it
// asks the ranks with map outputs for sizes, plans a round (placement.hpp), starts the exchanges of
// all shuffles involved and waits for every rank that takes part; then the next round, until every
// task has a node. Requests that touch the same shuffle run one after the other. Results are
// collected and taken by the DagScheduler after each message.

#include "base/log.hpp"
#include "driver/options.hpp"
#include "driver/placement.hpp"
#include "driver/shuffle_tracker.hpp"
#include "driver/worker_table.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace volley::driver {

struct PlacementRequest {
  base::StageId stage = 0;
  std::uint32_t stage_attempt = 0;
  std::vector<PlacementTask> tasks;  ///< each with at least one read
  /// Shuffles whose sizes are to be known when it has succeeded, whatever tasks read.
  std::vector<base::ShuffleNumber> measured = {};
  bool gang = false;  ///< the tasks start together
};
struct PlacementResult {
  base::StageId stage = 0;
  std::uint32_t stage_attempt = 0;
  std::vector<PlacedTask> tasks;
  std::string error;  ///< not empty: it failed, and why
  /// When it failed because map outputs arrived damaged: which.
  base::ShuffleNumber shuffle = 0;
  std::vector<std::uint32_t> damaged = {};
};

class ExchangePlanner {
 public:
  ExchangePlanner(const Options& options, const base::Log& log, ShuffleTracker& shuffles,
                  const WorkerTable& workers)
      : options_(options), log_(log), shuffles_(shuffles), workers_(workers) {}

  void place(PlacementRequest request);
  /// Starts what can start: call after anything has changed.
  void step(Turn& turn);
  void on(const protocol::ShuffleSizes& message, const protocol::Address& from, Turn& turn);
  void on(const protocol::ExchangeFinished& message, const protocol::Address& from, Turn& turn);
  /// Forgets the stage's requests; answers that still come are late.
  void cancel(base::StageId stage);
  /// Stages with a request in work that touches the shuffle.
  std::vector<base::StageId> users(base::ShuffleNumber shuffle) const;

  std::vector<PlacementResult> take_results() { return std::exchange(results_, {}); }
  bool idle() const { return active_.empty() && queue_.empty() && results_.empty(); }
  std::uint64_t late_messages() const { return late_; }

 private:
  using Ticket = std::uint64_t;
  struct Placement {
    PlacementRequest request;
    std::set<base::ShuffleNumber> shuffles;
    std::vector<PlacedTask> placed;
    std::set<std::uint64_t> open;  ///< queries and exchanges not yet answered by all
  };
  struct Query {
    Ticket ticket = 0;
    base::ShuffleNumber shuffle = 0;
    std::set<base::Rank> waiting;
    std::vector<std::uint64_t> bytes;
  };
  struct Exchange {
    Ticket ticket = 0;
    base::ShuffleNumber shuffle = 0;
    std::set<base::Rank> waiting;
    std::vector<Move> moves;
    std::uint64_t received = 0;    ///< bytes between nodes
    std::uint64_t wire_bytes = 0;  ///< the same, compressed
  };

  bool blocked(const Placement& placement) const;
  void advance(Ticket ticket, Turn& turn);
  bool ask_sizes(Ticket ticket, Placement& placement, Turn& turn);
  void send_exchange(Ticket ticket, base::ShuffleNumber shuffle, std::vector<Move> moves,
                     Turn& turn);
  PlacementResult& finish(Ticket ticket, std::string error);
  void report_skew(base::ShuffleNumber shuffle) const;

  const Options& options_;
  const base::Log& log_;
  ShuffleTracker& shuffles_;
  const WorkerTable& workers_;
  std::deque<Placement> queue_;
  std::map<Ticket, Placement> active_;
  std::unordered_map<std::uint64_t, Query> queries_;
  std::unordered_map<std::uint64_t, Exchange> exchanges_;
  std::vector<PlacementResult> results_;
  Ticket next_ticket_ = 1;
  std::uint64_t next_request_ = 1;  ///< ids of queries and exchanges
  std::uint64_t late_ = 0;
};

}  // namespace volley::driver
