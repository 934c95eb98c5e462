#pragma once
// RankLabels: the value of volley.rank.labels, which gives ranks labels that requests for
// containers can name: "gpu=0-3,8;large=4-7".

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace volley::config {

struct RankLabel {
  std::string label;
  std::uint32_t first = 0;
  std::uint32_t last = 0;  ///< inclusive
};

/// The failure says what is wrong. A rank that is named twice with different labels is wrong.
base::Result<std::vector<RankLabel>> parse_rank_labels(std::string_view text);
/// Empty for a rank that has none.
std::string label_of_rank(const std::vector<RankLabel>& labels, std::uint32_t rank);

}  // namespace volley::config
