// Cached partitions from executor to executor: parts for readers, copies, and holders that go.

#include "program/block_store.hpp"
#include "program/modules.hpp"
#include "storage/node_arena.hpp"
#include "tests/support/probe.hpp"
#include "worker/executor.hpp"
#include "worker/task_pool.hpp"

#include <volley/detail/block_codec.hpp>

#include <gtest/gtest.h>

#include <thread>

namespace volley::worker {
namespace {

using namespace protocol;
using Row = volley::detail::Row<std::int64_t>;

const Address driver = at_rank(Role::driver, 1);
const StoredRdd stored{
    7, StorageLevel::memory_only_2,
    program::identify(reinterpret_cast<const void*>(static_cast<const program::BlockCodec& (*)()>(
        &volley::detail::block_codec<std::int64_t>)))};

/// An executor with room for so many bytes of blocks.
struct Host {
  explicit Host(std::uint32_t id, std::uint64_t memory = 16U << 20U)
      : address{Role::executor, static_cast<base::Rank>(id), {{1, 1}, 1, id}},
        pool(options(memory), arena),
        executor(executor_options(id), pool, log),
        probe(address) {}

  TaskPool::Options options(std::uint64_t memory) {
    TaskPool::Options options;
    options.memory = memory;
    options.wake = [this] {
      ++wakes;
      wakes.notify_all();
    };
    return options;
  }
  static Executor::Options executor_options(std::uint32_t id) {
    Executor::Options options;
    options.registration.executor = id;
    options.driver = driver;
    return options;
  }
  void put(BlockId id, std::int64_t records) {
    auto row = std::make_shared<Row>();
    for (std::int64_t i = 0; i < records; ++i) row->push_back(std::int64_t{i});
    pool.blocks().put(id, {row}, static_cast<std::uint64_t>(records) * 8,
                      {StorageLevel::memory_only, &volley::detail::block_codec<std::int64_t>()});
  }
  template <class M>
  void get(const M& message, const Address& from) {
    executor.on(message, from, probe.outbox());
  }

  Address address;
  base::Log log{"test", base::LogLevel::off};
  std::atomic<std::uint32_t> wakes = 0;
  storage::NodeArena arena = storage::NodeArena::create({1U << 20U, 1U << 20U}).value();
  TaskPool pool;
  Executor executor;
  testing::Probe probe;
};

/// Carries parts and requests for them between two executors until there are none.
void carry(Host& a, Host& b) {
  for (bool more = true; more;) {
    more = false;
    for (auto [from, to] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
      from->executor.pump_tasks(from->probe.outbox());
      for (const auto& sent : from->probe.take<BlockPartRequested>()) {
        to->get(sent.message, from->address);
        more = true;
      }
      for (const auto& sent : from->probe.take<BlockPartSent>()) {
        to->get(sent.message, from->address);
        more = true;
      }
    }
  }
}

std::vector<std::int64_t> records_of(program::BlockStore& store, BlockId id) {
  const auto block = store.get(id);
  if (!block) return {};
  Row row;
  for (std::size_t i = 0; block->encoded && i < block->encoded->pieces(); ++i) {
    EXPECT_TRUE(volley::detail::block_codec<std::int64_t>().decode(block->encoded->piece(i), &row));
  }
  return {row.begin(), row.end()};
}

std::vector<std::int64_t> up_to(std::int64_t count) {
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i < count; ++i) all.push_back(i);
  return all;
}

TEST(ExecutorBlocks, LRU_010_ACopyIsMadePartByPart) {
  for (const std::int64_t records : {std::int64_t{0}, std::int64_t{10}, std::int64_t{200000}}) {
    Host holder(1);
    Host other(2);
    const BlockId block{7, 3};
    holder.put(block, records);
    other.get(BlockCopyRequested{{block, holder.address}, stored}, driver);
    carry(holder, other);
    const auto answers = other.probe.take<BlockCopied>();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_TRUE(answers[0].message.held);
    EXPECT_EQ(answers[0].message.executor, 2U);
    EXPECT_EQ(answers[0].message.block, block);
    EXPECT_EQ(records_of(other.pool.blocks(), block), up_to(records));
    // And from the copy to a third one.
    Host third(3);
    third.get(BlockCopyRequested{{block, other.address}, stored}, driver);
    carry(other, third);
    EXPECT_TRUE(third.probe.take<BlockCopied>().at(0).message.held);
    EXPECT_EQ(records_of(third.pool.blocks(), block), up_to(records));
  }
}

TEST(ExecutorBlocks, LRU_010_WithoutRoomOrWithoutABlockThereIsNoCopy) {
  Host holder(1);
  Host small(2, 100000);
  const BlockId block{7, 0};
  small.get(BlockCopyRequested{{block, holder.address}, stored}, driver);
  carry(holder, small);
  EXPECT_FALSE(small.probe.take<BlockCopied>().at(0).message.held) << "nobody has it";
  holder.put(block, 200000);
  small.get(BlockCopyRequested{{block, holder.address}, stored}, driver);
  carry(holder, small);
  EXPECT_FALSE(small.probe.take<BlockCopied>().at(0).message.held) << "it is too large";
  EXPECT_EQ(small.pool.blocks().size(), 0U);
  EXPECT_EQ(small.pool.memory()->storage_used(), 0U);
}

TEST(ExecutorBlocks, AnUnpersistedRddEndsItsCopies) {
  Host holder(1);
  Host other(2);
  holder.put({7, 0}, 200000);
  other.get(BlockCopyRequested{{{7, 0}, holder.address}, stored}, driver);
  for (const auto& sent : other.probe.take<BlockPartRequested>()) {
    holder.get(sent.message, other.address);
  }
  for (const auto& sent : holder.probe.take<BlockPartSent>()) {
    other.get(sent.message, holder.address);
  }
  other.get(BlocksRemoved{7}, driver);
  carry(holder, other);
  EXPECT_EQ(other.pool.blocks().size(), 0U);
  EXPECT_EQ(other.pool.memory()->storage_used(), 0U);
  EXPECT_TRUE(other.probe.take<BlockCopied>().empty());
}

TEST(ExecutorBlocks, AHolderThatIsLostIsNotAskedAndItsCopiesEnd) {
  Host holder(1);
  Host other(2);
  other.get(BlockCopyRequested{{{7, 0}, holder.address}, stored}, driver);
  other.get(BlockHolderLost{holder.address}, driver);
  EXPECT_FALSE(other.probe.take<BlockCopied>().at(0).message.held);
  other.probe.clear();
  other.get(BlockCopyRequested{{{7, 1}, holder.address}, stored}, driver);
  EXPECT_FALSE(other.probe.take<BlockCopied>().at(0).message.held);
  EXPECT_TRUE(other.probe.take<BlockPartRequested>().empty());
}

/// A task's thread asks the pool; the loop threads carry the messages.
BlockPartSent fetch(Host& reader, Host& holder, BlockPartRequested wanted,
                    const std::atomic<bool>& stop, bool lose_holder = false) {
  BlockPartSent part;
  std::thread task([&] {
    try {
      part = reader.pool.fetch_block_part(holder.address, wanted, stop);
    } catch (const program::TaskStopped&) {
      part.next = 99;
    }
  });
  reader.wakes.wait(0);
  if (lose_holder) reader.get(BlockHolderLost{holder.address}, driver);
  if (stop) reader.pool.wake(0);
  if (!stop) carry(reader, holder);
  task.join();
  return part;
}

TEST(ExecutorBlocks, LRU_007_ATaskReadsAPartFromAnotherExecutor) {
  Host holder(1);
  holder.put({7, 0}, 10);
  {
    Host reader(2);
    const auto part = fetch(reader, holder, {{7, 0}, 0, 4, false}, false);
    EXPECT_TRUE(part.found);
    EXPECT_TRUE(part.last);
    Row row;
    EXPECT_TRUE(volley::detail::block_codec<std::int64_t>().decode(part.bytes, &row));
    EXPECT_EQ((std::vector<std::int64_t>(row.begin(), row.end())),
              (std::vector<std::int64_t>{4, 5, 6, 7, 8, 9}));
  }
  {
    Host reader(2);
    EXPECT_FALSE(fetch(reader, holder, {{7, 9}, 0, 0, false}, false).found) << "no such block";
  }
  {
    Host reader(2);
    const auto part = fetch(reader, holder, {{7, 0}, 0, 4, true}, false);
    EXPECT_FALSE(part.found) << "it is kept otherwise than before";
  }
  {
    Host reader(2);
    EXPECT_FALSE(fetch(reader, holder, {{7, 0}, 0, 0, false}, false, true).found) << "it is gone";
  }
  {
    Host reader(2);
    EXPECT_EQ(fetch(reader, holder, {{7, 0}, 0, 0, false}, true).next, 99U) << "it was stopped";
  }
}

}  // namespace
}  // namespace volley::worker
