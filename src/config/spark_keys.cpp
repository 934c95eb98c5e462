#include "config/spark_keys.hpp"

#include "config/option_table.hpp"

#include <array>
#include <utility>

namespace volley::config {
namespace {

/// Spark keys whose option has another name here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> renamed{{
    {"spark.hadoop.validateOutputSpecs", "volley.output.validateSpecs"},
    {"spark.yarn.maxAppAttempts", "volley.am.maxAttempts"},
    {"spark.yarn.queue", "volley.app.queue"},
    {"spark.yarn.priority", "volley.app.priority"},
    {"spark.yarn.tags", "volley.app.tags"},
    {"spark.yarn.max.executor.failures", "volley.executor.maxNumFailures"},
    {"spark.yarn.dist.files", "volley.files"},
    {"spark.yarn.executor.failuresValidityInterval", "volley.executor.failuresValidityInterval"},
    {"spark.yarn.executor.nodeLabelExpression", "volley.executor.nodeLabelExpression"},
    {"spark.yarn.am.nodeLabelExpression", "volley.am.nodeLabelExpression"},
    {"spark.yarn.executor.launch.excludeOnFailure.enabled",
     "volley.executor.launch.excludeOnFailure.enabled"},
    {"spark.log.level", "volley.log.level"},
}};

}  // namespace

ResolvedKey resolve_key(std::string_view given) {
  static constexpr std::string_view ours = "volley.";
  static constexpr std::string_view theirs = "spark.";
  if (given.starts_with(ours)) {
    const bool known = find_option(given) != nullptr;
    return {known ? KeyKind::option : KeyKind::unknown, std::string(given)};
  }
  if (!given.starts_with(theirs)) return {KeyKind::foreign, std::string(given)};
  for (const auto& [spark, option] : renamed) {
    if (spark == given) return {KeyKind::option, std::string(option)};
  }
  std::string same = std::string(ours) + std::string(given.substr(theirs.size()));
  if (find_option(same) != nullptr) return {KeyKind::option, std::move(same)};
  return {KeyKind::spark_ignored, std::string(given)};
}

}  // namespace volley::config
