// The broadcasts of one process: those that the program made, and those that an executor's tasks
// asked for.

#include "program/broadcast_table.hpp"

#include "exchange/checksum.hpp"
#include "program/broadcast_registry.hpp"
#include "program/context_core.hpp"

#include <volley/context.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <future>
#include <set>

namespace volley::program {
namespace {

constexpr std::uint64_t slab = 4096;

storage::NodeArena make_arena(std::uint64_t memory_slabs, std::uint64_t disk_slabs = 0) {
  return std::move(storage::NodeArena::create(
                       {memory_slabs * slab, slab,
                        disk_slabs == 0 ? "" : std::filesystem::temp_directory_path().string(),
                        disk_slabs * slab}))
      .value();
}
std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}
std::string text_of(const BroadcastCopy& copy) {
  const auto bytes = copy.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A table whose asks the test answers.
class Table : public ::testing::Test {
 protected:
  Table() {
    std::memcpy(arena.at(0), "value", 5);
    located.broadcast.number = 3;
    located.data.bytes = 5;
  }
  std::future<std::shared_ptr<const BroadcastCopy>> get() {
    return std::async(std::launch::async, [this] { return table.get(3, stop); });
  }
  void wait_for_asks(int number) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return asks >= number; });
  }

  storage::NodeArena arena = make_arena(4);
  protocol::BroadcastLocated located;
  std::mutex mutex;
  std::condition_variable changed;
  int asks = 0;
  std::vector<base::Rank> gone;
  std::atomic<bool> stop{false};
  BroadcastTable table{arena,
                       {[this](std::uint32_t number) {
                          EXPECT_EQ(number, 3U);
                          const std::lock_guard lock(mutex);
                          ++asks;
                          changed.notify_all();
                        },
                        [this](std::uint32_t, base::Rank holder) {
                          const std::lock_guard lock(mutex);
                          gone.push_back(holder);
                        }}};
};

TEST_F(Table, BCAST_014_AllTasksOfAnExecutorSeeTheSameObject) {
  auto first = get();
  wait_for_asks(1);
  auto second = get();
  table.located(located, 7);
  const auto one = first.get();
  const auto two = second.get();
  EXPECT_EQ(one, two);
  EXPECT_EQ(asks, 1);
  EXPECT_EQ(text_of(*one), "value");
  const auto decode = [](std::span<const std::byte> bytes) {
    return std::make_shared<const std::size_t>(bytes.size());
  };
  EXPECT_EQ(one->object(decode), two->object(decode));
}

TEST_F(Table, WhatIsReleasedIsTakenBackOnceNobodyReadsIt) {
  auto asked = get();
  wait_for_asks(1);
  table.located(located, 7);
  auto copy = asked.get();
  table.release(3);
  EXPECT_TRUE(gone.empty());
  EXPECT_EQ(text_of(*copy), "value");
  copy = nullptr;
  EXPECT_EQ(gone, std::vector<base::Rank>{7});
  auto again = get();
  wait_for_asks(2);
  table.located(located, 8);
  EXPECT_EQ(text_of(*again.get()), "value");
}

TEST_F(Table, AnErrorIsForThoseWhoWait) {
  auto asked = get();
  wait_for_asks(1);
  protocol::BroadcastLocated error = located;
  error.error = "it is gone";
  table.located(error, 7);
  EXPECT_THROW(asked.get(), std::runtime_error);
  auto again = get();
  wait_for_asks(2);
  table.located(located, 7);
  EXPECT_EQ(text_of(*again.get()), "value");
}

TEST_F(Table, AStoppedTaskWaitsNoLonger) {
  auto asked = get();
  wait_for_asks(1);
  stop = true;
  table.wake();
  EXPECT_EQ(asked.get(), nullptr);
  table.located(located, 7);  // for the next one
  stop = false;
  EXPECT_EQ(text_of(*table.get(3, stop)), "value");
  EXPECT_EQ(asks, 1);
}

TEST_F(Table, AnAnswerNobodyWantsIsGivenBack) {
  table.located(located, 7);
  EXPECT_EQ(gone, std::vector<base::Rank>{7});
}

TEST(BroadcastRegistry, BCAST_013_WithoutRoomInMemoryItLiesOnDiskAndDamageIsSeen) {
  auto arena = make_arena(2, 64);
  BroadcastRegistry registry;
  registry.set_memory(arena, 1, 1000);
  const std::string value(50000, 'v');
  const auto made = registry.make(bytes_of(value), "broadcast at main.cpp:1");
  ASSERT_TRUE(arena.on_disk(made.created.data.offset));
  EXPECT_EQ(text_of(*registry.copy(0)), value);
  std::atomic<bool> stop{false};
  BroadcastTable table(arena, {[](std::uint32_t) {}, [](std::uint32_t, base::Rank) {}});
  auto asked = std::async(std::launch::async, [&] { return table.get(0, stop); });
  while (asked.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
    table.located({{}, base::no_rank, {}, made.created.data}, 0);
  }
  const auto copy = asked.get();
  arena.at(made.created.data.offset)[1234] = std::byte{0};
  try {
    static_cast<void>(copy->bytes());
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("damaged"), std::string::npos);
  }
}

TEST(BroadcastRegistry, BCAST_010_UseAfterDestroyNamesTheLineOfBoth) {
  auto arena = make_arena(8);
  BroadcastRegistry registry;
  registry.set_memory(arena, 1, 1000);
  static_cast<void>(registry.make(bytes_of("abc"), "broadcast at main.cpp:1"));
  EXPECT_EQ(registry.unpersist(0).destroyed, "");
  EXPECT_EQ(text_of(*registry.copy(0)), "abc");
  EXPECT_NE(registry.destroy(0, "destroy at main.cpp:2").destroyed, "");
  for (int use = 0; use < 3; ++use) {
    try {
      if (use == 0) static_cast<void>(registry.copy(0));
      if (use == 1) static_cast<void>(registry.unpersist(0));
      if (use == 2) static_cast<void>(registry.destroy(0, "destroy at main.cpp:3"));
      FAIL();
    } catch (const IllegalState& error) {
      EXPECT_EQ(std::string(error.what()),
                "Attempted to use Broadcast(0) after it was destroyed (destroy at main.cpp:2; it "
                "was made by broadcast at main.cpp:1)");
    }
  }
}

TEST(BroadcastRegistry, WithoutRoomAnywhereItIsAnError) {
  auto arena = make_arena(2);
  BroadcastRegistry registry;
  registry.set_memory(arena, 1, 1000);
  EXPECT_THROW(static_cast<void>(registry.make(bytes_of(std::string(50000, 'v')), "here")),
               JobFailed);
  EXPECT_EQ(arena.used_slabs(), 0U);
}

TEST(BroadcastRegistry, BCAST_011_AfterTheEndOfTheContextThereAreNoNewOnes) {
  auto core = std::make_shared<ContextCore>(base::ApplicationId{1, 1}, config::Configuration{},
                                            [](protocol::DriverMessage) {});
  Context context(core);
  core->stop("the application is over");
  try {
    static_cast<void>(context.broadcast(7));
    FAIL();
  } catch (const IllegalState& error) {
    EXPECT_NE(std::string(error.what()).find("stopped"), std::string::npos);
  }
}

}  // namespace
}  // namespace volley::program
