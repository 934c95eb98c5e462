// Configuration::validate: everything that is wrong, at once.
#include "config/configuration.hpp"
#include "config/pool_file.hpp"
#include "config/rank_labels.hpp"
#include "config/spark_keys.hpp"
#include "config/suggestion.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace volley::config {
namespace {

std::vector<std::string_view> known_keys() {
  std::vector<std::string_view> keys;
  for (const Option& option : option_table()) keys.push_back(option.key);
  return keys;
}

/// What is wrong with one setting of an option; empty when nothing is.
std::string problem_of(const Entry& entry, const Option& option) {
  if (const auto value = parse_value(option, entry.value); !value) {
    return fmt::format("{}: {}: {}", entry.origin, entry.key, value.error());
  }
  if (entry.layer == Layer::program && option.applies_to != AppliesTo::application) {
    return fmt::format(
        "{}: {} is read before the program starts; set it with --conf or in a properties file",
        entry.origin, entry.key);
  }
  return {};
}

void check_entry(const Entry& entry, Validation& result, std::vector<std::string>& ignored) {
  const ResolvedKey resolved = resolve_key(entry.key);
  switch (resolved.kind) {
    case KeyKind::option: {
      std::string problem = problem_of(entry, *find_option(resolved.key));
      if (!problem.empty()) result.errors.push_back(std::move(problem));
      break;
    }
    case KeyKind::unknown:
      result.errors.push_back(fmt::format("{}: unknown option '{}'{}", entry.origin, entry.key,
                                          did_you_mean(entry.key, known_keys())));
      break;
    case KeyKind::spark_ignored:
      if (std::find(ignored.begin(), ignored.end(), entry.key) == ignored.end()) {
        ignored.push_back(entry.key);
      }
      break;
    case KeyKind::foreign:
      result.warnings.push_back(fmt::format("{}: ignoring '{}', which is not a Volley property",
                                            entry.origin, entry.key));
      break;
  }
}

void check_allocation(const Configuration& configuration, Validation& result) {
  const std::string prefix = "volley.dynamicAllocation.";
  const std::int64_t least = configuration.integer(prefix + "minExecutors");
  const std::int64_t most = configuration.integer(prefix + "maxExecutors");
  if (most != 0 && least > most) {
    result.errors.push_back(fmt::format(
        "{0}minExecutors={1} must not be greater than {0}maxExecutors={2}", prefix, least, most));
  }
  if (const auto labels = parse_rank_labels(configuration.text("volley.rank.labels")); !labels) {
    result.errors.push_back("volley.rank.labels: " + labels.error());
  }
}

void check_scheduling(const Configuration& configuration, Validation& result) {
  const std::string attempts = "volley.excludeOnFailure.task.maxTaskAttemptsPerNode";
  const std::string failures = "volley.task.maxFailures";
  const bool excludes =
      configuration.flag("volley.excludeOnFailure.enabled") ||
      configuration.text("volley.excludeOnFailure.taskAndStage.enabled") == "true";
  if (excludes && configuration.integer(attempts) >= configuration.integer(failures)) {
    result.errors.push_back(fmt::format(
        "{} ( = {}) was >= {} ( = {} ). Though exclusion on failure is enabled, with this "
        "configuration, Volley will not be robust to one bad node. Decrease {}, increase {}, or "
        "disable volley.excludeOnFailure.enabled",
        attempts, configuration.integer(attempts), failures, configuration.integer(failures),
        attempts, failures));
  }
  const std::string file = configuration.text("volley.scheduler.allocation.file");
  if (file.empty()) return;
  if (const auto pools = read_pool_file(file); !pools) {
    result.errors.push_back("volley.scheduler.allocation.file: " + pools.error());
  }
}

/// Rules over several options; their values are good one by one.
void check_together(const Configuration& configuration, Validation& result) {
  if (configuration.duration("volley.network.timeout") <=
      configuration.duration("volley.executor.heartbeatInterval")) {
    result.errors.push_back(fmt::format(
        "volley.network.timeout={} must be greater than volley.executor.heartbeatInterval={}",
        configuration.text("volley.network.timeout"),
        configuration.text("volley.executor.heartbeatInterval")));
  }
  check_allocation(configuration, result);
  check_scheduling(configuration, result);
}

}  // namespace

Validation Configuration::validate() const {
  Validation result;
  result.errors = file_problems_;
  std::vector<std::string> ignored;
  for (const Entry& entry : entries_) check_entry(entry, result, ignored);
  if (!ignored.empty()) {
    result.notices.push_back(
        fmt::format("ignoring Spark options without a meaning here: {}", fmt::join(ignored, ", ")));
  }
  if (result.errors.empty()) check_together(*this, result);
  return result;
}

}  // namespace volley::config
