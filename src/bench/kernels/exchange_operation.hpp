#pragma once
// The exchange of a pattern as something to measure, and what it puts on the network.

#include "bench/buffer.hpp"
#include "bench/contents.hpp"
#include "bench/kernels/measure.hpp"
#include "bench/pattern.hpp"
#include "exchange/alltoall/alltoall.hpp"

#include <optional>
#include <vector>

namespace volley::bench {

/// This rank's part of a pattern.
exchange::ExchangeShape shape_of(const Pattern& pattern, std::uint32_t ranks, std::uint32_t self,
                                 std::uint64_t mean);

/// What the busiest rank has to do, in bytes, and how uneven it is.
struct Traffic {
  double busiest = 0;          ///< most that a rank sends or receives, itself included
  double busiest_network = 0;  ///< the same without what stays on the rank
  double imbalance = 1;        ///< most that a rank receives over the mean
};
/// Collective.
base::Result<Traffic> traffic_of(const exchange::RankGroup& group,
                                 const exchange::ExchangeShape& shape);

class ExchangeOperation final : public Operation {
 public:
  /// Buffers at least as large as the shape; everything outlives the operation. With `seed`,
  /// contents are made and checked in every iteration.
  ExchangeOperation(const exchange::RankGroup& group, const exchange::ExchangeShape& shape,
                    exchange::AllToAll& exchange, Buffer& send, Buffer& receive,
                    std::optional<std::uint64_t> seed);

  void before(std::uint64_t iteration) override;
  std::string after(std::uint64_t iteration) override;
  base::Status run() override;

 private:
  void fill_blocks(std::uint64_t iteration);
  ContentKey key(std::size_t from, std::size_t to, std::uint64_t iteration) const;

  std::size_t self_;
  std::vector<std::uint32_t> nodes_;  ///< by rank
  const exchange::ExchangeShape& shape_;
  exchange::AllToAll& exchange_;
  Buffer& send_;
  Buffer& receive_;
  std::optional<std::uint64_t> seed_;
  bool written_ = false;
  base::Status status_ = base::Done{};
};

}  // namespace volley::bench
