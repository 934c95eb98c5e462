#pragma once
// A cluster of shuffle services in one thread: messages and data move in a random order that a seed
// decides, as long as order is kept where the real network keeps it. Sends end only when the
// receiver takes them.

#include "exchange/chunk_writer.hpp"
#include "exchange/shuffle_service.hpp"
#include "storage/arena_owner.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace volley::exchange::test {

using Random = std::mt19937_64;
using protocol::Address;
using protocol::Role;

/// Matches sends with receives, one block at a time.
class Fabric {
 public:
  using Key = std::tuple<base::Rank, base::Rank, std::uint32_t>;  ///< from, to, tag
  struct Send {
    net::DataChannel::Ticket ticket;
    std::span<const std::byte> block;
  };
  struct Receive {
    net::DataChannel::Ticket ticket;
    std::span<std::byte> block;
  };

  net::DataChannel::Ticket send(const Key& key, std::span<const std::byte> block) {
    sends_[key].push_back({++last_, block});
    auto& flying = flying_[{std::get<0>(key), std::get<1>(key)}];
    most_flying = std::max(most_flying, ++flying);
    return last_;
  }
  net::DataChannel::Ticket receive(const Key& key, std::span<std::byte> block) {
    receives_[key].push_back({++last_, block});
    auto& posted = posted_[{std::get<0>(key), std::get<1>(key)}];
    most_posted = std::max<std::uint64_t>(most_posted, posted += block.size());
    return last_;
  }
  bool done(net::DataChannel::Ticket ticket) { return done_.erase(ticket) != 0; }
  /// The transfer will not happen.
  void forget(net::DataChannel::Ticket ticket) {
    const auto gone = [&](auto& queues) {
      for (auto& [key, queue] : queues) {
        std::erase_if(queue, [&](const auto& one) { return one.ticket == ticket; });
      }
      std::erase_if(queues, [](const auto& entry) { return entry.second.empty(); });
    };
    gone(sends_);
    gone(receives_);
    done_.erase(ticket);
  }

  /// Nothing that was named before moves to or from the rank.
  void forget_rank(base::Rank rank) {
    const auto concerns = [&](const auto& entry) {
      return std::get<0>(entry.first) == rank || std::get<1>(entry.first) == rank;
    };
    std::erase_if(sends_, concerns);
    std::erase_if(receives_, concerns);
  }

  /// Moves a random block; false when nothing matches.
  bool step(Random& random) {
    std::vector<Key> ready;
    for (const auto& [key, sends] : sends_) {
      if (receives_.contains(key)) ready.push_back(key);
    }
    if (ready.empty()) return false;
    const Key key = ready[random() % ready.size()];
    const Send from = take(sends_, key);
    const Receive to = take(receives_, key);
    EXPECT_EQ(from.block.size(), to.block.size());
    std::memcpy(to.block.data(), from.block.data(), to.block.size());
    if (damage_next) to.block[to.block.size() / 2] ^= std::byte{1};
    damage_next = false;
    const bool is_data = std::get<2>(key) < (1U << 14U);  // the others say how large it is
    if (is_data && damage_data_message && (*damage_data_message)-- == 0) {
      to.block[to.block.size() / 2] ^= std::byte{1};
      damage_data_message.reset();
    }
    if (!is_data && damage_sizes) to.block[random() % to.block.size()] ^= std::byte{0x11};
    largest = std::max<std::uint64_t>(largest, to.block.size());
    done_.insert(from.ticket);
    done_.insert(to.ticket);
    --flying_[{std::get<0>(key), std::get<1>(key)}];
    posted_[{std::get<0>(key), std::get<1>(key)}] -= to.block.size();
    return true;
  }
  bool still() const { return sends_.empty() && receives_.empty(); }
  bool empty() const { return sends_.empty() && receives_.empty() && done_.empty(); }

  bool damage_next = false;
  std::optional<std::uint64_t> damage_data_message;  ///< after so many others
  bool damage_sizes = false;      ///< a byte of each message that says how large data is
  std::uint32_t most_flying = 0;  ///< sends between any two ranks
  std::uint64_t largest = 0;
  std::uint64_t most_posted = 0;  ///< bytes of receives between any two ranks

 private:
  template <class Queues>
  static typename Queues::mapped_type::value_type take(Queues& queues, const Key& key) {
    auto at = queues.find(key);
    auto front = at->second.front();
    at->second.pop_front();
    if (at->second.empty()) queues.erase(at);
    return front;
  }

  net::DataChannel::Ticket last_ = 0;
  std::map<Key, std::deque<Send>> sends_;
  std::map<Key, std::deque<Receive>> receives_;
  std::set<net::DataChannel::Ticket> done_;
  std::map<std::pair<base::Rank, base::Rank>, std::uint32_t> flying_;
  std::map<std::pair<base::Rank, base::Rank>, std::uint64_t> posted_;
};

class SimulatedChannel final : public net::DataChannel {
 public:
  SimulatedChannel(base::Rank self, Fabric& fabric) : self_(self), fabric_(fabric) {}
  Ticket send(base::Rank to, std::uint32_t tag, std::span<const std::byte> block) override {
    return fabric_.send({self_, to, tag}, block);
  }
  Ticket receive(base::Rank from, std::uint32_t tag, std::span<std::byte> block) override {
    return fabric_.receive({from, self_, tag}, block);
  }
  void progress() override {}  // the fabric moves by itself
  bool done(Ticket ticket) override { return fabric_.done(ticket); }
  bool abandon(Ticket ticket) override {
    fabric_.forget(ticket);
    return true;
  }

 private:
  base::Rank self_;
  Fabric& fabric_;
};

inline const base::ApplicationId application{1732060800, 1};
inline const Address driver{Role::driver, 0, {application, 1, 1}};

/// By reduce partition, then map partition: the bytes that a reader must see.
using Content = std::map<std::uint32_t, std::map<std::uint32_t, std::string>>;

class World {
 public:
  World(std::uint64_t seed, std::vector<std::uint32_t> nodes, std::uint64_t slabs_per_node,
        std::uint64_t slab_bytes, const MoverOptions& options)
      : random(seed), nodes_(nodes) {
    for (const std::uint32_t node : nodes) {
      if (arenas.contains(node)) continue;
      arenas.emplace(
          node,
          std::move(storage::NodeArena::create({slabs_per_node * slab_bytes, slab_bytes})).value());
    }
    for (std::size_t r = 0; r < nodes.size(); ++r) {
      const auto rank = static_cast<base::Rank>(r);
      channels_.push_back(std::make_unique<SimulatedChannel>(rank, fabric));
      services.push_back(std::make_unique<ShuffleService>(rank, nodes, arenas.at(nodes[r]),
                                                          *channels_.back(), options));
    }
  }

  base::Rank ranks() const { return static_cast<base::Rank>(services.size()); }
  storage::NodeArena& arena(base::Rank rank) {
    return arenas.at(nodes_[static_cast<std::size_t>(rank)]);
  }
  ShuffleService& service(base::Rank rank) { return *services[static_cast<std::size_t>(rank)]; }
  static Address executor(base::Rank rank) {
    return {Role::executor, rank, {application, 1, static_cast<std::uint64_t>(rank) + 2}};
  }

  template <class M>
  void send(const Address& from, base::Rank to, M message) {
    protocol::Outbox outbox(from);
    outbox.send(protocol::at_rank(Role::shuffle_service, to), std::move(message));
    enqueue(outbox);
  }
  template <class M>
  void send_all(const Address& from, const M& message) {
    for (base::Rank rank = 0; rank < ranks(); ++rank) send(from, rank, message);
  }

  /// Writes a map task's output as a container would; `rows[partition]` are its bytes.
  protocol::MapOutputWritten write_map(base::Rank rank, protocol::ShuffleId shuffle,
                                       std::uint32_t map, protocol::TaskId task,
                                       const std::vector<std::string>& rows) {
    const auto reducers = static_cast<std::uint32_t>(rows.size());
    ChunkWriter writer(arena(rank), storage::container_owner(rank, executor(rank).container),
                       reducers);
    for (std::uint32_t p = 0; p < reducers; ++p) {
      for (std::size_t at = 0; at < rows[p].size();) {
        const std::size_t bytes = std::min<std::size_t>(rows[p].size() - at, 1 + random() % 3000);
        std::memcpy(writer.reserve(p, bytes), rows[p].data() + at, bytes);
        writer.commit(p, bytes);
        at += bytes;
      }
    }
    auto output = writer.finish();
    return {shuffle, {task, 0, 0, map, 0}, reducers, output.chunks, output.slabs};
  }

  /// One random thing happens; false when there was nothing to do for it.
  bool step() {
    const auto kind = random() % 3;
    if (kind == 0) return deliver_one();
    if (kind == 1) return fabric.step(random);
    return progress(static_cast<base::Rank>(random() % services.size()));
  }
  /// Until nothing moves any more.
  void settle() {
    bool active = true;
    while (active) {
      for (int i = 0; i < 100; ++i) step();
      active = deliver_one() || fabric.step(random);
      for (base::Rank rank = 0; rank < ranks(); ++rank) active = progress(rank) || active;
    }
  }
  /// Delivers what is queued for one rank now, the others wait.
  void deliver_to(base::Rank rank) {
    std::vector<std::pair<Address, Address>> keys;
    for (const auto& [key, queue] : queues_) {
      if (key.second.role == Role::shuffle_service && key.second.rank == rank) keys.push_back(key);
    }
    for (const auto& key : keys) {
      while (queues_.contains(key)) deliver(key);
    }
  }

  /// The rank dies, with what is on its way to or from it; the others are not told.
  void kill(base::Rank rank) {
    dead_.insert(rank);
    fabric.forget_rank(rank);
    std::erase_if(queues_, [&](const auto& entry) {
      return entry.first.first.rank == rank || entry.first.second.rank == rank;
    });
  }

  /// The answers of type M that arrived, which are then forgotten.
  template <class M>
  std::vector<M> take() {
    std::vector<M> found;
    std::vector<protocol::Envelope> rest;
    for (auto& envelope : inbox_) {
      const M* match = nullptr;
      std::visit([&](const auto& group) { match = pick<M>(group); }, envelope.message);
      if (match != nullptr) {
        found.push_back(*match);
      } else {
        rest.push_back(std::move(envelope));
      }
    }
    inbox_ = std::move(rest);
    return found;
  }

  /// The same with sender and recipient.
  template <class M>
  std::vector<std::pair<protocol::Envelope, M>> take_envelopes() {
    std::vector<std::pair<protocol::Envelope, M>> found;
    std::erase_if(inbox_, [&](protocol::Envelope& envelope) {
      const M* match = nullptr;
      std::visit([&](const auto& group) { match = pick<M>(group); }, envelope.message);
      if (match == nullptr) return false;
      found.emplace_back(envelope, *match);
      return true;
    });
    return found;
  }

  /// What a reader on `rank` sees of a partition: (map, bytes) in the listed order.
  std::pair<bool, std::vector<std::pair<std::uint32_t, std::string>>> read(
      base::Rank rank, protocol::ShuffleId shuffle, std::uint32_t partition) {
    send(executor(rank), rank, protocol::PartitionRequested{shuffle, partition, 99});
    deliver_to(rank);
    while (deliver_one()) {
    }
    const auto answers = take<protocol::PartitionListed>();
    EXPECT_EQ(answers.size(), 1U);
    std::vector<std::pair<std::uint32_t, std::string>> rows;
    for (const auto& chunk : answers.at(0).chunks) {
      EXPECT_EQ(chunk.partition, partition);
      EXPECT_EQ(chunk.offset % 64, 0U);
      if (rows.empty() || rows.back().first != chunk.map) rows.emplace_back(chunk.map, "");
      rows.back().second.append(reinterpret_cast<const char*>(arena(rank).at(chunk.offset)),
                                chunk.bytes);
    }
    EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end(),
                               [](const auto& a, const auto& b) { return a.first < b.first; }));
    return {answers.at(0).found, rows};
  }

  void expect_content(base::Rank rank, protocol::ShuffleId shuffle, std::uint32_t partition,
                      const Content& content) {
    SCOPED_TRACE(fmt::format("rank {} partition {}", rank, partition));
    const auto [found, rows] = read(rank, shuffle, partition);
    EXPECT_TRUE(found);
    std::map<std::uint32_t, std::string> seen(rows.begin(), rows.end());
    EXPECT_EQ(seen.size(), rows.size());
    std::map<std::uint32_t, std::string> expected;
    const auto at = content.find(partition);
    if (at != content.end()) expected = at->second;
    std::erase_if(expected, [](const auto& row) { return row.second.empty(); });
    EXPECT_EQ(seen, expected);
  }

  void expect_empty() {
    EXPECT_TRUE(queues_.empty());
    // What was done for a dead rank is never asked for.
    EXPECT_TRUE(dead_.empty() ? fabric.empty() : fabric.still());
    for (const auto& held : services) {
      if (dead_.contains(static_cast<base::Rank>(&held - services.data()))) continue;
      EXPECT_TRUE(held->empty());
      EXPECT_FALSE(held->busy());
    }
    for (const auto& [node, held] : arenas) {
      std::uint64_t used = 0;
      for (std::uint64_t slab = 0; slab < held.all_slabs(); ++slab) {
        used += held.owner(slab) != 0 && !of_dead(held.owner(slab)) ? 1 : 0;
      }
      EXPECT_EQ(used, 0U) << "node " << node;
    }
  }

  std::uint64_t dropped() const {
    std::uint64_t total = 0;
    for (const auto& held : services) total += held->dropped();
    return total;
  }

  Random random;
  Fabric fabric;
  std::map<std::uint32_t, storage::NodeArena> arenas;
  std::vector<std::unique_ptr<ShuffleService>> services;
  bool duplicate_offers = false;  ///< every message between services arrives twice

 private:
  template <class M, class... T>
  static const M* pick(const std::variant<T...>& group) {
    if constexpr ((std::is_same_v<M, T> || ...)) {
      return std::get_if<M>(&group);
    } else {
      return nullptr;
    }
  }

  bool of_dead(storage::NodeArena::Owner owner) const {
    return std::any_of(dead_.begin(), dead_.end(), [&](base::Rank rank) {
      return owner == storage::rank_owner(rank) ||
             owner == storage::container_owner(rank, executor(rank).container);
    });
  }
  void enqueue(protocol::Outbox& outbox) {
    for (auto& envelope : outbox.take()) {
      if (dead_.contains(envelope.from.rank) || dead_.contains(envelope.to.rank)) continue;
      auto& queue = queues_[{envelope.from, envelope.to}];
      const bool twice = duplicate_offers && envelope.from.role == Role::shuffle_service &&
                         envelope.to.role == Role::shuffle_service;
      if (twice) queue.push_back(envelope);
      queue.push_back(std::move(envelope));
    }
  }
  bool deliver_one() {
    if (queues_.empty()) return false;
    auto at = queues_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random() % queues_.size()));
    deliver(at->first);
    return true;
  }
  void deliver(std::pair<Address, Address> key) {
    auto at = queues_.find(key);
    protocol::Envelope envelope = std::move(at->second.front());
    at->second.pop_front();
    if (at->second.empty()) queues_.erase(at);
    if (envelope.to.role != Role::shuffle_service) {
      inbox_.push_back(std::move(envelope));
      return;
    }
    protocol::Outbox outbox(envelope.to);
    protocol::deliver(service(envelope.to.rank),
                      std::get<protocol::ShuffleServiceMessage>(std::move(envelope.message)),
                      envelope.from, outbox);
    enqueue(outbox);
  }
  bool progress(base::Rank rank) {
    if (dead_.contains(rank)) return false;
    protocol::Outbox outbox(protocol::at_rank(Role::shuffle_service, rank));
    const bool any = service(rank).progress(outbox);
    enqueue(outbox);
    return any;
  }

  std::vector<std::uint32_t> nodes_;
  std::vector<std::unique_ptr<SimulatedChannel>> channels_;
  std::map<std::pair<Address, Address>, std::deque<protocol::Envelope>> queues_;
  std::vector<protocol::Envelope> inbox_;
  std::set<base::Rank> dead_;
};

/// One shuffle with random content: who wrote which map, and what a reader must see.
struct ShufflePlan {
  protocol::ShuffleId id;
  std::uint32_t reducers = 0;
  std::vector<std::vector<std::uint32_t>> maps;  ///< by rank
  Content content;

  std::vector<base::Rank> sources() const {
    std::vector<base::Rank> ranks;
    for (std::size_t r = 0; r < maps.size(); ++r) {
      if (!maps[r].empty()) ranks.push_back(static_cast<base::Rank>(r));
    }
    return ranks;
  }
};

inline std::string random_bytes(Random& random, std::size_t limit) {
  std::string bytes(random() % 3 == 0 ? 0 : random() % (1 + random() % limit), '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

inline ShufflePlan write_shuffle(World& world, std::uint32_t number, std::uint32_t maps,
                                 std::uint32_t reducers, std::size_t limit) {
  ShufflePlan plan{{application, number}, reducers, {}, {}};
  plan.maps.resize(world.services.size());
  for (std::uint32_t map = 0; map < maps; ++map) {
    const auto rank = static_cast<base::Rank>(world.random() % world.services.size());
    std::vector<std::string> rows(reducers);
    for (std::uint32_t p = 0; p < reducers; ++p) {
      rows[p] = random_bytes(world.random, limit);
      plan.content[p][map] = rows[p];
    }
    plan.maps[static_cast<std::size_t>(rank)].push_back(map);
    world.send(World::executor(rank), rank, world.write_map(rank, plan.id, map, map, rows));
  }
  return plan;
}

inline protocol::ExchangeRequested request_of(const ShufflePlan& plan, base::Rank rank,
                                              std::uint64_t exchange,
                                              const std::vector<base::Rank>& destinations) {
  return {plan.id, exchange, plan.maps[static_cast<std::size_t>(rank)], plan.sources(),
          destinations};
}

inline void request_exchange(World& world, const ShufflePlan& plan, std::uint64_t exchange,
                             const std::vector<base::Rank>& destinations) {
  for (base::Rank rank = 0; rank < world.ranks(); ++rank) {
    world.send(driver, rank, request_of(plan, rank, exchange, destinations));
  }
}

/// Random holders, a part of the partitions left out when `partial`.
inline std::vector<base::Rank> random_holders(World& world, std::uint32_t reducers, bool partial) {
  std::vector<base::Rank> holders(reducers);
  for (auto& holder : holders) {
    const bool out = partial && world.random() % 2 == 0;
    holder = out ? base::no_rank : static_cast<base::Rank>(world.random() % world.services.size());
  }
  return holders;
}

/// Expects that every service finished without error; the bytes that they received in all.
inline std::uint64_t expect_finished(World& world) {
  const auto answers = world.take<protocol::ExchangeFinished>();
  EXPECT_EQ(answers.size(), world.services.size());
  std::uint64_t bytes = 0;
  for (const auto& answer : answers) {
    EXPECT_EQ(answer.error, "");
    bytes += answer.bytes_received;
  }
  return bytes;
}

}  // namespace volley::exchange::test
