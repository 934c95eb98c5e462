// How a simulated cluster that is larger than any cache comes by its memory.

#include "tests/sim/world.hpp"
#include "tests/sim/world_parts.hpp"

#include <algorithm>

namespace volley::sim {

namespace {

void fetch_bytes(const void* from, std::size_t size) {
  constexpr std::size_t line = 64;
  const auto* bytes = static_cast<const char*>(from);
  for (std::size_t at = 0; at < size; at += line) __builtin_prefetch(bytes + at);
  __builtin_prefetch(bytes + size - 1);
}
/// Asks for the cache lines of an object, or of its beginning.
template <class Object>
void fetch(const Object& object, std::size_t most = sizeof(Object)) {
  fetch_bytes(&object, std::min(most, sizeof object));
}

/// Of the messages that come often.
constexpr std::size_t parcel_bytes = 256;
/// Of a node without its NodeManager.
constexpr std::size_t node_bytes = 96;
/// Of a process without the way in which it was launched.
constexpr std::size_t process_bytes = 1216;
/// What a process has of its link.
constexpr std::size_t link_bytes = 24;

}  // namespace

using protocol::Envelope;

/// What the next events are about lies anywhere in gigabytes, and the way to it leads over several
/// pointers. So it is asked for beforehand, for many events at a time, one pointer after the other:
/// their waits for memory overlap.
std::size_t World::fetch_ahead() const {
  constexpr std::size_t batch = 16;
  events_.look_ahead(batch, [](const Event& event) { fetch(event); });
  events_.look_ahead(batch, [this](const Event& event) {
    const bool of_manager = event.container.number == 0;
    fetch(node(event.rank), of_manager ? sizeof(Node) : node_bytes);
    if (event.parcel) fetch_bytes(event.parcel.get(), parcel_bytes);
  });
  events_.look_ahead(batch, [this](const Event& event) {
    const auto& processes = node(event.rank).processes;
    if (event.container.number != 0 && !processes.empty()) fetch(processes.front());
    if (event.parcel) fetch(node(event.parcel->from.rank), node_bytes);
  });
  // Who sent something gets an answer, mostly.
  events_.look_ahead(batch, [this](const Event& event) {
    if (!event.parcel) return;
    const Node& sender = node(event.parcel->from.rank);
    if (!sender.channels.empty()) fetch(sender.channels.front());
    if (!sender.processes.empty()) fetch(sender.processes.front());
  });
  return events_.look_ahead(batch, [this](const Event& event) {
    for (const auto& [container, process] : node(event.rank).processes) {
      if (container == event.container) fetch(*process, process_bytes);
    }
  });
}

/// The same for many messages that leave at once.
void World::fetch_recipients(const std::vector<Envelope>& envelopes) const {
  constexpr std::size_t few = 4;
  if (envelopes.size() < few) return;
  for (const Envelope& envelope : envelopes) fetch(node(envelope.to.rank), node_bytes);
  for (const Envelope& envelope : envelopes) {
    const Node& recipient = node(envelope.to.rank);
    if (!recipient.channels.empty()) fetch(recipient.channels.front());
    if (!recipient.processes.empty()) fetch(recipient.processes.front());
  }
  for (const Envelope& envelope : envelopes) {
    const Node& recipient = node(envelope.to.rank);
    if (!recipient.processes.empty()) fetch(*recipient.processes.front().second, link_bytes);
  }
}

}  // namespace volley::sim
