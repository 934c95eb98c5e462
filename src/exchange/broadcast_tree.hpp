#pragma once
// BroadcastTree: from which rank each rank gets a broadcast. In the order in which they ask they
// are the nodes of a binary tree with the origin as its root, as in the array of a heap: nobody
// sends to more than two, and since pieces are passed on as they come, the last one has all of it
// after the time of two copies and a few pieces.

#include "base/ids.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <vector>

namespace volley::exchange {

class BroadcastTree {
 public:
  explicit BroadcastTree(base::Rank origin) : members_{origin} {}

  /// The parent of a rank that asks: the next one above it that is not lost. One that asks again
  /// gets the origin.
  base::Rank join(base::Rank child, const std::set<base::Rank>& lost) {
    if (std::find(members_.begin(), members_.end(), child) != members_.end()) {
      return members_.front();
    }
    std::size_t at = members_.size();
    members_.push_back(child);
    do {
      at = (at - 1) / 2;
    } while (at != 0 && lost.contains(members_[at]));
    return members_[at];
  }
  /// Only the origin has it.
  void clear() { members_.resize(1); }

 private:
  std::vector<base::Rank> members_;
};

}  // namespace volley::exchange
