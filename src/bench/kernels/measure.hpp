#pragma once
// The loop of every measurement but the pairs': a barrier, one operation timed on each rank, and so
// on; the times are brought together afterwards, so that nothing but the barrier lies between two
// iterations.

#include "base/result.hpp"
#include "exchange/alltoall/rank_group.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace volley::bench {

class Operation {
 public:
  virtual ~Operation() = default;
  /// Not timed: before the barrier, and after the operation. `after` says what is wrong with what
  /// arrived, or nothing.
  virtual void before(std::uint64_t) {}
  virtual std::string after(std::uint64_t) { return {}; }
  /// Timed.
  virtual base::Status run() = 0;
};

struct LoopLimits {
  std::uint64_t iterations = 1;
  std::uint64_t warm_up = 0;
  double seconds = 2;  ///< after which no iteration begins; all ranks agree, now and then
};

/// By iteration over the ranks of the group; the same on all of them.
struct Measured {
  std::vector<double> slowest;
  std::vector<double> average;
  double rank_least = 0;  ///< of the ranks' means over the iterations
  double rank_mean = 0;
  double rank_most = 0;
};

/// Collective. The failure of a validation names the rank and the byte.
base::Result<Measured> measure(const exchange::RankGroup& group, const LoopLimits& limits,
                               Operation& operation);

/// The first half of measure(): this rank's own times.
base::Result<std::vector<double>> time_iterations(const exchange::RankGroup& group,
                                                  const LoopLimits& limits, Operation& operation);

/// The second: collective, every rank's own times of the same iterations, brought together.
base::Result<Measured> bring_together(const exchange::RankGroup& group,
                                      const std::vector<double>& times);

/// What a validation's failure begins with.
inline constexpr const char* wrong_contents = "wrong contents: ";

}  // namespace volley::bench
