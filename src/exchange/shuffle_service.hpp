#pragma once
// ShuffleService: keeps the shuffle data of one rank and moves it between ranks, so that containers
// may come and go. One on every rank, on the rank's thread: messages through on(), data through
// progress(). It holds per shuffle the map outputs that this rank's containers wrote and the
// partitions that exchanges brought here. Everything of a shuffle lives until the driver says
// ShuffleRemoved (or the application ends); then nothing is left but a mark, so that late messages
// are recognised, counted and dropped, and the slabs they carry freed.

#include "exchange/broadcast_store.hpp"
#include "exchange/data_mover.hpp"
#include "exchange/exchange_state.hpp"
#include "exchange/map_output_table.hpp"
#include "exchange/partition_table.hpp"
#include "net/data_channel.hpp"
#include "protocol/driver_messages.hpp"
#include "protocol/outbox.hpp"
#include "storage/node_arena.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace volley::exchange {

class ShuffleService {
 public:
  /// Segments are at most as large as a slab.
  using Options = MoverOptions;

  /// `nodes[rank]` is the index of a rank's node; ranks of one node share `arena`. The arena and
  /// the channel outlive the service.
  ShuffleService(base::Rank self, std::vector<std::uint32_t> nodes, storage::NodeArena& arena,
                 net::DataChannel& channel, const Options& options);
  ShuffleService(const ShuffleService&) = delete;
  ShuffleService& operator=(const ShuffleService&) = delete;

  void on(const protocol::MapOutputWritten& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ShuffleSizesRequested& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ExchangeRequested& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ExchangeOffered& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::PartitionRequested& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ShuffleRemoved& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ContainerMemoryReleased& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ApplicationDataRemoved& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::AttemptDataRemoved& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::SourceLost& message, const protocol::Address& from,
          protocol::Outbox& outbox);

  /// Broadcasts have a store of their own.
  template <class M>
  auto on(const M& message, const protocol::Address& from, protocol::Outbox& outbox)
      -> decltype(std::declval<BroadcastStore&>().on(message, from, outbox)) {
    broadcasts_.on(message, from, outbox);
  }
  const BroadcastStore& broadcasts() const { return broadcasts_; }

  /// Moves data without waiting, and reports exchanges that end. Whether anything happened.
  bool progress(protocol::Outbox& outbox);
  /// Whether data is on its way, so that progress() should be called soon again.
  bool busy() const {
    return broadcasts_.busy() ||
           std::any_of(movers_.begin(), movers_.end(), [](const auto& m) { return m->busy(); });
  }

  /// Messages that came too late, twice or malformed.
  std::uint64_t dropped() const { return dropped_ + broadcasts_.dropped(); }
  /// Whether it holds no shuffle, no broadcast and no exchange.
  bool empty() const {
    return shuffles_.empty() && exchanges_.empty() && broadcasts_.empty() && !busy();
  }

 private:
  struct Shuffle {
    MapOutputTable outputs;
    PartitionTable partitions;
    std::set<std::uint64_t> ended_exchanges;   ///< all offers were here; a cancelled one is not
    std::set<std::uint64_t> broken_exchanges;  ///< a rank was lost: nobody wants their data
    bool removed = false;
  };
  using Exchanges = std::map<ExchangeKey, ExchangeState>;

  bool removed(const protocol::ShuffleId& shuffle) const;
  Shuffle& shuffle(const protocol::ShuffleId& id);
  ExchangeState& exchange(const ExchangeKey& key);
  bool ended(const ExchangeKey& key) const;
  bool unwanted(const ExchangeKey& key) const;
  bool well_formed(const protocol::MapOutputWritten& message,
                   const std::vector<std::uint64_t>& slabs, storage::NodeArena::Owner owner) const;
  void conclude(Exchanges::iterator at, protocol::Outbox& outbox);
  void remove(const protocol::ShuffleId& id, protocol::Outbox& outbox);
  template <class Wanted>
  void remove_all(const Wanted& wanted, protocol::Outbox& outbox);
  void free_if_unused(const protocol::ShuffleId& id);
  std::uint32_t next_tag();

  storage::NodeArena& arena_;
  std::array<std::unique_ptr<DataMover>, protocol::codecs> movers_;  ///< by codec
  ExchangeSite site_;
  std::map<protocol::ShuffleId, Shuffle> shuffles_;
  Exchanges exchanges_;
  /// Marks of what is gone, with the exchanges that ended; bounded, the oldest ones are forgotten.
  std::map<protocol::ShuffleId, std::set<std::uint64_t>> removed_shuffles_;
  std::set<protocol::ApplicationId> removed_applications_;
  std::uint32_t last_tag_ = 0;
  std::uint64_t dropped_ = 0;
  BroadcastStore broadcasts_;
};

}  // namespace volley::exchange
