#include "net/container_link.hpp"

#include "child.hpp"
#include "transport.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <thread>

namespace volley::net {
namespace {

using tests::open_link;
using tests::pattern;

LinkEnds new_ends(std::uint64_t capacity) {
  auto ends = make_link(capacity);
  VOLLEY_CHECK(ends.ok(), "{}", ends.error());
  return std::move(ends).value();
}

bool readable(const ContainerLink& link) {
  pollfd wake{link.wake_descriptor(), POLLIN, 0};
  return ::poll(&wake, 1, 0) == 1;
}

/// Sleeps until the peer wakes this end, as a loop would.
void sleep_until_woken(ContainerLink& link) {
  if (!link.prepare_to_wait()) return;
  pollfd wake{link.wake_descriptor(), POLLIN, 0};
  while (::poll(&wake, 1, -1) < 0) {
  }
  link.drain_wakeups();
}

Bytes next_frame(ContainerLink& link) {
  for (;;) {
    if (auto frame = link.receive()) return *std::move(frame);
    if (!link.pump()) sleep_until_woken(link);
  }
}

void flush(ContainerLink& link) {
  while (link.has_unsent()) {
    if (!link.pump()) sleep_until_woken(link);
  }
}

/// The container's end of a link handed over as descriptors 3, 4 and 5.
ContainerLink inherited_link() {
  return open_link({LinkSide::container, base::Fd(3), base::Fd(4), base::Fd(5)});
}

ContainerProcess start_child(const std::string& role, LinkDescriptors end) {
  auto options = tests::child(role);
  options.descriptors = {{end.memory.get(), 3}, {end.wake_self.get(), 4}, {end.wake_peer.get(), 5}};
  auto process = ContainerProcess::start(options);
  VOLLEY_CHECK(process.ok(), "{}", process.error());
  return std::move(process).value();
}

TEST(Child, DISABLED_echoes_until_an_empty_frame) {
  ContainerLink link = inherited_link();
  for (Bytes frame = next_frame(link); !frame.empty(); frame = next_frame(link)) link.send(frame);
  flush(link);
  ::_exit(0);
}
TEST(Child, DISABLED_writes_and_is_killed) {
  ContainerLink link = inherited_link();
  for (std::size_t i = 0; i < 10; ++i) link.send(pattern(i, 1000));
  ::kill(::getpid(), SIGKILL);
}

TEST(ContainerLink, ReachesAnotherProcess) {
  LinkEnds ends = new_ends(8192);
  ContainerLink link = open_link(std::move(ends.rank));
  auto process = start_child("echoes_until_an_empty_frame", std::move(ends.container));
  const std::vector<std::size_t> sizes = {1, 100, 8184, 8185, 500'000, 3'000'001, 7};
  for (std::size_t i = 0; i < sizes.size(); ++i) link.send(pattern(i, sizes[i]));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    ASSERT_EQ(next_frame(link), pattern(i, sizes[i])) << i;
  }
  link.send({});
  flush(link);
  EXPECT_TRUE(tests::wait_for(process).success());
  EXPECT_FALSE(link.broken());
}

TEST(ContainerLink, WhatADeadProcessWroteIsStillReadable) {
  LinkEnds ends = new_ends(1U << 16U);
  ContainerLink link = open_link(std::move(ends.rank));
  auto process = start_child("writes_and_is_killed", std::move(ends.container));
  EXPECT_EQ(tests::wait_for(process).signal, SIGKILL);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(link.receive(), pattern(i, 1000));
  EXPECT_FALSE(link.receive());
  EXPECT_TRUE(link.prepare_to_wait());
}

TEST(ContainerLink, HalfAFrameOfADeadPeerIsNoReasonToStayAwake) {
  LinkEnds ends = new_ends(4096);
  ContainerLink rank = open_link(std::move(ends.rank));
  {
    ContainerLink container = open_link(std::move(ends.container));
    container.send(pattern(1, 10'000));
  }
  EXPECT_FALSE(rank.receive());
  EXPECT_TRUE(rank.prepare_to_wait());
}

TEST(ContainerLink, TwoThreadsExchangeFramesLargerThanTheRing) {
  LinkEnds ends = new_ends(4096);
  const std::size_t count = 40;
  std::jthread container([end = std::move(ends.container)]() mutable {
    ContainerLink link = open_link(std::move(end));
    for (std::size_t i = 0; i < count; ++i) {
      link.send(pattern(1000 + i, 70'000));
      EXPECT_EQ(next_frame(link), pattern(i, i * 5000)) << i;
    }
    flush(link);
  });
  ContainerLink link = open_link(std::move(ends.rank));
  for (std::size_t i = 0; i < count; ++i) link.send(pattern(i, i * 5000));
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(next_frame(link), pattern(1000 + i, 70'000)) << i;
  }
  flush(link);
}

TEST(ContainerLink, ABusyPeerIsNotWokenAgain) {
  LinkEnds ends = new_ends(4096);
  ContainerLink rank = open_link(std::move(ends.rank));
  ContainerLink container = open_link(std::move(ends.container));
  rank.send(pattern(1, 10));
  EXPECT_TRUE(readable(container)) << "an end is armed from the start";
  container.drain_wakeups();
  rank.send(pattern(2, 10));
  EXPECT_TRUE(readable(container)) << "draining arms";
  std::uint64_t count = 0;
  ASSERT_EQ(::read(container.wake_descriptor(), &count, sizeof count), 8);
  rank.send(pattern(3, 10));
  EXPECT_FALSE(readable(container)) << "it was woken and has not said that it sleeps";
  for (std::size_t i = 1; i <= 3; ++i) EXPECT_EQ(container.receive(), pattern(i, 10));
  EXPECT_TRUE(container.prepare_to_wait());
  rank.send(pattern(4, 10));
  EXPECT_TRUE(readable(container));
}

TEST(ContainerLink, DoesNotSleepOverWhatArrivedWhileAwake) {
  LinkEnds ends = new_ends(4096);
  ContainerLink rank = open_link(std::move(ends.rank));
  ContainerLink container = open_link(std::move(ends.container));
  rank.send(pattern(1, 10));
  EXPECT_FALSE(container.prepare_to_wait());
  EXPECT_TRUE(container.receive());
  EXPECT_TRUE(container.prepare_to_wait());
}

TEST(ContainerLink, RoomWakesAnEndWithUnsentBytes) {
  LinkEnds ends = new_ends(4096);
  ContainerLink rank = open_link(std::move(ends.rank));
  ContainerLink container = open_link(std::move(ends.container));
  rank.send(pattern(1, 6000));
  EXPECT_TRUE(rank.has_unsent());
  EXPECT_EQ(rank.unsent_bytes(), 6000 + frame_header_bytes - 4096);
  EXPECT_FALSE(rank.pump());
  EXPECT_TRUE(rank.prepare_to_wait());
  EXPECT_FALSE(readable(rank));
  EXPECT_FALSE(container.receive()) << "half a frame";
  EXPECT_TRUE(readable(rank));
  rank.drain_wakeups();
  EXPECT_TRUE(rank.pump());
  EXPECT_FALSE(rank.has_unsent());
  EXPECT_EQ(rank.unsent_bytes(), 0U);
  EXPECT_EQ(container.receive(), pattern(1, 6000));
}

TEST(ContainerLink, DamagedMemoryBreaksTheLinkOnly) {
  LinkEnds ends = new_ends(4096);
  auto memory = SharedMemory::map(ends.rank.memory.get());
  ASSERT_TRUE(memory.ok());
  ContainerLink rank = open_link(std::move(ends.rank));
  ContainerLink container = open_link(std::move(ends.container));
  container.send(pattern(1, 100));
  std::fill_n(memory.value().data() + 64, 4096 - 64, std::byte{0xee});
  EXPECT_FALSE(rank.receive());
  EXPECT_TRUE(rank.broken());
  rank.send(pattern(2, 100));
  EXPECT_FALSE(rank.pump());
  EXPECT_TRUE(rank.prepare_to_wait()) << "nothing more will come";
}

TEST(ContainerLink, OtherDescriptorsAreRefused) {
  auto memory = SharedMemory::create("not-a-link", 1U << 16U);
  ASSERT_TRUE(memory.ok());
  LinkDescriptors descriptors;
  descriptors.memory = std::move(memory).value();
  const auto link = ContainerLink::open(std::move(descriptors));
  ASSERT_FALSE(link.ok());
  EXPECT_NE(link.error().find("is not a container link"), std::string::npos) << link.error();
  EXPECT_FALSE(ContainerLink::open({}).ok());
}

}  // namespace
}  // namespace volley::net
