#include "net/process.hpp"

#include "child.hpp"
#include "net/shared_memory.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace volley::net {
namespace {

using tests::child;
using tests::wait_for;

ContainerProcess started(const ProcessOptions& options) {
  auto process = ContainerProcess::start(options);
  VOLLEY_CHECK(process.ok(), "{}", process.error());
  return std::move(process).value();
}

std::array<base::Fd, 2> make_pipe() {
  int ends[2] = {-1, -1};
  VOLLEY_CHECK(::pipe2(ends, O_CLOEXEC) == 0, "pipe2");
  return {base::Fd(ends[0]), base::Fd(ends[1])};
}

/// Reads to the end of file: until every holder of the other end is gone.
std::string read_all(const base::Fd& from) {
  std::string text;
  std::array<char, 256> part{};
  for (ssize_t got = 0; (got = ::read(from.get(), part.data(), part.size())) > 0;) {
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  return text;
}

void say(int descriptor, const std::string& text) {
  VOLLEY_CHECK(::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()),
               "write");
}

TEST(Child, DISABLED_exits_with_3) { ::_exit(3); }
TEST(Child, DISABLED_segfaults) {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::signal(SIGSEGV, SIG_DFL);
  ::raise(SIGSEGV);
}
TEST(Child, DISABLED_fills_64_mebibytes) {
  const std::vector<char> memory(64U << 20U, 'x');
  ::_exit(memory.back() == 'x' ? 0 : 1);
}
TEST(Child, DISABLED_waits_forever) {
  say(7, "ready");
  ::close(7);
  for (;;) ::pause();
}
TEST(Child, DISABLED_lists_descriptors) {
  std::string list;
  for (int number = 3; number < 200; ++number) {
    if (::fcntl(number, F_GETFD) >= 0) list += std::to_string(number) + " ";
  }
  say(5, list + std::getenv("VOLLEY_TEST_WORD"));
  ::_exit(0);
}
TEST(Child, DISABLED_swapped_descriptors) {
  say(10, "ten");
  say(11, "eleven");
  ::_exit(0);
}
TEST(Child, DISABLED_asks_for_its_parent) {
  const bool right = die_with_parent(::getppid()).ok();
  const bool wrong = die_with_parent(1 << 30).ok();
  ::_exit(right && !wrong && std::atoi(std::getenv("VOLLEY_TEST_PARENT")) == ::getppid() ? 0 : 1);
}
/// Starts a grandchild that dies with it, and is killed before it can clean up.
TEST(Child, DISABLED_dies_above_a_grandchild) {
  auto options = child("dies_with_its_parent");
  options.descriptors = {{7, 7}};
  const auto grandchild = started(options);
  ::close(7);
  read_all(base::Fd(8));
  ::kill(::getpid(), SIGKILL);
}
TEST(Child, DISABLED_dies_with_its_parent) {
  if (!die_with_parent(std::atoi(std::getenv("VOLLEY_TEST_PARENT")))) ::_exit(1);
  say(7, "ready");
  for (;;) ::pause();
}

TEST(ContainerProcess, ReportsAnExitCode) {
  auto process = started(child("exits_with_3"));
  const ExitStatus status = wait_for(process);
  EXPECT_EQ(to_string(status), "exited with code 3");
  EXPECT_FALSE(status.success());
  EXPECT_EQ(process.reap(), status) << "the answer stays the same";
  process.signal(SIGKILL);
}

TEST(ContainerProcess, ReportsASignal) {
  auto process = started(child("segfaults"));
  EXPECT_EQ(to_string(wait_for(process)), "killed by signal 11 (Segmentation fault)");
}

TEST(ContainerProcess, ReportsItsPeakOfMemory) {
  auto process = started(child("fills_64_mebibytes"));
  EXPECT_TRUE(wait_for(process).success());
  EXPECT_GE(process.peak_memory(), 64U << 20U);
}

TEST(ContainerProcess, RunsUntilItIsSignalled) {
  for (const bool own_group : {false, true}) {
    auto [out, in] = make_pipe();
    auto options = child("waits_forever");
    options.own_group = own_group;
    options.descriptors = {{in.get(), 7}};
    auto process = started(options);
    in.reset();
    EXPECT_EQ(read_all(out), "ready");
    EXPECT_FALSE(process.reap());
    EXPECT_EQ(::getpgid(process.pid()) == process.pid(), own_group);
    process.signal(SIGTERM);
    EXPECT_EQ(to_string(wait_for(process)), "killed by signal 15 (Terminated)");
  }
}

TEST(ContainerProcess, IsKilledAndReapedWithItsOwner) {
  auto [out, in] = make_pipe();
  auto options = child("waits_forever");
  options.descriptors = {{in.get(), 7}};
  pid_t pid = -1;
  {
    auto process = started(options);
    pid = process.pid();
    in.reset();
    read_all(out);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST(ContainerProcess, PIPE_010_WhatItStartedEndsWithItsGroup) {
  auto [out, in] = make_pipe();
  ProcessOptions options;
  options.arguments = {"/bin/sh", "-c", "sleep 1000 7>&- & echo $! >&7; exit 3"};
  options.own_group = true;
  options.descriptors = {{in.get(), 7}};
  auto process = started(options);
  in.reset();
  const std::string pid = read_all(out);
  EXPECT_EQ(to_string(wait_for(process)), "exited with code 3");
  // Killed; its new parent may not have reaped it yet.
  std::ifstream stat("/proc/" + pid.substr(0, pid.find('\n')) + "/stat");
  std::string number;
  std::string name;
  std::string state = "gone";
  stat >> number >> name >> state;
  EXPECT_TRUE(state != "S") << state;
}

TEST(ContainerProcess, InheritsOnlyWhatIsHandedOver) {
  auto [out, in] = make_pipe();
  const base::Fd leak(::fcntl(in.get(), F_DUPFD, 60));
  auto options = child("lists_descriptors");
  options.environment.emplace_back("VOLLEY_TEST_WORD=hello");
  options.descriptors = {{in.get(), 5}, {in.get(), 9}};
  auto process = started(options);
  EXPECT_TRUE(wait_for(process).success());
  std::array<char, 64> text{};
  const auto length = ::read(out.get(), text.data(), text.size());
  EXPECT_EQ(std::string(text.data(), static_cast<std::size_t>(length)), "5 9 hello");
}

TEST(ContainerProcess, DescriptorsMaySwapNumbers) {
  auto [first_out, first_in] = make_pipe();
  auto [second_out, second_in] = make_pipe();
  const base::Fd ten(::fcntl(first_in.get(), F_DUPFD_CLOEXEC, 10));
  const base::Fd eleven(::fcntl(second_in.get(), F_DUPFD_CLOEXEC, 11));
  auto options = child("swapped_descriptors");
  options.descriptors = {{ten.get(), 11}, {eleven.get(), 10}};
  auto process = started(options);
  EXPECT_TRUE(wait_for(process).success());
  std::array<char, 16> text{};
  EXPECT_EQ(::read(first_out.get(), text.data(), text.size()), 6);
  EXPECT_STREQ(text.data(), "eleven");
}

TEST(ContainerProcess, AMissingProgramIsAFailureThatNamesIt) {
  ProcessOptions options;
  options.arguments = {"/no/such/program"};
  const auto process = ContainerProcess::start(options);
  ASSERT_FALSE(process.ok());
  EXPECT_EQ(process.error(), "cannot start /no/such/program: No such file or directory");
}

TEST(DieWithParent, ChecksWhoTheParentIs) {
  auto process = started(child("asks_for_its_parent"));
  EXPECT_TRUE(wait_for(process).success());
}

TEST(DieWithParent, AGrandchildGoesWithItsKilledParent) {
  auto [out, in] = make_pipe();
  auto [hold_out, hold_in] = make_pipe();
  auto options = child("dies_above_a_grandchild");
  options.descriptors = {{in.get(), 7}, {hold_out.get(), 8}};
  auto process = started(options);
  in.reset();
  std::array<char, 8> text{};
  ASSERT_EQ(::read(out.get(), text.data(), text.size()), 5);
  hold_in.reset();
  EXPECT_EQ(wait_for(process).signal, SIGKILL);
  EXPECT_EQ(read_all(out), "") << "the pipe ends when the grandchild is gone";
}

TEST(ExitStatus, SaysWhenACoreWasWritten) {
  EXPECT_EQ(to_string({.signal = 6, .core_dumped = true}),
            "killed by signal 6 (Aborted), core dumped");
  EXPECT_EQ(to_string({.signal = 200}), "killed by signal 200 (unknown signal)");
  EXPECT_EQ(to_string({}), "exited with code 0");
}

}  // namespace
}  // namespace volley::net
