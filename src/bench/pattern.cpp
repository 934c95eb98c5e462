#include "bench/pattern.hpp"

#include "base/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>
#include <random>
#include <sstream>
#include <utility>

namespace volley::bench {
namespace {

using base::Done;
using base::Failure;
using base::Result;

struct Name {
  PatternKind kind;
  std::string_view name;
  double fallback;  ///< parameter when none is given; negative: takes none
};
constexpr std::array names = {
    Name{PatternKind::uniform, "uniform", -1},         Name{PatternKind::zipf, "zipf", 1.2},
    Name{PatternKind::hotspot, "hotspot", 0.5},        Name{PatternKind::sparse, "sparse", 0},
    Name{PatternKind::permutation, "permutation", -1},
};

Failure bad(const std::string& text) {
  return Failure{
      fmt::format("'{}' is not one of uniform, zipf:EXPONENT, hotspot:FRACTION, "
                  "sparse:RECEIVERS, permutation, matrix:FILE",
                  text)};
}

bool fits(PatternKind kind, double parameter) {
  if (kind == PatternKind::hotspot) return parameter >= 0 && parameter <= 1;
  if (kind == PatternKind::sparse) return parameter >= 1 && parameter == std::floor(parameter);
  return parameter >= 0 && parameter <= 100;
}

std::vector<std::uint32_t> shuffled(std::uint32_t count, std::mt19937_64& random) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  return order;
}

std::vector<double> zipf_shares(std::uint32_t ranks, double exponent, std::mt19937_64& random) {
  std::vector<double> shares(ranks);
  double sum = 0;
  double place = 1;
  for (const std::uint32_t rank : shuffled(ranks, random)) {
    shares[rank] = std::pow(place++, -exponent);
    sum += shares[rank];
  }
  for (double& share : shares) share /= sum;
  return shares;
}

}  // namespace

Result<PatternSpec> parse_pattern(const std::string& text) {
  const auto colon = text.find(':');
  const std::string name = text.substr(0, colon);
  const std::string value = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (name == "matrix" && !value.empty()) return PatternSpec{PatternKind::matrix, 0, value};
  for (const Name& each : names) {
    if (name != each.name) continue;
    PatternSpec spec{each.kind, std::max(each.fallback, 0.0), {}};
    if (colon == std::string::npos) return spec;
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), spec.parameter);
    const bool number = error == std::errc{} && end == value.data() + value.size();
    if (each.fallback < 0 || !number || !fits(each.kind, spec.parameter)) return bad(text);
    return spec;
  }
  return bad(text);
}

std::string print(const PatternSpec& spec) {
  if (spec.kind == PatternKind::matrix) return "matrix:" + spec.file;
  if (spec.kind == PatternKind::incast) return fmt::format("incast:{}", spec.parameter);
  for (const Name& each : names) {
    if (spec.kind != each.kind) continue;
    const bool bare =
        each.fallback < 0 || (spec.kind == PatternKind::sparse && spec.parameter == 0);
    return bare ? std::string(each.name) : fmt::format("{}:{}", each.name, spec.parameter);
  }
  return {};
}

Result<Pattern> Pattern::make(const PatternSpec& spec, std::uint32_t ranks, std::uint64_t seed,
                              std::string_view matrix_text) {
  Pattern pattern;
  pattern.spec_ = spec;
  pattern.ranks_ = ranks;
  std::mt19937_64 random(seed);
  if (spec.kind == PatternKind::zipf) {
    pattern.shares_ = zipf_shares(ranks, spec.parameter, random);
  } else if (spec.kind == PatternKind::hotspot) {
    pattern.shares_.assign(ranks, (1 - spec.parameter) / ranks);
    pattern.shares_[random() % ranks] += spec.parameter;
  } else if (spec.kind == PatternKind::sparse) {
    auto& count = pattern.spec_.parameter;
    if (count == 0) count = std::max(1U, ranks / 8);
    if (count >= ranks && ranks > 1) {
      return Failure{fmt::format("sparse:{} among {} ranks: at most {}", count, ranks, ranks - 1)};
    }
    pattern.offsets_.assign(ranks, ranks == 1);
    for (const std::uint32_t each : shuffled(ranks - 1, random)) {
      if (count-- >= 1) pattern.offsets_[each + 1] = true;
    }
    count = static_cast<double>(std::count(pattern.offsets_.begin(), pattern.offsets_.end(), true));
  } else if (spec.kind == PatternKind::permutation) {
    // One cycle through all ranks: nobody sends to itself.
    const auto cycle = shuffled(ranks, random);
    pattern.target_.resize(ranks);
    for (std::size_t i = 0; i < ranks; ++i) pattern.target_[cycle[i]] = cycle[(i + 1) % ranks];
  } else if (spec.kind == PatternKind::matrix) {
    if (const auto status = pattern.read_matrix(matrix_text); !status) return status.failure();
  }
  return pattern;
}

base::Status Pattern::read_matrix(std::string_view text) {
  std::istringstream lines{std::string(text)};
  std::size_t number = 0;
  std::size_t rows = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream fields(line.substr(0, line.find('#')));
    std::size_t columns = 0;
    for (std::string word; fields >> word; ++columns) {
      const auto bytes = base::parse_bytes(word);
      if (!bytes) return Failure{fmt::format("{}:{}: {}", spec_.file, number, bytes.error())};
      matrix_.push_back(bytes.value().value);
    }
    if (columns == 0) continue;
    ++rows;
    if (columns != ranks_) {
      return Failure{fmt::format("{}:{}: {} sizes, but there are {} ranks", spec_.file, number,
                                 columns, ranks_)};
    }
  }
  if (rows != ranks_) {
    return Failure{
        fmt::format("{}: {} lines with sizes, but there are {} ranks", spec_.file, rows, ranks_)};
  }
  return Done{};
}

std::uint64_t Pattern::bytes(std::uint32_t from, std::uint32_t to, std::uint64_t mean) const {
  const double total = static_cast<double>(mean) * ranks_;
  switch (spec_.kind) {
    case PatternKind::uniform:
      return mean;
    case PatternKind::zipf:
    case PatternKind::hotspot:
      return static_cast<std::uint64_t>(std::llround(total * shares_[to]));
    case PatternKind::sparse:
      if (!offsets_[(to + ranks_ - from) % ranks_]) return 0;
      return static_cast<std::uint64_t>(std::llround(total / spec_.parameter));
    case PatternKind::permutation:
      return target_[from] == to ? mean * ranks_ : 0;
    case PatternKind::matrix:
      return matrix_[std::size_t{from} * ranks_ + to];
    case PatternKind::incast:
      break;
  }
  const auto root = static_cast<std::uint32_t>(spec_.parameter);
  return to == root && from != root ? mean : 0;
}

std::uint64_t Pattern::own_mean() const {
  const auto sum = std::accumulate(matrix_.begin(), matrix_.end(), std::uint64_t{0});
  return matrix_.empty() ? 0 : sum / matrix_.size();
}

}  // namespace volley::bench
