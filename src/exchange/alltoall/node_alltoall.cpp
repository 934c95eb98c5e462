// Node-aggregated exchange (see NodeMap): gather on the node's agents, one message per pair of
// nodes between agents, scatter. Blocks between the ranks of a node go straight. Large blocks go in
// rounds of a slice each, three phases a round.
//
//   gather   rank s of node A to agent(A, B): its blocks for the ranks d of B, in order of d
//   swap     agent(A, B) to agent(B, A): all blocks from A to B, by d, then by s
//   scatter  agent(B, A) to rank d of B: its blocks from the ranks s of A, in order of s
#include "exchange/alltoall/group_handles.hpp"
#include "exchange/alltoall/phased_alltoall.hpp"
#include "exchange/alltoall/schedules.hpp"

#include <cstring>
#include <map>
#include <utility>

namespace volley::exchange {
namespace {

using Counts = std::vector<std::uint64_t>;

/// What this rank carries as its node's agent for another node.
struct Agency {
  Counts out;  ///< bytes from own rank s to rank d of the other node, at s * theirs + d
  Counts in;   ///< bytes from their rank s to own rank d, at d * theirs + s
  std::vector<std::byte> gathered, outgoing, incoming;
};

class NodeAggregated final : public PhasedAllToAll {
 public:
  explicit NodeAggregated(const AllToAllParts& parts)
      : PhasedAllToAll(parts),
        shape_(parts.shape),
        self_(parts.group.rank()),
        tag_(first_tag(parts.options)),
        map_(self_, parts.group.node_of_rank()),
        slice_(map_.slice(parts.facts.largest_block, parts.options.staging_bytes)),
        rounds_(rounds_of(parts.facts.largest_block, slice_)) {
    for (const std::uint32_t other : map_.targets()) {
      if (map_.agent(map_.own(), other) == self_) agencies_[other];
    }
  }

  /// Collective: the agents learn the counts, by the way that the bytes will take.
  base::Status learn(MessageWindow& window) {
    std::map<std::uint32_t, Counts> mine;
    gather_counts(window, mine);
    if (const auto status = complete(window); !status) return status;
    std::map<std::uint32_t, Counts> transposed;
    swap_counts(window, transposed);
    return complete(window);
  }

 private:
  static base::Status complete(MessageWindow& window) {
    if (const auto status = window.post(); !status) return status;
    return window.wait();
  }

  void gather_counts(MessageWindow& window, std::map<std::uint32_t, Counts>& mine) {
    const auto& locals = map_.ranks(map_.own());
    for (const std::uint32_t other : map_.targets()) {
      const auto& theirs = map_.ranks(other);
      Counts& counts = mine[other];
      for (const int rank : theirs) counts.push_back(sent(rank));
      const int agent = map_.agent(map_.own(), other);
      const std::uint64_t bytes = counts.size() * sizeof(std::uint64_t);
      if (agent != self_) {
        window.send(agent, tag_, bytes_of(counts), bytes);
        continue;
      }
      Agency& agency = agencies_.at(other);
      agency.out.resize(locals.size() * theirs.size());
      agency.in.resize(locals.size() * theirs.size());
      for (std::size_t s = 0; s < locals.size(); ++s) {
        std::byte* place = bytes_of(agency.out) + s * bytes;
        if (locals[s] == self_) {
          std::memcpy(place, counts.data(), bytes);
        } else {
          window.receive(locals[s], tag_, place, bytes);
        }
      }
    }
  }

  void swap_counts(MessageWindow& window, std::map<std::uint32_t, Counts>& transposed) {
    for (const std::uint32_t other : map_.targets()) {
      const auto at = agencies_.find(other);
      if (at == agencies_.end()) continue;
      const std::size_t locals = map_.ranks(map_.own()).size();
      const std::size_t theirs = map_.ranks(other).size();
      Counts& counts = transposed[other];
      for (std::size_t d = 0; d < theirs; ++d) {
        for (std::size_t s = 0; s < locals; ++s) counts.push_back(at->second.out[s * theirs + d]);
      }
      window.send(map_.agent(other, map_.own()), tag_ + 1, bytes_of(counts),
                  counts.size() * sizeof(std::uint64_t));
    }
    for (const std::uint32_t other : map_.sources()) {
      const auto at = agencies_.find(other);
      if (at == agencies_.end()) continue;
      Counts& in = at->second.in;
      window.receive(map_.agent(other, map_.own()), tag_ + 1, bytes_of(in),
                     in.size() * sizeof(std::uint64_t));
    }
  }

  bool fill(std::uint64_t phase, MessageWindow& window) override {
    const std::uint64_t round = phase / 3;
    switch (phase % 3) {
      case 0:
        if (round != 0) unpack(round - 1);
        if (round == rounds_) return false;
        if (round == 0) add_locals(window);
        gather(window, round);
        return true;
      case 1:
        swap(window, round);
        return true;
      default:
        scatter(window, round);
        return true;
    }
  }

  /// Blocks within the node, whole and in place.
  void add_locals(MessageWindow& window) {
    const auto& locals = map_.ranks(map_.own());
    const std::vector<std::uint32_t> one_node(locals.size(), 0);
    std::size_t own = 0;
    while (locals[own] != self_) ++own;
    for (const Partners& step : pairwise_steps(static_cast<int>(own), one_node)) {
      const int from = locals[static_cast<std::size_t>(step.receive_from)];
      const int to = locals[static_cast<std::size_t>(step.send_to)];
      window.receive(from, tag_ + 3, target(from), received(from));
      window.send(to, tag_ + 3, source(to), sent(to));
    }
    window.copy(source(self_), target(self_), sent(self_));
  }

  void gather(MessageWindow& window, std::uint64_t round) {
    const auto& locals = map_.ranks(map_.own());
    for (const std::uint32_t other : map_.targets()) {
      std::vector<std::byte>& packed = packed_[other];
      pack(packed, map_.ranks(other), round);
      const int agent = map_.agent(map_.own(), other);
      if (agent != self_) {
        window.send(agent, tag_, packed.data(), packed.size());
        continue;
      }
      Agency& agency = agencies_.at(other);
      agency.gathered.resize(total(agency.out, round));
      const std::size_t theirs = map_.ranks(other).size();
      std::byte* place = agency.gathered.data();
      for (std::size_t s = 0; s < locals.size(); ++s) {
        std::uint64_t bytes = 0;
        for (std::size_t d = 0; d < theirs; ++d) {
          bytes += slice_of(agency.out[s * theirs + d], slice_, round);
        }
        if (locals[s] == self_) {
          window.copy(packed.data(), place, bytes);
        } else {
          window.receive(locals[s], tag_, place, bytes);
        }
        place += bytes;
      }
    }
  }

  void swap(MessageWindow& window, std::uint64_t round) {
    for (const std::uint32_t other : map_.targets()) {
      const auto at = agencies_.find(other);
      if (at == agencies_.end()) continue;
      transpose(at->second, map_.ranks(other).size(), round);
      window.send(map_.agent(other, map_.own()), tag_ + 1, at->second.outgoing.data(),
                  at->second.outgoing.size());
    }
    for (const std::uint32_t other : map_.sources()) {
      const auto at = agencies_.find(other);
      if (at == agencies_.end()) continue;
      at->second.incoming.resize(total(at->second.in, round));
      window.receive(map_.agent(other, map_.own()), tag_ + 1, at->second.incoming.data(),
                     at->second.incoming.size());
    }
  }

  void scatter(MessageWindow& window, std::uint64_t round) {
    const auto& locals = map_.ranks(map_.own());
    for (const std::uint32_t other : map_.sources()) {
      std::uint64_t expected = 0;
      for (const int rank : map_.ranks(other)) expected += slice_of(received(rank), slice_, round);
      std::vector<std::byte>& arrived = arrived_[other];
      arrived.resize(expected);
      const int agent = map_.agent(map_.own(), other);
      if (agent != self_) {
        window.receive(agent, tag_ + 2, arrived.data(), expected);
        continue;
      }
      const Agency& agency = agencies_.at(other);
      const std::size_t theirs = map_.ranks(other).size();
      const std::byte* place = agency.incoming.data();
      for (std::size_t d = 0; d < locals.size(); ++d) {
        std::uint64_t bytes = 0;
        for (std::size_t s = 0; s < theirs; ++s) {
          bytes += slice_of(agency.in[d * theirs + s], slice_, round);
        }
        if (locals[d] == self_) {
          window.copy(place, arrived.data(), bytes);
        } else {
          window.send(locals[d], tag_ + 2, place, bytes);
        }
        place += bytes;
      }
    }
  }

  void unpack(std::uint64_t round) {
    for (const std::uint32_t other : map_.sources()) {
      const std::byte* from = arrived_[other].data();
      for (const int rank : map_.ranks(other)) {
        const std::uint64_t bytes = slice_of(received(rank), slice_, round);
        if (bytes != 0) std::memcpy(target(rank) + round * slice_, from, bytes);
        from += bytes;
      }
    }
  }

  void pack(std::vector<std::byte>& packed, const std::vector<int>& ranks, std::uint64_t round) {
    std::uint64_t bytes = 0;
    for (const int rank : ranks) bytes += slice_of(sent(rank), slice_, round);
    packed.resize(bytes);
    std::byte* place = packed.data();
    for (const int rank : ranks) {
      const std::uint64_t part = slice_of(sent(rank), slice_, round);
      if (part != 0) std::memcpy(place, source(rank) + round * slice_, part);
      place += part;
    }
  }

  /// From "by own rank, then theirs" to "by their rank, then own".
  void transpose(Agency& agency, std::size_t theirs, std::uint64_t round) {
    const std::size_t locals = map_.ranks(map_.own()).size();
    Counts starts(agency.out.size());
    std::uint64_t at = 0;
    for (std::size_t i = 0; i < starts.size(); ++i) {
      starts[i] = at;
      at += slice_of(agency.out[i], slice_, round);
    }
    agency.outgoing.resize(at);
    std::byte* place = agency.outgoing.data();
    for (std::size_t d = 0; d < theirs; ++d) {
      for (std::size_t s = 0; s < locals; ++s) {
        const std::size_t i = s * theirs + d;
        const std::uint64_t bytes = slice_of(agency.out[i], slice_, round);
        if (bytes != 0) std::memcpy(place, agency.gathered.data() + starts[i], bytes);
        place += bytes;
      }
    }
  }

  std::uint64_t total(const Counts& counts, std::uint64_t round) const {
    std::uint64_t bytes = 0;
    for (const std::uint64_t each : counts) bytes += slice_of(each, slice_, round);
    return bytes;
  }

  static std::byte* bytes_of(Counts& counts) { return reinterpret_cast<std::byte*>(counts.data()); }
  static std::size_t index(int rank) { return static_cast<std::size_t>(rank); }
  std::uint64_t sent(int rank) const { return shape_.send_bytes[index(rank)]; }
  std::uint64_t received(int rank) const { return shape_.receive_bytes[index(rank)]; }
  const std::byte* source(int rank) const { return send_ + shape_.send_offsets[index(rank)]; }
  std::byte* target(int rank) const { return receive_ + shape_.receive_offsets[index(rank)]; }

  ExchangeShape shape_;
  int self_;
  int tag_;
  NodeMap map_;
  std::uint64_t slice_;
  std::uint64_t rounds_;
  std::map<std::uint32_t, Agency> agencies_;                 ///< by other node
  std::map<std::uint32_t, std::vector<std::byte>> packed_;   ///< by target node
  std::map<std::uint32_t, std::vector<std::byte>> arrived_;  ///< by source node
};

}  // namespace

base::Result<std::unique_ptr<AllToAll>> make_node_aggregated(const AllToAllParts& parts) {
  auto made = std::make_unique<NodeAggregated>(parts);
  MessageWindow window(parts.group.handles().communicator, parts.choice.window,
                       parts.choice.segment);
  if (const auto status = made->learn(window); !status) return status.failure();
  return std::unique_ptr<AllToAll>(std::move(made));
}

}  // namespace volley::exchange
