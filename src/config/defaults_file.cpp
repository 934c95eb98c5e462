#include "config/defaults_file.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace volley::config {

using base::Done;
using base::Failure;
using base::Result;
using base::Status;

Result<std::string> read_file(const std::string& path) {
  static constexpr std::uintmax_t limit = 16U << 20U;
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    return Failure{fmt::format("{}: {}", path, std::strerror(error ? error.value() : ENOENT))};
  }
  if (std::filesystem::is_directory(status)) {
    return Failure{fmt::format("{}: is a directory, not a file", path)};
  }
  if (std::filesystem::is_regular_file(status) && std::filesystem::file_size(path, error) > limit) {
    return Failure{fmt::format("{}: larger than 16 MiB, not a properties file", path)};
  }
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return Failure{fmt::format("{}: {}", path, std::strerror(errno))};
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::vector<std::string> defaults_candidates(const Environment& environment,
                                             const std::string& prefix) {
  static constexpr std::string_view name = "volley-defaults.conf";
  if (const std::string given = environment.get("VOLLEY_CONF_DIR"); !given.empty()) {
    return {fmt::format("{}/{}", given, name)};
  }
  std::vector<std::string> candidates;
  if (!prefix.empty()) candidates.push_back(fmt::format("{}/conf/{}", prefix, name));
  candidates.push_back(fmt::format("conf/{}", name));
  return candidates;
}

Status add_defaults(Configuration& configuration, const std::vector<std::string>& candidates,
                    const std::function<bool(const std::string&)>& exists, const FileReader& read) {
  for (const std::string& path : candidates) {
    if (!exists(path)) continue;
    const auto text = read(path);
    if (!text) return text.failure();
    configuration.add_file(Layer::defaults_file, parse_properties(text.value(), path), path);
    return Done{};
  }
  return Done{};
}

std::string installation_prefix() {
  Dl_info info{};
  // Any address of the library will do; a function pointer is only conditionally a data pointer.
  const auto address = reinterpret_cast<const void*>(&installation_prefix);
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return {};
  std::error_code error;
  const auto library = std::filesystem::canonical(info.dli_fname, error);
  if (error) return {};
  return library.parent_path().parent_path().string();
}

}  // namespace volley::config
