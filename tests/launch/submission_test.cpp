#include "launch/submission.hpp"

#include "protocol/outbox.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace volley::launch {
namespace {

TEST(Submission, YARN_024_WhatTheUserSaysReachesTheResourceManager) {
  RunRequest request;
  request.application = "/apps/word_count";
  request.arguments = {"in", "out"};
  request.configuration =
      config::Configuration::from_pairs({{"volley.app.name", "foo-test-app"},
                                         {"volley.app.queue", "staging-queue"},
                                         {"volley.app.tags", "tag1, dup,tag2 ,,multi word"},
                                         {"volley.app.priority", "7"},
                                         {"volley.am.maxAttempts", "42"},
                                         {"volley.driver.memory", "2g"},
                                         {"volley.driver.cores", "3"}});
  const protocol::Submission sent = submission_of(request);

  // As the ResourceManager gets it.
  const protocol::Address manager = protocol::at_rank(protocol::Role::resource_manager, 0);
  protocol::Outbox outbox(protocol::at_rank(protocol::Role::client, 0));
  outbox.send(manager, protocol::ApplicationSubmitted{sent});
  const auto envelope = protocol::decode_envelope(protocol::encode_envelope(outbox.take().at(0)));
  ASSERT_TRUE(envelope.has_value());
  const auto& group = std::get<protocol::ResourceManagerMessage>(envelope->message);
  const auto& submission = std::get<protocol::ApplicationSubmitted>(group).submission;
  EXPECT_EQ(submission.name, "foo-test-app");
  EXPECT_EQ(submission.queue, "staging-queue");
  EXPECT_EQ(submission.tags, (std::vector<std::string>{"tag1", "dup", "tag2", "multi word"}));
  EXPECT_EQ(submission.priority, 7);
  EXPECT_EQ(submission.driver_cores, 3U);
  EXPECT_GE(submission.driver_memory.value, 2ULL << 30U);
  EXPECT_EQ(submission.module, "/apps/word_count");
  EXPECT_EQ(submission.arguments, request.arguments);
  const std::pair<std::string, std::string> attempts{"volley.am.maxAttempts", "42"};
  const auto& all = submission.configuration;
  EXPECT_NE(std::find(all.begin(), all.end(), attempts), all.end());
}

}  // namespace
}  // namespace volley::launch
