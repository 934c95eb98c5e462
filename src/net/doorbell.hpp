#pragma once
// Doorbell: wakes other ranks of the same host that sleep between two looks at MPI, which has no
// descriptor to wait for. A datagram between abstract Unix sockets, whose names vanish with their
// processes. Only a hint: one that is lost costs the time until the sleeper looks by itself.

#include "base/fd.hpp"
#include "base/ids.hpp"
#include "base/units.hpp"

#include <array>
#include <cstdint>
#include <unordered_map>

namespace volley::net {

class MpiWorld;

class Doorbell {
 public:
  /// Collective over the world. Never fails: a rank without a socket is not woken.
  static Doorbell open(const MpiWorld& world);

  /// Readable when somebody rang; -1 when nobody can.
  int descriptor() const { return socket_.get(); }
  /// Wakes a rank, if it is on this host and was not woken a moment ago.
  void ring(base::Rank rank);
  /// Whether somebody rang since the last call.
  bool answer();
  /// Stops ringing at a rank.
  void forget(base::Rank rank) { neighbours_.erase(rank); }

 private:
  /// The kernel names a socket by five hexadecimal digits.
  using Name = std::array<char, 5>;
  struct Neighbour {
    Name name;
    base::TimePoint rung{};
  };

  base::Fd socket_;
  std::unordered_map<base::Rank, Neighbour> neighbours_;
};

}  // namespace volley::net
