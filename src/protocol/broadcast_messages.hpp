#pragma once
// Messages about broadcasts: values that the program writes once into the arena of its node, and
// that other nodes get when a task there wants them, each from one that has them before. Members of
// the variants of driver_messages.hpp.
//
//   program ──BroadcastCreated──▶ driver ──BroadcastWritten──▶ its rank's shuffle service (origin)
//   executor ──BroadcastWanted──▶ its node's shuffle service ──BroadcastLocated──▶ executor
//   shuffle service ──BroadcastJoined──▶ origin ──BroadcastParentNamed──▶ shuffle service
//   shuffle service ──BroadcastPullRequested──▶ parent ──BroadcastOffered + data──▶ it

#include "base/ids.hpp"
#include "protocol/address.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace volley::protocol {

// --- shared records ------------------------------------------------------------------------------

/// A broadcast of one attempt of an application, counted from 0.
struct BroadcastId {
  base::ApplicationId application;
  std::uint32_t attempt = 0;
  std::uint32_t number = 0;
  auto operator<=>(const BroadcastId&) const = default;
};

/// Where the bytes of a broadcast lie in the arena of a node, in whole slabs of their own.
struct BroadcastData {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t piece_bytes = 1;         ///< it moves in pieces of this size, the last one smaller
  std::vector<std::uint64_t> checksums;  ///< XXH3 of each piece
  std::string name;                      ///< for people: "broadcast 3 (main.cpp:12)"
};

// --- to the driver -------------------------------------------------------------------------------

/// The program has written a broadcast to the arena of its node.
struct BroadcastCreated {
  std::uint32_t number = 0;
  BroadcastData data;
};
/// The copies outside of the program's node can go, or all of them.
struct BroadcastForgotten {
  std::uint32_t number = 0;
  std::string destroyed;  ///< where it was destroyed, for the error of who uses it; empty: it lives
};

// --- to an executor ------------------------------------------------------------------------------

/// Where the executor's node has a broadcast. It may be read until the executor has said
/// BroadcastReleased to the service that said this.
struct BroadcastLocated {
  BroadcastId broadcast;
  base::Rank ask = base::no_rank;  ///< not no_rank: the service of that rank knows, ask it
  std::string error;               ///< not empty: it cannot be had, and why
  BroadcastData data;
};
/// Nobody should begin to read that copy of the broadcast any more.
struct BroadcastReleaseRequested {
  BroadcastId broadcast;
};

// --- to the shuffle service of a rank ------------------------------------------------------------

/// From the driver to the service of its rank, the origin: the slabs, which the driver's container
/// owns, now belong to the rank.
struct BroadcastWritten {
  BroadcastId broadcast;
  BroadcastData data;
};
/// From the driver to the origin, and from there to every rank that ever asked: see
/// BroadcastForgotten.
struct BroadcastRemoved {
  BroadcastId broadcast;
  std::string destroyed;
};
/// From an executor of the node.
struct BroadcastWanted {
  BroadcastId broadcast;
  base::Rank origin = base::no_rank;
};
/// From an executor: no task reads the copy that one BroadcastLocated named any more.
struct BroadcastReleased {
  BroadcastId broadcast;
};
/// From another service of the node: what the container had mapped it reads no more.
struct BroadcastReaderGone {
  base::ContainerId container;
};
/// To the origin, from a node that needs the broadcast.
struct BroadcastJoined {
  BroadcastId broadcast;
  bool direct = false;  ///< from the origin itself, please: the parent that was named is no good
};
struct BroadcastParentNamed {
  BroadcastId broadcast;
  base::Rank parent = base::no_rank;
  BroadcastData data;  ///< its offset says nothing here
  std::string error;   ///< not empty: it cannot be had, and why
};
/// To the parent: send the pieces from the given one on.
struct BroadcastPullRequested {
  BroadcastId broadcast;
  std::uint64_t first_piece = 0;
};
/// From the parent: data follows on the data channel, piece by piece as they come to the parent.
struct BroadcastOffered {
  BroadcastId broadcast;
  bool found = false;
  std::uint32_t tag = 0;
};

}  // namespace volley::protocol
