#include "launch/submission.hpp"

#include "am/executor_policy.hpp"
#include "launch/allocation_settings.hpp"

#include <sstream>
#include <string>
#include <vector>

namespace volley::launch {
namespace {

/// What the application's containers must have, for the ResourceManager to refuse the impossible.
void set_memory_and_labels(protocol::Submission& submission,
                           const config::Configuration& configuration) {
  const base::ByteCount driver = configuration.bytes("volley.driver.memory");
  submission.driver_overhead = am::overhead_of(memory_overhead(configuration, "driver"), driver);
  submission.driver_memory = {driver.value + submission.driver_overhead.value};
  submission.executor_cores =
      static_cast<std::uint32_t>(configuration.integer("volley.executor.cores"));
  const base::ByteCount executor = configuration.bytes("volley.executor.memory");
  if (executor.value != 0) {
    const auto overhead = am::overhead_of(memory_overhead(configuration, "executor"), executor);
    submission.executor_memory = {executor.value + overhead.value};
  }
  submission.executor_label = configuration.text("volley.executor.nodeLabelExpression");
  submission.master_label = configuration.text("volley.am.nodeLabelExpression");
}

/// The words between commas, without the spaces around them.
std::vector<std::string> words(const std::string& list) {
  std::vector<std::string> found;
  std::istringstream in(list);
  for (std::string word; std::getline(in, word, ',');) {
    const auto begin = word.find_first_not_of(' ');
    if (begin == std::string::npos) continue;
    found.push_back(word.substr(begin, word.find_last_not_of(' ') - begin + 1));
  }
  return found;
}

}  // namespace

protocol::Submission submission_of(const RunRequest& request) {
  const config::Configuration& configuration = request.configuration;
  protocol::Submission submission;
  submission.name = configuration.text("volley.app.name");
  submission.queue = configuration.text("volley.app.queue");
  submission.priority = static_cast<std::int32_t>(configuration.integer("volley.app.priority"));
  submission.tags = words(configuration.text("volley.app.tags"));
  submission.deploy_mode = configuration.text("volley.submit.deployMode") == "client"
                               ? protocol::DeployMode::client
                               : protocol::DeployMode::cluster;
  submission.driver_cores =
      static_cast<std::uint32_t>(configuration.integer("volley.driver.cores"));
  set_memory_and_labels(submission, configuration);
  submission.module = request.application;
  submission.arguments = request.arguments;
  submission.configuration = configuration.to_pairs();
  return submission;
}

}  // namespace volley::launch
