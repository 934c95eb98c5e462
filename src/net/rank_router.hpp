#pragma once
// RankRouter: frames of any size between ranks, over MPI, without ever blocking. Frames between two
// ranks arrive in the order they were sent. It owns a communicator, so its messages never meet
// others'; it belongs to the thread that owns MPI. Nothing moves outside poll().
//
// Each pair of ranks is a stream of frames, cut into messages of at most `segment_bytes`: small
// frames sent between two polls share a message. Messages in flight are bounded, per rank and in
// all, and so are the bytes being received; what is queued behind them is not: roles bound it.

#include "base/ids.hpp"
#include "base/result.hpp"
#include "net/frame_stream.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace volley::net {

class MpiWorld;

class RankRouter {
 public:
  struct Options {
    std::uint64_t segment_bytes = 64ULL << 20U;  ///< 16 bytes to 1 GiB
    std::uint64_t gather_bytes = 32ULL << 10U;   ///< small frames share messages up to this size
  };
  using Handler = std::function<void(base::Rank from, Bytes frame)>;

  /// Collective over the world.
  static base::Result<RankRouter> open(const MpiWorld& world, const Options& options);

  RankRouter(RankRouter&& other) noexcept;
  RankRouter& operator=(RankRouter&& other) noexcept;
  RankRouter(const RankRouter&) = delete;
  RankRouter& operator=(const RankRouter&) = delete;
  /// Not collective; messages still in flight keep their memory for the rest of the process.
  ~RankRouter();
  /// Collective over the world, when every rank is idle: frees the communicator.
  void close();

  /// Queues a frame; to this rank itself as well. Dropped when the rank was abandoned.
  void send(base::Rank to, Bytes frame);
  /// Makes progress and hands over what has arrived; the handler may send() and abandon().
  /// Returns whether anything happened.
  bool poll(const Handler& handler);
  /// Readable when another rank of the same host has sent something; -1 when there is none. Whoever
  /// waits for it calls woken() then. Messages from other hosts do not show.
  int wake_descriptor() const;
  /// Whether a rank of the same host has sent something since the last call.
  bool woken();
  /// Whether nothing is queued, in flight, half received or undelivered.
  bool idle() const;

  /// Forgets a dead rank: drops what is queued for it and what still comes from it, and never
  /// addresses it again. One that is not dead, and sends something, is told once.
  void abandon(base::Rank rank);
  bool abandoned(base::Rank rank) const;
  /// Asks the MPI library which ranks have failed: a probe for messages of any rank need not tell.
  /// Cheap, but not for every poll().
  void look_for_failures();
  /// Ranks that MPI has reported as failed since the last call; each has been abandoned.
  std::vector<base::Rank> take_lost();
  /// Ranks that have abandoned this one since the last call.
  std::vector<base::Rank> take_abandoned_by();
  /// Frames that were not sent because their rank had been abandoned.
  std::uint64_t dropped() const;

 private:
  struct State;
  explicit RankRouter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace volley::net
