#include "exchange/alltoall/algorithm_table.hpp"

#include "base/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>
#include <tuple>
#include <utility>

namespace volley::exchange {
namespace {

using base::Failure;
using base::Result;

constexpr std::uint64_t any_size = 1ULL << 60U;
constexpr std::uint64_t largest_segment = 1ULL << 30U;
/// From here on an exchange is too uneven for algorithms that pad blocks or forward them.
constexpr double uneven = 4;

template <class Number>
bool parse_number(const std::string& text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && out != 0;
}

Result<AlgorithmTable::Row> parse_row(const std::vector<std::string>& words) {
  if (words.size() != 6) {
    return Failure{"a row is: ranks nodes bytes algorithm window segment"};
  }
  AlgorithmTable::Row row;
  if (!parse_number(words[0], row.ranks) || !parse_number(words[1], row.nodes)) {
    return Failure{
        fmt::format("ranks '{}' and nodes '{}' are positive numbers", words[0], words[1])};
  }
  const auto bytes = base::parse_bytes(words[2]);
  if (!bytes) return bytes.failure();
  row.bytes = bytes.value().value;
  const auto algorithm = parse_algorithm(words[3]);
  if (!algorithm) return algorithm.failure();
  const bool chosen = algorithm.value() != Algorithm::automatic;
  if (!chosen || algorithm.value() == Algorithm::shuffle) {
    return Failure{fmt::format("'{}' cannot be in a table", words[3])};
  }
  row.choice.algorithm = algorithm.value();
  if (!parse_number(words[4], row.choice.window)) {
    return Failure{fmt::format("window '{}' is a positive number", words[4])};
  }
  const auto segment = base::parse_bytes(words[5]);
  if (!segment) return segment.failure();
  row.choice.segment = segment.value().value;
  if (row.choice.segment == 0 || row.choice.segment > largest_segment) {
    return Failure{fmt::format("segment '{}' is not between 1 byte and 1 GiB", words[5])};
  }
  return row;
}

/// How far a row's machine is from the exchange's.
std::pair<bool, double> distance(const AlgorithmTable::Row& row, const ShapeFacts& facts) {
  const auto ratio = [](double a, double b) { return std::abs(std::log2(a) - std::log2(b)); };
  return {(row.nodes > 1) != (facts.nodes > 1),
          ratio(row.ranks, facts.ranks) + ratio(row.nodes, facts.nodes)};
}

}  // namespace

std::string_view name_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::library:
      return "library";
    case Algorithm::pairwise:
      return "pairwise";
    case Algorithm::bruck:
      return "bruck";
    case Algorithm::node:
      return "node";
    case Algorithm::shuffle:
      return "shuffle";
    case Algorithm::automatic:
      break;
  }
  return "auto";
}

Result<Algorithm> parse_algorithm(std::string_view name) {
  for (const Algorithm each : all_algorithms) {
    if (name == name_of(each)) return each;
  }
  return Failure{fmt::format(
      "algorithm '{}' is not one of library, pairwise, bruck, node, shuffle, auto", name)};
}

AlgorithmTable::AlgorithmTable(std::vector<Row> rows) : rows_(std::move(rows)) {
  std::stable_sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
    return std::tie(a.nodes, a.ranks, a.bytes) < std::tie(b.nodes, b.ranks, b.bytes);
  });
}

Result<AlgorithmTable> AlgorithmTable::parse(std::string_view text, const std::string& file) {
  std::vector<Row> rows;
  std::istringstream lines{std::string(text)};
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream fields(line.substr(0, line.find('#')));
    std::vector<std::string> words;
    for (std::string word; fields >> word;) words.push_back(word);
    if (words.empty()) continue;
    auto row = parse_row(words);
    if (!row) return Failure{fmt::format("{}:{}: {}", file, number, row.error())};
    rows.push_back(row.value());
  }
  if (rows.empty()) return Failure{fmt::format("{}: the table has no rows", file)};
  return AlgorithmTable(std::move(rows));
}

const AlgorithmTable& AlgorithmTable::built_in() {
  static const AlgorithmTable table({
      // A few ranks of one node: the library's overhead is lowest for tiny blocks.
      {4, 1, 2048, {Algorithm::library}},
      {4, 1, any_size, {Algorithm::pairwise}},
      {32, 1, 64, {Algorithm::bruck}},
      {32, 1, any_size, {Algorithm::pairwise}},
      {4, 2, 2048, {Algorithm::library}},
      {4, 2, any_size, {Algorithm::pairwise}},
      // Many ranks per node: a message per pair of nodes is what the network can take.
      {256, 8, 2048, {Algorithm::node}},
      {256, 8, any_size, {Algorithm::pairwise}},
  });
  return table;
}

std::string AlgorithmTable::print(std::string_view comment) const {
  std::string text;
  std::istringstream lines{std::string(comment)};
  for (std::string line; std::getline(lines, line);) text += fmt::format("# {}\n", line);
  text += "# ranks nodes bytes algorithm window segment\n";
  for (const Row& row : rows_) {
    text += fmt::format("{} {} {} {} {} {}\n", row.ranks, row.nodes, row.bytes,
                        name_of(row.choice.algorithm), row.choice.window, row.choice.segment);
  }
  return text;
}

Choice AlgorithmTable::choose(const ShapeFacts& facts) const {
  if (rows_.empty()) return {};
  const auto near = std::min_element(rows_.begin(), rows_.end(), [&](const Row& a, const Row& b) {
    return distance(a, facts) < distance(b, facts);
  });
  Choice choice;
  for (const Row& row : rows_) {
    if (row.nodes != near->nodes || row.ranks != near->ranks) continue;
    choice = row.choice;
    if (static_cast<double>(row.bytes) >= facts.mean_block()) break;
  }
  const bool padding = choice.algorithm == Algorithm::bruck || choice.algorithm == Algorithm::node;
  const bool sparse = facts.pairs_with_bytes * 2 < facts.pairs();
  if (padding && (sparse || facts.skew() > uneven)) choice.algorithm = Algorithm::pairwise;
  return choice;
}

}  // namespace volley::exchange
