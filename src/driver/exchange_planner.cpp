#include "driver/exchange_planner.hpp"

#include "base/units.hpp"

#include <algorithm>
#include <utility>

namespace volley::driver {

using base::Rank;
using base::ShuffleNumber;
using protocol::at_rank;
using protocol::Role;

void ExchangePlanner::place(PlacementRequest request) {
  Placement placement;
  placement.shuffles.insert(request.measured.begin(), request.measured.end());
  for (const PlacementTask& task : request.tasks) {
    for (const ShuffleRead& read : task.reads) placement.shuffles.insert(read.shuffle);
  }
  placement.request = std::move(request);
  queue_.push_back(std::move(placement));
}

bool ExchangePlanner::blocked(const Placement& placement) const {
  return std::any_of(active_.begin(), active_.end(), [&](const auto& entry) {
    const auto& theirs = entry.second.shuffles;
    return std::any_of(placement.shuffles.begin(), placement.shuffles.end(),
                       [&](ShuffleNumber shuffle) { return theirs.contains(shuffle); });
  });
}

void ExchangePlanner::step(Turn& turn) {
  if (queue_.empty() || workers_.complete_executors() == 0) return;
  std::deque<Placement> waiting = std::exchange(queue_, {});
  for (Placement& placement : waiting) {
    if (blocked(placement)) {
      queue_.push_back(std::move(placement));
      continue;
    }
    const Ticket ticket = next_ticket_++;
    active_.emplace(ticket, std::move(placement));
    advance(ticket, turn);
  }
}

void ExchangePlanner::advance(Ticket ticket, Turn& turn) {
  Placement& placement = active_.at(ticket);
  if (ask_sizes(ticket, placement, turn)) return;
  auto round =
      plan_round(std::exchange(placement.request.tasks, {}), shuffles_, workers_.nodes(),
                 workers_.live_ranks(), placement.request.gang ? &placement.placed : nullptr);
  placement.placed.insert(placement.placed.end(), round.placed.begin(), round.placed.end());
  placement.request.tasks = std::move(round.waiting);
  if (placement.request.tasks.empty()) {
    finish(ticket, {});
    return;
  }
  if (round.moves.empty()) {
    // No rank can take the data now: wait for executors.
    queue_.push_front(std::move(placement));
    active_.erase(ticket);
    return;
  }
  std::map<ShuffleNumber, std::vector<Move>> by_shuffle;
  for (const Move& move : round.moves) by_shuffle[move.read.shuffle].push_back(move);
  for (auto& [shuffle, moves] : by_shuffle) send_exchange(ticket, shuffle, std::move(moves), turn);
}

bool ExchangePlanner::ask_sizes(Ticket ticket, Placement& placement, Turn& turn) {
  for (const ShuffleNumber shuffle : placement.shuffles) {
    if (shuffles_.has_sizes(shuffle)) continue;
    const std::uint32_t reducers = shuffles_.reducers(shuffle);
    const std::uint64_t id = next_request_++;
    Query query{ticket, shuffle, {}, std::vector<std::uint64_t>(reducers, 0)};
    for (auto& [rank, maps] : shuffles_.outputs(shuffle)) {
      query.waiting.insert(rank);
      turn.outbox.send(at_rank(Role::shuffle_service, rank),
                       protocol::ShuffleSizesRequested{
                           {options_.application, shuffle}, id, reducers, std::move(maps)});
    }
    if (query.waiting.empty()) {
      shuffles_.set_sizes(shuffle, std::move(query.bytes));
      continue;
    }
    placement.open.insert(id);
    queries_.emplace(id, std::move(query));
  }
  return !placement.open.empty();
}

void ExchangePlanner::send_exchange(Ticket ticket, ShuffleNumber shuffle, std::vector<Move> moves,
                                    Turn& turn) {
  const std::uint64_t id = next_request_++;
  auto outputs = shuffles_.outputs(shuffle);
  protocol::ExchangeRequested request{{options_.application, shuffle}, id, {}, {}, {},
                                      options_.shuffle_codec};
  request.destinations.assign(shuffles_.reducers(shuffle), base::no_rank);
  Exchange exchange{ticket, shuffle, {}, {}, 0, 0};
  for (const auto& [rank, maps] : outputs) {
    request.sources.push_back(rank);
    exchange.waiting.insert(rank);
  }
  for (const Move& move : moves) {
    request.destinations[move.read.partition] = move.to;
    exchange.waiting.insert(move.to);
  }
  exchange.moves = std::move(moves);
  for (const Rank rank : exchange.waiting) {
    const auto maps = outputs.find(rank);
    request.maps = maps == outputs.end() ? std::vector<std::uint32_t>{} : std::move(maps->second);
    shuffles_.touch(shuffle, rank);
    turn.outbox.send(at_rank(Role::shuffle_service, rank), request);
  }
  active_.at(ticket).open.insert(id);
  exchanges_.emplace(id, std::move(exchange));
}

void ExchangePlanner::on(const protocol::ShuffleSizes& message, const protocol::Address& from,
                         Turn& turn) {
  const auto found = queries_.find(message.query);
  if (found == queries_.end() || found->second.waiting.erase(from.rank) == 0) {
    ++late_;
    return;
  }
  Query& query = found->second;
  const std::size_t count = std::min(query.bytes.size(), message.bytes.size());
  for (std::size_t i = 0; i < count; ++i) query.bytes[i] += message.bytes[i];
  if (!query.waiting.empty()) return;
  const Ticket ticket = query.ticket;
  shuffles_.set_sizes(query.shuffle, std::move(query.bytes));
  report_skew(query.shuffle);
  queries_.erase(found);
  auto& open = active_.at(ticket).open;
  open.erase(message.query);
  if (open.empty()) advance(ticket, turn);
}

void ExchangePlanner::on(const protocol::ExchangeFinished& message, const protocol::Address& from,
                         Turn& turn) {
  const auto found = exchanges_.find(message.exchange);
  if (found == exchanges_.end() || found->second.waiting.erase(from.rank) == 0) {
    ++late_;
    return;
  }
  const Ticket ticket = found->second.ticket;
  if (!message.error.empty()) {
    const ShuffleNumber shuffle = found->second.shuffle;
    PlacementResult& result =
        finish(ticket, fmt::format("Exchange of shuffle {} failed on rank {}: {}", shuffle,
                                   from.rank, message.error));
    result.shuffle = shuffle;
    result.damaged = message.damaged;
    return;
  }
  found->second.received += message.bytes_received;
  found->second.wire_bytes += message.wire_bytes;
  if (!found->second.waiting.empty()) return;
  if (options_.shuffle_codec != protocol::Codec::none && found->second.wire_bytes != 0) {
    log_.info("ExchangePlanner", "Shuffle {}: {} between nodes, compressed to {} ({:.2f} to 1)",
              found->second.shuffle, base::format_bytes(found->second.received),
              base::format_bytes(found->second.wire_bytes),
              static_cast<double>(found->second.received) /
                  static_cast<double>(found->second.wire_bytes));
  }
  for (const Move& move : found->second.moves) shuffles_.add_holder(move.read, move.to);
  exchanges_.erase(found);
  auto& open = active_.at(ticket).open;
  open.erase(message.exchange);
  if (open.empty()) advance(ticket, turn);
}

PlacementResult& ExchangePlanner::finish(Ticket ticket, std::string error) {
  Placement& placement = active_.at(ticket);
  for (const std::uint64_t id : placement.open) {
    queries_.erase(id);
    exchanges_.erase(id);
  }
  results_.push_back({placement.request.stage, placement.request.stage_attempt,
                      std::move(placement.placed), std::move(error)});
  active_.erase(ticket);
  return results_.back();
}

void ExchangePlanner::cancel(base::StageId stage) {
  std::erase_if(queue_, [&](const Placement& p) { return p.request.stage == stage; });
  std::erase_if(results_, [&](const PlacementResult& r) { return r.stage == stage; });
  for (auto at = active_.begin(); at != active_.end();) {
    if (at->second.request.stage != stage) {
      ++at;
      continue;
    }
    for (const std::uint64_t id : at->second.open) {
      queries_.erase(id);
      exchanges_.erase(id);
    }
    at = active_.erase(at);
  }
}

std::vector<base::StageId> ExchangePlanner::users(ShuffleNumber shuffle) const {
  std::set<base::StageId> stages;
  for (const auto& [ticket, placement] : active_) {
    if (placement.shuffles.contains(shuffle)) stages.insert(placement.request.stage);
  }
  for (const Placement& placement : queue_) {
    if (placement.shuffles.contains(shuffle)) stages.insert(placement.request.stage);
  }
  return {stages.begin(), stages.end()};
}

void ExchangePlanner::report_skew(ShuffleNumber shuffle) const {
  const Skew skew = measure_skew(shuffles_.sizes(shuffle));
  log_.info("ExchangePlanner",
            "Shuffle {}: {} in {} partitions; the largest is partition {} with {}, {:.1f} times "
            "the median",
            shuffle, base::format_bytes(skew.total), shuffles_.reducers(shuffle), skew.partition,
            base::format_bytes(skew.largest), skew.factor);
}

}  // namespace volley::driver
