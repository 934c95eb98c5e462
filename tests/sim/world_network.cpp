// How a simulated cluster carries messages, and what they take.

#include "tests/sim/violation.hpp"
#include "tests/sim/world.hpp"
#include "tests/sim/world_parts.hpp"

#include <algorithm>
#include <chrono>

namespace volley::sim {

using namespace protocol;
using namespace std::chrono_literals;
using base::Duration;
using base::TimePoint;

Duration World::latency(base::Rank rank) {
  const std::uint64_t luck = random_.below(100);
  Duration longest = 50us;
  if (luck < 10) longest = std::max<Duration>(options_.slowest_message / 10, 50us);
  if (luck == 0) longest = std::max<Duration>(options_.slowest_message, 50us);
  const auto factor = static_cast<Duration::rep>(node(rank).slowness);
  return random_.duration(1us, longest) * factor;
}

void World::post(Outbox& outbox) {
  std::vector<Envelope> envelopes = outbox.take();
  for (const Envelope& envelope : envelopes) {
    const bool known =
        envelope.to.rank >= 0 && static_cast<std::size_t>(envelope.to.rank) < nodes_.size();
    if (!known) throw Violation("a message to " + to_string(envelope.to));
  }
  fetch_recipients(envelopes);
  for (Envelope& envelope : envelopes) route(std::move(envelope));
  if (envelopes.capacity() > room_.capacity()) room_ = std::move(envelopes);
}

TimePoint& World::channel(base::Rank from, base::Rank to) {
  const base::Rank peer = std::min(from, to);
  std::vector<Channel>& channels = node(std::max(from, to)).channels;
  auto known = std::find_if(channels.begin(), channels.end(),
                            [&](const Channel& one) { return one.peer == peer; });
  if (known == channels.end()) known = channels.insert(known, Channel{peer, {}, {}});
  return from == peer ? known->from_peer : known->to_peer;
}

void World::route(Envelope&& envelope) {
  const Address from = envelope.from;
  const Address to = envelope.to;
  TimePoint at = now_;
  TimePoint left{};
  if (from.container.number != 0 && from.container != to.container) {
    if (node(from.rank).paused) {
      node(from.rank).unsent.push_back(std::move(envelope));
      return;
    }
    Process& process = *find({from.rank, from.container});
    at = process.link_out = std::max(process.link_out, at + latency(from.rank));
    left = at;
  }
  if (from.rank != to.rank) {
    TimePoint& last = channel(from.rank, to.rank);
    at = last = std::max(last, at + latency(from.rank) + latency(to.rank));
  }
  if (to.container.number != 0 && from.container != to.container) {
    at += latency(to.rank);
    if (Process* process = find({to.rank, to.container})) {
      at = process->link_in = std::max(process->link_in, at);
    }
  }
  Event event;
  event.at = at;
  event.kind = EventKind::deliver;
  event.rank = to.rank;
  event.container = to.container;
  event.value = static_cast<std::uint64_t>(left.time_since_epoch().count());
  event.parcel = parcels_.pack(std::move(envelope));
  ++messages_;
  events_.push(std::move(event));
}

void World::progress(base::Rank rank) {
  Outbox out(at_rank(Role::shuffle_service, rank));
  while (node(rank).shuffles->progress(out)) {
  }
  post(out);
}

}  // namespace volley::sim
