#pragma once
// ExchangeState: one exchange in progress, as one rank sees it. It makes this rank's offers, keeps
// those of the others (which may be earlier than the driver's request), gives the data mover its
// blocks and checks what arrives. Owned by the rank's ShuffleService.
//
//   waiting ──start──▶ moving ──▶ finished          offers of all sources, all data moved
//      └──cancel──▶ draining ◀──cancel──┘ ──▶ finished      what was offered is moved, for nothing
//
// Data that was offered is always received, if need be into nowhere: no sender waits for ever, and
// the channel between two ranks stays usable.

#include "exchange/data_mover.hpp"
#include "exchange/map_output_table.hpp"
#include "exchange/partition_table.hpp"
#include "exchange/slab_bump.hpp"
#include "protocol/driver_messages.hpp"
#include "protocol/outbox.hpp"
#include "storage/node_arena.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace volley::exchange {

struct ExchangeKey {
  protocol::ShuffleId shuffle;
  std::uint64_t exchange = 0;
  auto operator<=>(const ExchangeKey&) const = default;
};

/// What all exchanges of a rank share.
struct ExchangeSite {
  base::Rank self = base::no_rank;
  std::vector<std::uint32_t> nodes;  ///< by rank
  storage::NodeArena& arena;
  std::array<DataMover*, protocol::codecs> movers{};  ///< by codec
  std::uint64_t segment_bytes = 0;
  std::set<base::Rank> lost = {};  ///< ranks that neither send nor take anything any more

  DataMover& mover(protocol::Codec codec) const {
    return *movers.at(static_cast<std::size_t>(codec));
  }
};

class ExchangeState {
 public:
  enum class Phase : std::uint8_t { waiting, moving, draining };

  ExchangeState(const ExchangeKey& key, const ExchangeSite& site);

  /// The driver's request: offers what `outputs` holds and accepts the offers that are here. `tag`
  /// is unique among this rank's exchanges. Only when waiting.
  void start(const protocol::ExchangeRequested& request, const protocol::Address& requester,
             MapOutputTable& outputs, std::uint32_t tag, protocol::Outbox& outbox);
  /// False when it is not wanted: a second one of the same rank, or of a rank that is no source.
  bool offer(base::Rank from, const protocol::ExchangeOffered& offered);
  /// The shuffle is gone: nothing is kept, only moved to the end.
  void cancel();
  /// A rank is gone. Whether this exchange cannot end well without it: it is cancelled then, and
  /// nobody told, since the driver hears of the loss itself.
  bool lose(base::Rank rank);
  /// What was received so far is never used again, nor its memory: something may still come for it.
  void forsake_memory();
  /// Looks at what the mover did; whether anything had happened.
  bool advance();

  Phase phase() const { return phase_; }
  bool finished() const;
  const protocol::Address& requester() const { return requester_; }
  /// Why it failed; empty when it did not.
  const std::string& error() const { return error_; }
  /// The map partitions whose damaged outputs are the reason.
  std::vector<std::uint32_t> damaged() const { return {damaged_.begin(), damaged_.end()}; }
  std::uint64_t bytes_received() const { return bytes_received_; }
  /// The same as they came over the network.
  std::uint64_t wire_bytes() const { return wire_bytes_; }
  /// The partitions of this rank, and with them the slabs of what was received. Once, when
  /// finished.
  std::map<std::uint32_t, PartitionTable::Listed> take_partitions();

 private:
  struct Incoming {
    bool same_node = false;
    std::vector<protocol::Chunk> chunks;  ///< once accepted, those received lie in this arena
    std::uint32_t tag = 0;
    protocol::Codec codec = protocol::Codec::none;
    std::optional<DataMover::Stream> stream;
    std::size_t moved = 0;  ///< chunks
    bool discarded = false;
  };

  void send_offers(const protocol::ExchangeRequested& request, MapOutputTable& outputs,
                   std::uint32_t tag, protocol::Outbox& outbox);
  void accept(base::Rank from, Incoming& incoming);
  bool place(std::vector<protocol::Chunk>& chunks, std::vector<std::byte*>& destinations);
  void conclude(base::Rank from, const Incoming& incoming);
  void found_damage(base::Rank from, const protocol::Chunk& chunk, const DataMover::Damage& damage);
  void fail(std::string error);

  ExchangeKey key_;
  const ExchangeSite& site_;
  Phase phase_ = Phase::waiting;
  protocol::Address requester_;
  protocol::Codec codec_ = protocol::Codec::none;  ///< of what this rank sends
  std::vector<std::uint32_t> mine_;                ///< partitions that this rank will hold
  std::set<base::Rank> expected_;                  ///< ranks whose offer is to come
  std::map<base::Rank, Incoming> incoming_;
  std::vector<protocol::Chunk> own_;                   ///< from this rank to itself
  std::map<DataMover::Stream, std::size_t> outgoing_;  ///< with their number of blocks
  SlabBump slabs_;                                     ///< where the received chunks lie
  SlabBump disk_slabs_;                                ///< and those that memory has no room for
  std::uint64_t bytes_received_ = 0;
  std::uint64_t wire_bytes_ = 0;
  std::string error_;
  std::set<std::uint32_t> damaged_;
};

}  // namespace volley::exchange
