#pragma once
// Faults: what goes wrong in a simulated cluster, and when. Each fault strikes after a number of
// handled events that the seed picks.

#include "tests/sim/random.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace volley::sim {

class World;

enum class FaultKind : std::uint8_t {
  kill_executor,
  kill_master,  ///< and with it, in cluster mode, the driver
  kill_driver,
  hang_executor,  ///< stops for ever, as with SIGSTOP
  hang_master,
  hang_driver,
  pause_process,  ///< stops for a while and goes on
  slow_rank,
  slow_process,  ///< its messages wait in its outbox
  pause_rank,    ///< the rank's router and roles stop for a while
  lose_rank,     ///< never to be heard of again
  lose_node,     ///< all ranks of a node
  lose_data,     ///< a rank's shuffle data is damaged
};
inline constexpr std::uint64_t fault_kinds = 13;
std::string name_of(FaultKind kind);

struct FaultPlan {
  std::uint32_t count = 0;
  std::uint64_t within = 1500;  ///< handled events without ticks, until the last one
  std::uint64_t exception_one_in = 0;
  bool launches_fail = false;
  std::vector<FaultKind> kinds;
};

class FaultMaker {
 public:
  FaultMaker(FaultPlan plan, Random random);

  /// Called after every event; strikes when it is time.
  void look(World& world);
  const std::vector<std::string>& done() const { return done_; }
  /// How often something happened that ends an attempt of the application.
  std::uint32_t attempts_ended() const { return attempts_ended_; }

 private:
  bool strike(World& world, FaultKind kind);
  bool strike_process(World& world, FaultKind kind);
  bool strike_rank(World& world, FaultKind kind);
  void log(const World& world, FaultKind kind, const std::string& victim);

  FaultPlan plan_;
  Random random_;
  std::vector<std::pair<std::uint64_t, FaultKind>> due_;  ///< the next one last
  std::uint64_t seen_ = 0;
  std::uint32_t attempts_ended_ = 0;
  std::vector<std::string> done_;
};

}  // namespace volley::sim
