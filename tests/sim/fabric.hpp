#pragma once
// Fabric: the simulated network for blocks of data. A block moves when both ends have named it;
// both learn of it after a latency, when `wake` was called for their rank.

#include "net/data_channel.hpp"
#include "tests/sim/violation.hpp"

#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

namespace volley::sim {

class Fabric {
 public:
  using Ticket = net::DataChannel::Ticket;
  /// Makes transfers of the ticket done later, and looks after the rank then.
  using Wake = std::function<void(base::Rank, Ticket)>;

  explicit Fabric(Wake wake) : wake_(std::move(wake)) {}

  Ticket send(base::Rank from, base::Rank to, std::uint32_t tag, std::span<const std::byte> block) {
    const Key key{from, to, tag};
    sends_[key].push_back({++last_, block});
    const Ticket ticket = last_;
    match(key);
    return ticket;
  }
  Ticket receive(base::Rank self, base::Rank from, std::uint32_t tag, std::span<std::byte> block) {
    const Key key{from, self, tag};
    receives_[key].push_back({++last_, block});
    const Ticket ticket = last_;
    match(key);
    return ticket;
  }
  /// One bit of the next block with data arrives wrong.
  void damage_next() { damage_next_ = true; }
  void complete(Ticket ticket) {
    if (forgotten_.erase(ticket) == 0) done_.insert(ticket);
  }
  bool take_done(Ticket ticket) { return done_.erase(ticket) != 0; }
  /// What the rank's transfers would still do must not happen any more.
  void lose(base::Rank rank) {
    const auto concerns = [&](const auto& entry) {
      return std::get<0>(entry.first) == rank || std::get<1>(entry.first) == rank;
    };
    std::erase_if(sends_, concerns);
    std::erase_if(receives_, concerns);
  }
  /// The transfer will not happen.
  void forget(Ticket ticket) {
    const auto gone = [&](auto& transfers) {
      for (auto& [key, queue] : transfers) {
        std::erase_if(queue, [&](const auto& one) { return one.ticket == ticket; });
      }
      std::erase_if(transfers, [](const auto& entry) { return entry.second.empty(); });
    };
    gone(sends_);
    gone(receives_);
    done_.erase(ticket);
    forgotten_.insert(ticket);
  }

 private:
  using Key = std::tuple<base::Rank, base::Rank, std::uint32_t>;  ///< from, to, tag
  struct Send {
    Ticket ticket;
    std::span<const std::byte> block;
  };
  struct Receive {
    Ticket ticket;
    std::span<std::byte> block;
  };

  void match(const Key& key) {
    const auto from = sends_.find(key);
    const auto to = receives_.find(key);
    if (from == sends_.end() || to == receives_.end()) return;
    const Send sent = from->second.front();
    const Receive wanted = to->second.front();
    require(sent.block.size() == wanted.block.size(), "a block of {} bytes met a receive of {}",
            sent.block.size(), wanted.block.size());
    std::memcpy(wanted.block.data(), sent.block.data(), sent.block.size());
    if (damage_next_ && std::get<2>(key) < data_tags && !wanted.block.empty()) {
      wanted.block[wanted.block.size() / 2] ^= std::byte{1};
      damage_next_ = false;
    }
    from->second.pop_front();
    to->second.pop_front();
    if (from->second.empty()) sends_.erase(from);
    if (to->second.empty()) receives_.erase(to);
    wake_(std::get<0>(key), sent.ticket);
    wake_(std::get<1>(key), wanted.ticket);
  }

  /// Higher tags carry the sizes of blocks.
  static constexpr std::uint32_t data_tags = 1U << 14U;

  Wake wake_;
  bool damage_next_ = false;
  Ticket last_ = 0;
  std::map<Key, std::deque<Send>> sends_;
  std::map<Key, std::deque<Receive>> receives_;
  std::set<Ticket> done_;
  std::set<Ticket> forgotten_;
};

class SimulatedChannel final : public net::DataChannel {
 public:
  SimulatedChannel(base::Rank self, Fabric& fabric) : self_(self), fabric_(fabric) {}
  Ticket send(base::Rank to, std::uint32_t tag, std::span<const std::byte> block) override {
    return fabric_.send(self_, to, tag, block);
  }
  Ticket receive(base::Rank from, std::uint32_t tag, std::span<std::byte> block) override {
    return fabric_.receive(self_, from, tag, block);
  }
  void progress() override {}  // the fabric moves by itself
  bool done(Ticket ticket) override { return fabric_.take_done(ticket); }
  bool abandon(Ticket ticket) override {
    fabric_.forget(ticket);
    return true;
  }

 private:
  base::Rank self_;
  Fabric& fabric_;
};

}  // namespace volley::sim
