#pragma once
// BroadcastStore: the broadcasts that one rank holds for its node: those that a driver on this rank
// wrote (it is their origin) and those that it got because a task of the node wanted them. Part of
// the rank's ShuffleService, on the rank's thread. A node's copy lives in slabs of its own of the
// node arena and is kept by one rank: the origin on its node, elsewhere the lowest rank that lives.
//
//   joining ──parent named──▶ pulling ──offered──▶ receiving ──▶ complete
//      ▲                         └─refused─┐            │ damaged, or the parent is lost
//      └───────────────────────────────────┴────────────┘ (goes on where it was)
//
// Memory goes back once the broadcast was removed and nobody reads it: executors say when their
// last task has let go, a node's rank tells the origin when its copy is gone. So the origin can
// serve whoever has lost its parent, to the end.

#include "exchange/broadcast_tree.hpp"
#include "exchange/exchange_state.hpp"
#include "exchange/piece_stream.hpp"
#include "protocol/driver_messages.hpp"
#include "protocol/outbox.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace volley::exchange {

class BroadcastStore {
 public:
  /// `next_tag` gives tags for the data channel that no other transfer of this rank has. All
  /// outlive the store.
  BroadcastStore(const ExchangeSite& site, net::DataChannel& channel,
                 std::function<std::uint32_t()> next_tag)
      : site_(site), channel_(channel), next_tag_(std::move(next_tag)) {}
  BroadcastStore(const BroadcastStore&) = delete;
  BroadcastStore& operator=(const BroadcastStore&) = delete;

  void on(const protocol::BroadcastWritten& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::BroadcastRemoved& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::BroadcastWanted& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::BroadcastReleased& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::BroadcastReaderGone& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::BroadcastJoined& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::BroadcastParentNamed& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::BroadcastPullRequested& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::BroadcastOffered& message, const protocol::Address& from,
          protocol::Outbox& outbox);

  void container_ended(const protocol::ContainerId& container, protocol::Outbox& outbox);
  /// After it was added to the site's lost ranks.
  void rank_lost(base::Rank rank, protocol::Outbox& outbox);
  void application_removed(const protocol::ApplicationId& application, protocol::Outbox& outbox);
  void attempt_removed(const protocol::ApplicationId& application, std::uint32_t attempt,
                       protocol::Outbox& outbox);

  /// Moves data without waiting; whether anything happened.
  bool progress(protocol::Outbox& outbox);
  bool busy() const;
  bool empty() const { return copies_.empty() && destroyed_.empty(); }
  /// Whether this rank has the broadcast, or gets it.
  bool holds(const protocol::BroadcastId& id) const { return copies_.contains(id); }
  std::uint64_t dropped() const { return dropped_; }

 private:
  enum class State : std::uint8_t { joining, pulling, receiving, complete };
  struct Pull {
    protocol::Address child;
    std::uint64_t first_piece = 0;
  };
  struct Copy {
    State state = State::joining;
    base::Rank origin = base::no_rank;
    base::Rank parent = base::no_rank;
    protocol::BroadcastData data;
    bool placed = false;        ///< it has memory
    std::uint64_t arrived = 0;  ///< pieces, in order, that are good
    bool damaged = false;       ///< what came after them
    std::uint32_t damages = 0;  ///< how often
    bool removed = false;       ///< it goes once nobody needs it
    bool ended = false;         ///< the application is over: nothing of it is remembered
    bool forsaken = false;      ///< its memory may still be written to: it is never used again
    std::string destroyed;      ///< where; empty: it is not
    std::vector<protocol::Address> waiting;            ///< executors, for the whole of it
    std::map<protocol::Address, std::size_t> readers;  ///< executors, and at the origin nodes
    std::vector<Pull> pulls;                           ///< before it has memory
    std::vector<PieceSender> sends;
    std::optional<PieceReceiver> receiver;
    std::optional<BroadcastTree> tree;  ///< the origin's
  };
  using Copies = std::map<protocol::BroadcastId, Copy>;

  base::Rank keeper(base::Rank origin) const;
  std::string why_not(const protocol::BroadcastId& id) const;
  void locate(const protocol::BroadcastId& id, Copy& copy, const protocol::Address& reader,
              protocol::Outbox& outbox);
  bool place(Copy& copy);
  std::uint64_t slabs_of(const Copy& copy) const;
  void join(const protocol::BroadcastId& id, Copy& copy, bool direct, protocol::Outbox& outbox);
  void serve(const protocol::BroadcastId& id, Copy& copy, const Pull& pull,
             protocol::Outbox& outbox);
  void complete(const protocol::BroadcastId& id, Copy& copy, protocol::Outbox& outbox);
  void refuse(const protocol::BroadcastId& id, Copy& copy, const std::string& error,
              protocol::Outbox& outbox);
  bool take_pieces(Copy& copy);
  bool advance(const protocol::BroadcastId& id, Copy& copy, protocol::Outbox& outbox);
  void remove(const protocol::BroadcastId& id, Copy& copy, protocol::Outbox& outbox);
  void end(const protocol::BroadcastId& id, Copy& copy, protocol::Outbox& outbox);
  void forget_container(const protocol::ContainerId& container, protocol::Outbox& outbox);
  void forget_parent(Copy& copy);
  void free_unused(protocol::Outbox& outbox);
  bool free_if_unused(Copies::iterator at, protocol::Outbox& outbox);

  const ExchangeSite& site_;
  net::DataChannel& channel_;
  std::function<std::uint32_t()> next_tag_;
  Copies copies_;
  /// Of broadcasts of this rank that are gone: the error of who uses them. Bounded, the oldest ones
  /// are forgotten.
  std::map<protocol::BroadcastId, std::string> destroyed_;
  /// Who told this rank's containers where their node's copies are.
  std::map<protocol::ContainerId, std::set<base::Rank>> sent_elsewhere_;
  std::uint64_t dropped_ = 0;
};

}  // namespace volley::exchange
