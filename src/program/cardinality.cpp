#include <volley/detail/cardinality.hpp>
#include <volley/error.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>

namespace volley::detail {
namespace {

/// Hashes that are kept before they become registers: an eighth of the memory of these.
std::size_t most_hashes(std::uint32_t precision) {
  return std::max<std::size_t>(16, (std::size_t{1} << precision) / 64);
}

void note(std::vector<std::uint8_t>& registers, std::uint32_t precision, std::uint64_t hash) {
  const std::uint64_t index = hash >> (64 - precision);
  const std::uint64_t rest = (hash << precision) | (std::uint64_t{1} << (precision - 1));
  const auto rank = static_cast<std::uint8_t>(std::countl_zero(rest) + 1);
  registers[index] = std::max(registers[index], rank);
}

void sort_out(std::vector<std::uint64_t>& hashes) {
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
}

void make_registers(Cardinality& seen) {
  seen.registers.assign(std::size_t{1} << seen.precision, 0);
  for (const std::uint64_t hash : seen.hashes) note(seen.registers, seen.precision, hash);
  seen.hashes = {};
}

/// sigma and tau of Ertl's algorithm 6, for registers of 0 and of the largest value.
double sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double y = 1;
  double z = x;
  for (double before = -1; before != z; y += y) {
    x *= x;
    before = z;
    z += x * y;
  }
  return z;
}
double tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1;
  double z = 1 - x;
  for (double before = -1; before != z;) {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}

}  // namespace

std::uint32_t cardinality_precision(double relative_deviation) {
  if (!(relative_deviation > 0.000017)) {
    throw InvalidArgument("accuracy (" + std::to_string(relative_deviation) +
                          ") must be greater than 0.000017");
  }
  const double bits = std::ceil(2 * std::log2(1.054 / relative_deviation));
  return static_cast<std::uint32_t>(std::clamp(bits, 4.0, 24.0));
}

void check_precision(std::uint32_t precision) {
  if (precision < 4) {
    throw InvalidArgument("p (" + std::to_string(precision) + ") must be >= 4");
  }
  if (precision > 24) {
    throw InvalidArgument("p (" + std::to_string(precision) + ") must be <= 24");
  }
}

void Cardinality::add(std::uint64_t hash) {
  if (!registers.empty()) return note(registers, precision, hash);
  if (!hashes.empty() && hashes.back() == hash) return;
  hashes.push_back(hash);
  const std::size_t most = most_hashes(precision);
  if (hashes.size() < 2 * most) return;
  sort_out(hashes);
  if (hashes.size() > most) make_registers(*this);
}

void Cardinality::merge(const Cardinality& other) {
  for (const std::uint64_t hash : other.hashes) add(hash);
  if (other.registers.empty()) return;
  if (registers.empty()) make_registers(*this);
  for (std::size_t i = 0; i < registers.size(); ++i) {
    registers[i] = std::max(registers[i], other.registers[i]);
  }
}

std::int64_t Cardinality::estimate() const {
  if (registers.empty()) {
    auto different = hashes;
    sort_out(different);
    return static_cast<std::int64_t>(different.size());
  }
  const std::uint32_t last = 64 - precision;
  std::vector<std::uint64_t> having(last + 2, 0);
  for (const std::uint8_t value : registers) ++having[value];
  const auto m = static_cast<double>(registers.size());
  double z = m * tau(1 - static_cast<double>(having[last + 1]) / m);
  for (std::uint32_t k = last; k >= 1; --k) z = 0.5 * (z + static_cast<double>(having[k]));
  z += m * sigma(static_cast<double>(having[0]) / m);
  const double scale = 1 / (2 * std::log(2.0));
  return static_cast<std::int64_t>(std::llround(scale * m * m / z));
}

}  // namespace volley::detail
