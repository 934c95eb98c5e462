#pragma once
// Environment: the environment variables of a process as a value, so that what depends on them is a
// pure function that tests feed with tables.

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace volley::config {

class Environment {
 public:
  Environment() = default;
  Environment(std::initializer_list<std::pair<const std::string, std::string>> variables)
      : variables_(variables) {}
  /// A copy of this process's variables.
  static Environment of_process();

  bool has(const std::string& name) const { return variables_.contains(name); }
  /// The value, or `fallback` when the variable is not set.
  std::string get(const std::string& name, const std::string& fallback = {}) const;
  std::optional<std::string> find(const std::string& name) const;
  void set(const std::string& name, std::string value) { variables_[name] = std::move(value); }
  void unset(const std::string& name) { variables_.erase(name); }

  /// Names that begin with `prefix`, sorted.
  std::vector<std::string> names_with(const std::string& prefix) const;
  /// "NAME=value" lines, as execve wants them.
  std::vector<std::string> lines() const;

 private:
  std::map<std::string, std::string> variables_;
};

/// Where temporary files go: `local_dir` (the value of volley.local.dir) when not empty, else
/// $SLURM_TMPDIR, $TMPDIR, and the system's directory.
std::string scratch_directory(const std::string& local_dir, const Environment& environment);

}  // namespace volley::config
