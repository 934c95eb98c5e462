#include "config/environment.hpp"

#include <unistd.h>

#include <string_view>

namespace volley::config {

Environment Environment::of_process() {
  Environment result;
  for (char** line = environ; line != nullptr && *line != nullptr; ++line) {
    const std::string_view text(*line);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    result.set(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
  }
  return result;
}

std::string Environment::get(const std::string& name, const std::string& fallback) const {
  const auto found = variables_.find(name);
  return found == variables_.end() ? fallback : found->second;
}

std::optional<std::string> Environment::find(const std::string& name) const {
  const auto found = variables_.find(name);
  if (found == variables_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> Environment::names_with(const std::string& prefix) const {
  std::vector<std::string> names;
  for (auto it = variables_.lower_bound(prefix); it != variables_.end(); ++it) {
    if (!it->first.starts_with(prefix)) break;
    names.push_back(it->first);
  }
  return names;
}

std::vector<std::string> Environment::lines() const {
  std::vector<std::string> lines;
  lines.reserve(variables_.size());
  for (const auto& [name, value] : variables_) lines.emplace_back(name).append("=").append(value);
  return lines;
}

std::string scratch_directory(const std::string& local_dir, const Environment& environment) {
  if (!local_dir.empty()) return local_dir;
  for (const char* name : {"SLURM_TMPDIR", "TMPDIR"}) {
    if (const std::string value = environment.get(name); !value.empty()) return value;
  }
  return "/tmp";
}

}  // namespace volley::config
