// Execution and storage share one budget; tasks share what execution may have.

#include "storage/memory_manager.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <utility>
#include <vector>

namespace volley::storage {
namespace {

constexpr MemoryManager::Task first = 1;
constexpr MemoryManager::Task second = 2;

struct Memory : testing::Test {
  /// What the manager wants before it may use more of what storage has; nothing makes way.
  void count_requests() {
    memory.set_make_room([this](std::uint64_t bytes) { requests.push_back(bytes); });
  }
  std::uint64_t acquire(MemoryManager::Task task, std::uint64_t bytes) {
    return memory.acquire(task, bytes, stop);
  }
  /// In a thread of its own; the caller decides what has to happen before it can return.
  std::future<std::uint64_t> ask(MemoryManager::Task task, std::uint64_t bytes) {
    return std::async(std::launch::async, [this, task, bytes] { return acquire(task, bytes); });
  }
  /// Returns once the task counts as one that uses memory.
  void await(MemoryManager::Task task, std::uint64_t most) {
    while (memory.enter(task) != most) std::this_thread::yield();
  }

  MemoryManager memory{{1000, 500, 0}};
  std::atomic<bool> stop{false};
  std::vector<std::uint64_t> requests;
};

TEST_F(Memory, MEM_003_StorageTakesOnlyWhatExecutionLeaves) {
  EXPECT_EQ(acquire(first, 800), 800U);
  EXPECT_TRUE(memory.acquire_storage(100));
  EXPECT_FALSE(memory.acquire_storage(250));
  EXPECT_EQ(memory.execution_used(), 800U);
  memory.release_storage(100);
  memory.release(first, 600);
  EXPECT_TRUE(memory.acquire_storage(750));
  memory.release_storage(750);
  EXPECT_EQ(memory.storage_limit(), 800U);
  EXPECT_FALSE(memory.acquire_storage(850));
  EXPECT_EQ(memory.execution_used(), 200U);
}

TEST_F(Memory, ExecutionTakesStorageBackDownToTheProtectedPart) {
  ASSERT_TRUE(memory.acquire_storage(800));
  memory.set_make_room([this](std::uint64_t bytes) {
    requests.push_back(bytes);
    memory.release_storage(bytes);
  });
  EXPECT_EQ(acquire(first, 300), 300U);
  EXPECT_EQ(requests, (std::vector<std::uint64_t>{100}));
  EXPECT_EQ(acquire(first, 500), 200U);  // 500 of storage are protected
  EXPECT_EQ(requests, (std::vector<std::uint64_t>{100, 200}));
  EXPECT_EQ(memory.storage_used(), 500U);
  EXPECT_EQ(acquire(first, 1), 0U);
}

TEST_F(Memory, BlocksThatCannotMakeWayStopNobody) {
  count_requests();
  ASSERT_TRUE(memory.acquire_storage(900));
  EXPECT_EQ(acquire(first, 300), 100U);
  EXPECT_EQ(requests, (std::vector<std::uint64_t>{200}));
}

TEST_F(Memory, MEM_005_TwoTasksShareExecutionMemoryEvenly) {
  EXPECT_EQ(acquire(first, 500), 500U);
  EXPECT_EQ(acquire(second, 500), 500U);
  EXPECT_EQ(acquire(first, 500), 0U);
  EXPECT_EQ(acquire(second, 500), 0U);
}

TEST_F(Memory, MEM_006_TwoTasksDoNotGrowPastTheirShares) {
  EXPECT_EQ(acquire(first, 250), 250U);
  EXPECT_EQ(acquire(second, 250), 250U);
  EXPECT_EQ(acquire(first, 500), 250U);
  EXPECT_EQ(acquire(second, 500), 250U);
}

TEST_F(Memory, MEM_007_ATaskWaitsUntilItHasHalfOfItsShare) {
  EXPECT_EQ(acquire(first, 1000), 1000U);
  auto granted = ask(second, 250);
  await(first, 500);  // now two use memory
  memory.release(first, 250);
  EXPECT_EQ(granted.get(), 250U);
  EXPECT_EQ(acquire(second, 100), 0U);
}

TEST_F(Memory, MEM_008_MemoryThatAnotherTaskTakesAfterASpillStopsNobody) {
  EXPECT_EQ(acquire(first, 1000), 1000U);
  auto granted = ask(second, 500);
  await(first, 500);
  EXPECT_EQ(acquire(first, 300), 0U);  // it has to move to disk what it has
  memory.release(first, 1000);
  EXPECT_EQ(granted.get(), 500U);
  EXPECT_EQ(acquire(first, 300), 300U);
}

TEST_F(Memory, MEM_009_NothingIsGrantedToATaskAboveItsShare) {
  EXPECT_EQ(acquire(first, 700), 700U);
  EXPECT_EQ(acquire(second, 300), 300U);
  EXPECT_EQ(acquire(first, 300), 0U);
  EXPECT_EQ(memory.execution_used(first), 700U);
}

TEST_F(Memory, TheSharesGrowWhenTasksEnd) {
  EXPECT_EQ(acquire(first, 400), 400U);
  EXPECT_EQ(acquire(second, 500), 500U);
  EXPECT_EQ(memory.release_all(first), 400U);
  EXPECT_EQ(acquire(second, 500), 500U);
  EXPECT_EQ(memory.release_all(second), 1000U);
  EXPECT_EQ(memory.free(), 1000U);
}

TEST_F(Memory, ATaskThatIsStoppedDoesNotWait) {
  EXPECT_EQ(acquire(first, 1000), 1000U);
  auto granted = ask(second, 250);
  await(first, 500);
  stop = true;
  memory.wake();
  EXPECT_EQ(granted.get(), 0U);
}

TEST_F(Memory, NobodyWaitsForATaskThatWaitsForOthers) {
  EXPECT_EQ(acquire(first, 900), 900U);
  auto granted = ask(second, 250);
  await(first, 500);
  memory.pause();
  EXPECT_EQ(granted.get(), 100U);
  memory.resume();
}

TEST_F(Memory, NobodyWaitsOnceItIsClosed) {
  EXPECT_EQ(acquire(first, 1000), 1000U);
  memory.close();
  EXPECT_EQ(acquire(second, 250), 0U);
}

TEST(MemoryManager, WithoutALimitEverythingIsGranted) {
  MemoryManager memory{{}};
  const std::atomic<bool> stop{false};
  EXPECT_EQ(memory.acquire(first, 1ULL << 50U, stop), 1ULL << 50U);
  EXPECT_EQ(memory.acquire(second, 1ULL << 50U, stop), 1ULL << 50U);
  EXPECT_TRUE(memory.acquire_storage(1ULL << 50U));
}

TEST(StorageReservation, GivesBackWhatItTook) {
  MemoryManager memory{{1000, 500, 0}};
  {
    StorageReservation reservation(&memory);
    EXPECT_TRUE(reservation.reach(600));
    EXPECT_FALSE(reservation.reach(1001));
    EXPECT_EQ(reservation.bytes(), 600U);
    reservation.shrink(100);
    StorageReservation moved(std::move(reservation));
    EXPECT_EQ(memory.storage_used(), 100U);
  }
  EXPECT_EQ(memory.storage_used(), 0U);
}

}  // namespace
}  // namespace volley::storage
