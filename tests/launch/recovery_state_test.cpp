#include "launch/recovery_state.hpp"

#include "program/recovery.hpp"
#include "tests/io/scratch.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace volley::launch {
namespace {

class RecoveryStateTest : public ::testing::Test {
 protected:
  RunRequest request(std::vector<std::string> arguments, const std::string& name = "an app",
                     const std::string& files = "") {
    RunRequest request{"/apps/app", std::move(arguments), {}, false};
    const auto set = [&](const char* key, const std::string& value) {
      request.configuration.set(config::Layer::command_line, key, value, "test");
    };
    set("volley.recovery.dir", directory_);
    set("volley.app.name", name);
    if (!files.empty()) set("volley.files", files);
    return request;
  }

  io::test::Scratch scratch_;
  std::string directory_ = scratch_.path("kept");
};

TEST_F(RecoveryStateTest, NoneUnlessAskedFor) {
  const auto state = open_recovery(RunRequest{"/apps/app", {}, {}, false}, 1);
  ASSERT_TRUE(state.ok());
  EXPECT_TRUE(state.value().directory.empty());
}

TEST_F(RecoveryStateTest, EachApplicationHasItsOwn) {
  const std::string file = scratch_.path("file");
  std::ofstream(file) << "x";
  std::set<std::string> directories;
  const auto add = [&](const RunRequest& of, std::uint64_t build) {
    const auto state = open_recovery(of, build);
    ASSERT_TRUE(state.ok()) << state.error();
    EXPECT_TRUE(std::filesystem::exists(state.value().directory + "/identity"));
    EXPECT_FALSE(state.value().finished);
    directories.insert(state.value().directory);
  };
  add(request({"a", "b"}), 1);
  EXPECT_EQ(directories.begin()->rfind(directory_ + "/an_app-", 0), 0U);
  add(request({"a", "b"}), 1);
  EXPECT_EQ(directories.size(), 1U) << "the same one";
  add(request({"ab"}), 1);
  add(request({"a", "b"}), 2);
  add(request({"a", "b"}, "other"), 1);
  add(request({"a", "b"}, "an app", file), 1);
  EXPECT_EQ(directories.size(), 5U);
  std::ofstream(file) << "changed";
  add(request({"a", "b"}, "an app", file), 1);
  EXPECT_EQ(directories.size(), 6U);
}

TEST_F(RecoveryStateTest, FinishedOnesStayFinished) {
  const auto open = [&] { return open_recovery(request({"a"}), 1).value(); };
  ASSERT_TRUE(program::note_finished(open().directory, 0).ok());
  EXPECT_EQ(open().finished, 0);
  EXPECT_FALSE(std::filesystem::exists(open().directory + "/jobs"));
}

TEST_F(RecoveryStateTest, WhatCannotBeMadeIsSaid) {
  std::ofstream(scratch_.path("kept")) << "a file";
  const auto state = open_recovery(request({"a"}), 1);
  ASSERT_FALSE(state.ok());
  EXPECT_NE(state.error().find("volley.recovery.dir"), std::string::npos) << state.error();
}

}  // namespace
}  // namespace volley::launch
