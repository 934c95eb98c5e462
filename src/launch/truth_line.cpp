#include "launch/truth_line.hpp"

#include "base/units.hpp"

#include <fmt/format.h>

#include <array>

namespace volley::launch {
namespace {

std::string counted(std::uint32_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

/// The first digits-and-dots word of `text`.
std::string version_in(std::string_view text) {
  const auto first = text.find_first_of("0123456789");
  if (first == std::string_view::npos) return {};
  const auto end = text.find_first_not_of("0123456789.abrc", first);
  return std::string(text.substr(first, end == std::string_view::npos ? end : end - first));
}

}  // namespace

std::string short_mpi_name(std::string_view library_version) {
  struct Maker {
    std::string_view sign;  ///< what the text begins with
    std::string_view name;
  };
  static constexpr std::array<Maker, 7> makers{{{"Open MPI", "Open MPI"},
                                                {"CRAY MPICH", "Cray MPICH"},
                                                {"MPICH", "MPICH"},
                                                {"MVAPICH2", "MVAPICH2"},
                                                {"MVAPICH", "MVAPICH"},
                                                {"Intel(R) MPI", "Intel MPI"},
                                                {"IBM Spectrum MPI", "Spectrum MPI"}}};
  for (const auto& [sign, name] : makers) {
    if (!library_version.starts_with(sign)) continue;
    const std::string version = version_in(library_version.substr(sign.size()));
    return version.empty() ? std::string(name) : fmt::format("{} {}", name, version);
  }
  static constexpr std::size_t longest = 40;
  const auto line = library_version.substr(0, library_version.find_first_of("\r\n,"));
  return line.empty() ? "unknown MPI" : std::string(line.substr(0, longest));
}

std::string truth_line(const RunTruth& truth) {
  return fmt::format("{}, {}, {}, {} memory, {}{}, scratch {} ({} free)",
                     counted(truth.nodes, "node"), counted(truth.ranks, "rank"),
                     counted(truth.cores, "core"), base::format_bytes(truth.memory),
                     short_mpi_name(truth.mpi_library),
                     truth.transport.empty() ? "" : fmt::format(" ({})", truth.transport),
                     truth.scratch, base::format_bytes(truth.scratch_free));
}

}  // namespace volley::launch
