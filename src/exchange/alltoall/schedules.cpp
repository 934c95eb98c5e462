#include "exchange/alltoall/schedules.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <bit>

namespace volley::exchange {
namespace {

std::vector<std::vector<int>> ranks_by_node(const std::vector<std::uint32_t>& node_of_rank) {
  std::vector<std::vector<int>> ranks;
  for (std::size_t rank = 0; rank < node_of_rank.size(); ++rank) {
    const std::uint32_t node = node_of_rank[rank];
    if (node >= ranks.size()) ranks.resize(node + 1);
    ranks[node].push_back(static_cast<int>(rank));
  }
  return ranks;
}

std::vector<Partners> flat_steps(int self, int ranks) {
  std::vector<Partners> steps;
  const bool even = std::has_single_bit(static_cast<unsigned>(ranks));
  for (int k = 1; k < ranks; ++k) {
    if (even) {
      const int partner = static_cast<int>(static_cast<unsigned>(self) ^ static_cast<unsigned>(k));
      steps.push_back({partner, partner});
    } else {
      steps.push_back({(self + k) % ranks, (self - k + ranks) % ranks});
    }
  }
  return steps;
}

std::vector<Partners> interleaved_steps(int self, const std::vector<std::uint32_t>& node_of_rank,
                                        const std::vector<std::vector<int>>& nodes) {
  const std::size_t size = nodes.front().size();
  const std::size_t count = nodes.size();
  const std::size_t node = node_of_rank[static_cast<std::size_t>(self)];
  const auto& own = nodes[node];
  const auto local =
      static_cast<std::size_t>(std::find(own.begin(), own.end(), self) - own.begin());
  std::vector<Partners> steps;
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b < size; ++b) {
      const std::size_t from = (local + size - b) % size;
      const int send_to = nodes[(node + a + local) % count][(local + b) % size];
      const int receive_from = nodes[(node + 2 * count * size - a - from) % count][from];
      // For b = 0 both are of the own local number, so the own turn is one step for both.
      if (send_to != self) steps.push_back({send_to, receive_from});
    }
  }
  return steps;
}

}  // namespace

std::vector<Partners> pairwise_steps(int self, const std::vector<std::uint32_t>& node_of_rank) {
  const auto nodes = ranks_by_node(node_of_rank);
  const std::size_t size = nodes.front().size();
  const bool equal = std::all_of(nodes.begin(), nodes.end(),
                                 [&](const auto& ranks) { return ranks.size() == size; });
  if (!equal || size == 1 || nodes.size() == 1) {
    return flat_steps(self, static_cast<int>(node_of_rank.size()));
  }
  return interleaved_steps(self, node_of_rank, nodes);
}

std::vector<std::uint32_t> bruck_slots(std::uint32_t ranks, std::uint32_t distance) {
  std::vector<std::uint32_t> slots;
  for (std::uint32_t slot = distance; slot < ranks; ++slot) {
    if ((slot & distance) != 0) slots.push_back(slot);
  }
  return slots;
}

std::uint64_t bruck_slice(std::uint32_t ranks, std::uint64_t largest_block,
                          std::uint64_t staging_bytes) {
  const std::uint64_t slots = 2 * (std::uint64_t{ranks} + 1);
  return std::clamp<std::uint64_t>(staging_bytes / slots, 1,
                                   std::max<std::uint64_t>(largest_block, 1));
}

NodeMap::NodeMap(int self, const std::vector<std::uint32_t>& node_of_rank)
    : own_(node_of_rank.at(static_cast<std::size_t>(self))), ranks_(ranks_by_node(node_of_rank)) {}

int NodeMap::agent(std::uint32_t node, std::uint32_t other) const {
  VOLLEY_CHECK(node != other, "node={}", node);
  const auto& ranks = ranks_[node];
  return ranks[(other + nodes() - node - 1) % nodes() % ranks.size()];
}

std::vector<std::uint32_t> NodeMap::targets() const {
  std::vector<std::uint32_t> order;
  for (std::uint32_t k = 1; k < nodes(); ++k) order.push_back((own_ + k) % nodes());
  return order;
}

std::vector<std::uint32_t> NodeMap::sources() const {
  std::vector<std::uint32_t> order;
  for (std::uint32_t k = 1; k < nodes(); ++k) order.push_back((own_ + nodes() - k) % nodes());
  return order;
}

std::uint64_t NodeMap::slice(std::uint64_t largest_block, std::uint64_t staging_bytes) const {
  std::uint64_t most = 1;
  std::uint64_t fewest = ~0ULL;
  std::uint64_t ranks = 0;
  for (const auto& each : ranks_) {
    most = std::max<std::uint64_t>(most, each.size());
    fewest = std::min<std::uint64_t>(fewest, each.size());
    ranks += each.size();
  }
  const std::uint64_t peers = (ranks_.size() + fewest - 1) / fewest;
  // Gathered, sent, received for each node spoken for; packed and unpacked for all ranks.
  const std::uint64_t blocks = 3 * peers * most * most + 2 * ranks;
  return std::clamp<std::uint64_t>(staging_bytes / blocks, 1,
                                   std::max<std::uint64_t>(largest_block, 1));
}

LibraryUnits library_units(const ExchangeShape& shape, std::uint64_t largest_count) {
  std::uint64_t bits = 1ULL << 30U;  // the largest unit
  std::uint64_t largest = 0;
  for (const auto* values :
       {&shape.send_bytes, &shape.send_offsets, &shape.receive_bytes, &shape.receive_offsets}) {
    for (const std::uint64_t value : *values) {
      bits |= value;
      largest = std::max(largest, value);
    }
  }
  LibraryUnits units;
  if (largest <= largest_count) return units;
  units.unit = bits & (~bits + 1);
  units.fits = largest / units.unit <= largest_count;
  return units;
}

}  // namespace volley::exchange
