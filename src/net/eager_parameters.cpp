#include "net/eager_parameters.hpp"

#include <algorithm>
#include <charconv>

namespace volley::net {
namespace {

constexpr std::uint64_t usual_limit = 4096;

/// Whether a selection, "a,b" or "^a,b", has a component; "" has all.
bool selects(std::string_view selection, std::string_view component) {
  const bool excludes = selection.starts_with('^');
  if (excludes) selection.remove_prefix(1);
  bool named = false;
  for (std::size_t at = 0; at < selection.size();) {
    const std::size_t end = std::min(selection.find(',', at), selection.size());
    named = named || selection.substr(at, end - at) == component;
    at = end + 1;
  }
  return selection.empty() || named != excludes;
}

}  // namespace

std::uint64_t open_mpi_eager_limit(
    std::string_view transport, const std::function<std::string(const std::string&)>& parameter) {
  if (!selects(parameter("pml"), "ob1") || !selects(parameter("btl"), transport)) return 0;
  const std::string set = parameter("btl_" + std::string(transport) + "_eager_limit");
  if (set.empty()) return usual_limit;
  std::uint64_t limit = 0;
  const auto [end, error] = std::from_chars(set.data(), set.data() + set.size(), limit);
  return error == std::errc() && end == set.data() + set.size() ? limit : 0;
}

}  // namespace volley::net
