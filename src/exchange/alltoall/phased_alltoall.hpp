#pragma once
// PhasedAllToAll: what the algorithms of our own have in common: an exchange is a sequence of
// phases, each a window of messages; between them, bytes are put where the next phase wants them.

#include "exchange/alltoall/alltoall.hpp"
#include "exchange/alltoall/message_window.hpp"

#include <memory>

namespace volley::exchange {

/// What an algorithm is made from.
struct AllToAllParts {
  const RankGroup& group;
  const ExchangeShape& shape;
  const AllToAllOptions& options;
  Choice choice;
  ShapeFacts facts;
};

class PhasedAllToAll : public AllToAll {
 public:
  base::Status run(const std::byte* send, std::byte* receive) final;
  base::Status start(const std::byte* send, std::byte* receive) final;
  base::Result<bool> progress() final;

 protected:
  explicit PhasedAllToAll(const AllToAllParts& parts);

  /// Works up what phase `phase` - 1 brought and adds the messages of this one; false when the
  /// exchange is complete.
  virtual bool fill(std::uint64_t phase, MessageWindow& window) = 0;

  const std::byte* send_ = nullptr;
  std::byte* receive_ = nullptr;

 private:
  MessageWindow window_;
  std::uint64_t phase_ = 0;
};

std::unique_ptr<AllToAll> make_pairwise(const AllToAllParts& parts);
std::unique_ptr<AllToAll> make_shuffle(const AllToAllParts& parts);
std::unique_ptr<AllToAll> make_bruck(const AllToAllParts& parts);
/// Collective: the ranks of a node learn how much they carry for each other.
base::Result<std::unique_ptr<AllToAll>> make_node_aggregated(const AllToAllParts& parts);
/// Collective: the ranks agree whether MPI_Alltoallv can count that far.
base::Result<std::unique_ptr<AllToAll>> make_library(const AllToAllParts& parts);

/// Tags of an exchange: a few consecutive ones.
inline constexpr std::uint32_t tags_per_exchange = 4;
inline int first_tag(const AllToAllOptions& options) {
  return static_cast<int>(options.tag * tags_per_exchange);
}

}  // namespace volley::exchange
