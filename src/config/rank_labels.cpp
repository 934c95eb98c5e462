#include "config/rank_labels.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace volley::config {
namespace {

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = text.find(at);
    parts.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return parts;
}

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "4" or "4-7".
std::optional<RankLabel> parse_range(std::string_view label, std::string_view text) {
  const auto dash = text.find('-');
  const auto first = number(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : number(text.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return RankLabel{std::string(label), *first, *last};
}

}  // namespace

base::Result<std::vector<RankLabel>> parse_rank_labels(std::string_view text) {
  std::vector<RankLabel> labels;
  for (const std::string_view entry : split(text, ';')) {
    const auto equals = entry.find('=');
    if (equals == 0 || equals == std::string_view::npos || equals + 1 == entry.size()) {
      return base::Failure{fmt::format("'{}' is not like gpu=0-3,8", entry)};
    }
    for (const std::string_view part : split(entry.substr(equals + 1), ',')) {
      const auto range = parse_range(entry.substr(0, equals), part);
      if (!range) return base::Failure{fmt::format("'{}' is not a rank or a range of ranks", part)};
      for (const RankLabel& other : labels) {
        if (other.label == range->label || other.last < range->first || range->last < other.first)
          continue;
        return base::Failure{
            fmt::format("ranks of '{}' have the label '{}' already", part, other.label)};
      }
      labels.push_back(*range);
    }
  }
  return labels;
}

std::string label_of_rank(const std::vector<RankLabel>& labels, std::uint32_t rank) {
  for (const RankLabel& label : labels) {
    if (label.first <= rank && rank <= label.last) return label.label;
  }
  return {};
}

}  // namespace volley::config
