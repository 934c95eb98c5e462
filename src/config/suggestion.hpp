#pragma once
// "Did you mean": the known word nearest to a mistyped one.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace volley::config {

/// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`, ignoring
/// case (restricted Damerau-Levenshtein distance; O(|a| |b|)).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The nearest of `known`, or empty when none is near enough to be meant (a third of the word's
/// length, at most 6 edits).
std::string nearest(std::string_view word, std::span<const std::string_view> known);

/// "; did you mean 'x'?" or empty: to append to a message.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

}  // namespace volley::config
