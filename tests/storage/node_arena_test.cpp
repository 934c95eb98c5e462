#include "storage/node_arena.hpp"

#include "storage/arena_owner.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <random>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace volley::storage {
namespace {

constexpr std::uint64_t slab = 4096;

NodeArena make(std::uint64_t slabs) {
  return std::move(NodeArena::create({slabs * slab, slab})).value();
}

std::uint64_t bytes_on_kernel(const NodeArena& arena) {
  struct stat status {};
  EXPECT_EQ(::fstat(arena.descriptor(), &status), 0);
  return static_cast<std::uint64_t>(status.st_blocks) * 512U;
}

TEST(NodeArena, RoundsTheCapacityUpToSlabs) {
  auto arena = std::move(NodeArena::create({3 * slab + 1, slab})).value();
  EXPECT_EQ(arena.slabs(), 4U);
  EXPECT_EQ(arena.slab_bytes(), slab);
  EXPECT_EQ(arena.used_slabs(), 0U);
}

TEST(NodeArena, RefusesImpossibleOptions) {
  EXPECT_NE(NodeArena::create({0, slab}).error().find("volley.arena.size"), std::string::npos);
  EXPECT_FALSE(NodeArena::create({1 << 20, 5000}).ok());
  EXPECT_FALSE(NodeArena::create({1 << 20, 1024}).ok());
  EXPECT_FALSE(NodeArena::create({1ULL << 61U, slab}).ok());
  const auto huge = NodeArena::create({1ULL << 59U, 1ULL << 21U});
  ASSERT_FALSE(huge.ok());  // beyond the address space
  EXPECT_NE(huge.error().find("volley.arena.size"), std::string::npos);
}

TEST(NodeArena, ALargeArenaTakesNoMemoryAtCreation) {
  const auto memory = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * 4096U;
  auto arena = std::move(NodeArena::create({16 * memory, 1ULL << 20U})).value();
  EXPECT_LE(bytes_on_kernel(arena), 16384U);
  const auto first = arena.allocate(1);
  ASSERT_TRUE(first);
  std::memset(arena.at(arena.offset_of(*first)), 1, arena.slab_bytes());
  EXPECT_LE(bytes_on_kernel(arena), (1U << 20U) + 32768U);
}

TEST(NodeArena, HandsOutEverySlabOnceAndThenNone) {
  auto arena = make(100);
  std::set<std::uint64_t> slabs;
  for (int i = 0; i < 100; ++i) {
    const auto got = arena.allocate(7);
    ASSERT_TRUE(got);
    EXPECT_LT(*got, 100U);
    EXPECT_TRUE(slabs.insert(*got).second);
    EXPECT_EQ(arena.owner(*got), 7U);
  }
  EXPECT_FALSE(arena.allocate(7));
  EXPECT_EQ(arena.used_slabs(), 100U);
  arena.release(42, 7);
  EXPECT_EQ(arena.allocate(8), 42U);
  EXPECT_EQ(arena.release_all(7), 99U);
  EXPECT_EQ(arena.release_all(8), 1U);
  EXPECT_EQ(arena.used_slabs(), 0U);
}

TEST(NodeArena, PrefersRecycledSlabs) {
  auto arena = make(1000);
  std::set<std::uint64_t> touched;
  for (int i = 0; i < 50; ++i) touched.insert(*arena.allocate(1));
  arena.release_all(1);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(touched.contains(*arena.allocate(2)));
  EXPECT_FALSE(touched.contains(*arena.allocate(2)));
}

TEST(NodeArena, RunsAreConsecutiveAndFillHoles) {
  auto arena = make(64);
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(arena.allocate(1));
  for (const std::uint64_t hole : {3U, 4U, 6U, 7U, 8U, 62U, 63U}) arena.release(hole, 1);
  EXPECT_FALSE(arena.allocate(2, 4));
  EXPECT_EQ(arena.used_slabs(), 57U);  // the attempt left nothing behind
  EXPECT_EQ(arena.allocate(2, 3), 6U);
  EXPECT_TRUE(arena.allocate(2, 2));
  EXPECT_TRUE(arena.allocate(2, 2));
  EXPECT_FALSE(arena.allocate(2, 1));
  EXPECT_FALSE(arena.allocate(2, 65));
}

TEST(NodeArena, ARunMayUseTheRestOfTheFreshSlabsTogetherWithRecycledOnes) {
  auto arena = make(10);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(arena.allocate(1));
  arena.release(4, 1);
  arena.release(5, 1);
  EXPECT_EQ(arena.allocate(2, 6), 4U);
}

TEST(NodeArena, TransferAndReleaseCheckTheOwner) {
  auto arena = make(4);
  const auto got = arena.allocate(1);
  arena.transfer(*got, 1, 2);
  EXPECT_EQ(arena.owner(*got), 2U);
  EXPECT_DEATH(arena.transfer(*got, 1, 3), "from=1 owner=2");
  EXPECT_DEATH(arena.release(*got, 1), "current=2");
  arena.release(*got, 2);
  EXPECT_DEATH(arena.release(*got, 2), "current=0");
}

TEST(NodeArena, TrimGivesPagesBackAndKeepsWhatIsOwned) {
  auto arena = make(256);
  const auto kept = arena.allocate(1);
  std::memset(arena.at(arena.offset_of(*kept)), 9, slab);
  const auto run = arena.allocate(2, 200);
  std::memset(arena.at(arena.offset_of(*run)), 7, 200 * slab);
  arena.release_all(2);
  EXPECT_GT(bytes_on_kernel(arena), 200 * slab);
  arena.trim();
  EXPECT_LT(bytes_on_kernel(arena), 10 * slab);
  EXPECT_EQ(*arena.at(arena.offset_of(*kept)), std::byte{9});
  EXPECT_EQ(arena.used_slabs(), 1U);
  EXPECT_TRUE(arena.allocate(3, 200));
}

TEST(NodeArena, AttachSeesTheSameSlabsAndData) {
  auto arena = make(8);
  const auto got = arena.allocate(5);
  std::strcpy(reinterpret_cast<char*>(arena.at(arena.offset_of(*got))), "hello");
  auto other = std::move(NodeArena::attach(base::Fd(::dup(arena.descriptor())))).value();
  EXPECT_EQ(other.slabs(), 8U);
  EXPECT_EQ(other.owner(*got), 5U);
  EXPECT_STREQ(reinterpret_cast<const char*>(other.at(other.offset_of(*got))), "hello");
  other.release(*got, 5);
  EXPECT_EQ(arena.used_slabs(), 0U);
}

TEST(NodeArena, AttachRefusesWhatIsNoArena) {
  base::Fd other(::memfd_create("other", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(other.get(), 1 << 20), 0);
  EXPECT_FALSE(NodeArena::attach(std::move(other)).ok());
  EXPECT_FALSE(NodeArena::attach(base::Fd(::open("/dev/null", O_RDWR | O_CLOEXEC))).ok());
  EXPECT_FALSE(NodeArena::attach(base::Fd()).ok());
}

TEST(NodeArena, TheSizeIsSealed) {
  auto arena = make(4);
  EXPECT_NE(::ftruncate(arena.descriptor(), 0), 0);
}

/// Allocates runs, writes its mark to them, checks that nobody else did, and releases.
bool churn(NodeArena& arena, NodeArena::Owner owner, int rounds) {
  std::mt19937_64 random(owner);
  struct Run {
    std::uint64_t first;
    std::uint64_t count;
  };
  std::vector<Run> runs;
  const auto drop = [&](std::size_t index) {
    const Run run = runs[index];
    runs.erase(runs.begin() + static_cast<std::ptrdiff_t>(index));
    bool mine = true;
    for (std::uint64_t s = run.first; s < run.first + run.count; ++s) {
      std::uint64_t mark = 0;
      std::memcpy(&mark, arena.at(arena.offset_of(s)), sizeof mark);
      mine = mine && mark == owner && arena.owner(s) == owner;
      arena.release(s, owner);
    }
    return mine;
  };
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t count = 1 + random() % 4;
    if (const auto first = arena.allocate(owner, count)) {
      for (std::uint64_t s = *first; s < *first + count; ++s) {
        std::memcpy(arena.at(arena.offset_of(s)), &owner, sizeof owner);
      }
      runs.push_back({*first, count});
    }
    if (runs.size() > 8 && !drop(random() % runs.size())) return false;
  }
  while (!runs.empty()) {
    if (!drop(0)) return false;
  }
  return true;
}

TEST(NodeArena, ThreadsNeverShareASlab) {
  auto arena = make(128);  // less than they want together
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (NodeArena::Owner owner = 1; owner <= 8; ++owner) {
    threads.emplace_back([&, owner] { failures += churn(arena, owner, 5000) ? 0 : 1; });
  }
  threads.emplace_back([&] {
    for (int i = 0; i < 50; ++i) arena.trim();
  });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(arena.used_slabs(), 0U);
  EXPECT_TRUE(arena.allocate(1, 128));  // nothing was lost on the way
}

TEST(NodeArena, ProcessesNeverShareASlabAndADeadOnesSlabsComeBack) {
  auto arena = make(128);
  std::vector<pid_t> children;
  for (NodeArena::Owner owner = 1; owner <= 4; ++owner) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const bool fine = churn(arena, owner, 5000);
      (void)arena.allocate(owner, 2);  // and then it dies with them
      ::_exit(fine ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  EXPECT_EQ(arena.used_slabs(), 8U);
  for (NodeArena::Owner owner = 1; owner <= 4; ++owner) EXPECT_EQ(arena.release_all(owner), 2U);
  EXPECT_TRUE(arena.allocate(1, 128));
}

TEST(ArenaOwner, DiffersByRankApplicationAttemptAndContainer) {
  std::set<NodeArena::Owner> owners;
  for (base::Rank rank : {0, 1, 99999}) {
    owners.insert(rank_owner(rank));
    for (std::uint32_t application : {1U, 2U}) {
      for (std::uint32_t attempt : {1U, 2U}) {
        for (std::uint64_t number : {1U, 2U, 100000U}) {
          owners.insert(container_owner(rank, {{1732060800, application}, attempt, number}));
        }
      }
    }
  }
  EXPECT_EQ(owners.size(), 3U + 36U);
  EXPECT_FALSE(owners.contains(0));
}

// --- slabs on disk -------------------------------------------------------------------------------

NodeArena with_disk(std::uint64_t slabs, std::uint64_t disk_slabs) {
  return std::move(NodeArena::create({slabs * slab, slab, ::testing::TempDir(), disk_slabs * slab}))
      .value();
}

std::uint64_t blocks_on_disk(const NodeArena& arena) {
  struct stat status {};
  EXPECT_EQ(::fstat(arena.disk_descriptor(), &status), 0);
  return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

TEST(NodeArenaDisk, LiesBehindTheMemoryAndIsSeenByAll) {
  auto arena = with_disk(3, 4);
  EXPECT_EQ(arena.all_slabs(), 7U);
  EXPECT_EQ(arena.allocate_disk(1, 2), 3U);
  EXPECT_EQ(arena.allocate_disk(1, 3), std::nullopt);
  const std::uint64_t offset = arena.offset_of(3) + 1000;
  EXPECT_TRUE(arena.on_disk(offset));
  EXPECT_FALSE(arena.on_disk(arena.offset_of(2)));
  const std::string one(slab, 'x');
  const std::string two = "and more";
  const std::array<std::span<const std::byte>, 3> blocks{
      std::as_bytes(std::span(one)), std::span<const std::byte>(), std::as_bytes(std::span(two))};
  ASSERT_TRUE(arena.write_disk(offset, blocks));
  auto other = std::move(NodeArena::attach(base::Fd(::dup(arena.descriptor())),
                                           base::Fd(::dup(arena.disk_descriptor()))))
                   .value();
  const auto* seen = reinterpret_cast<const char*>(other.at(offset));
  EXPECT_EQ(std::string(seen, one.size() + two.size()), one + two);
  other.expect_reads(offset, slab);
  other.forget_reads(offset, slab);
  EXPECT_EQ(std::string(seen, one.size() + two.size()), one + two);
  EXPECT_FALSE(NodeArena::attach(base::Fd(::dup(arena.descriptor()))).ok());
}

TEST(NodeArenaDisk, SetsSpaceAsideAndGivesItBack) {
  auto arena = with_disk(1, 8);
  EXPECT_LT(blocks_on_disk(arena), slab);
  ASSERT_EQ(arena.allocate_disk(7, 4), 1U);
  EXPECT_GE(blocks_on_disk(arena), 4 * slab);
  EXPECT_EQ(arena.used_disk_slabs(), 4U);
  EXPECT_EQ(arena.used_slabs(), 0U);
  arena.transfer(2, 7, 8);
  EXPECT_EQ(arena.release_all(7), 3U);
  arena.release(2, 8);
  EXPECT_EQ(arena.used_disk_slabs(), 0U);
  EXPECT_LT(blocks_on_disk(arena), slab);
  EXPECT_TRUE(arena.allocate_disk(9, 8).has_value());
}

TEST(NodeArenaDisk, ADirectoryThatCannotBeUsedIsNamed) {
  const auto arena = NodeArena::create({slab, slab, "/no/such/directory", slab});
  ASSERT_FALSE(arena.ok());
  EXPECT_NE(arena.error().find("/no/such/directory"), std::string::npos) << arena.error();
  EXPECT_NE(arena.error().find("volley.local.dir"), std::string::npos) << arena.error();
}

TEST(NodeArenaBudget, LimitsMemoryButForThoseWhoMayGoBeyond) {
  auto arena = with_disk(4, 1);
  EXPECT_EQ(arena.budget(), 0U);
  arena.change_budget(static_cast<std::int64_t>(2 * slab));
  EXPECT_TRUE(arena.allocate(1, 2).has_value());
  EXPECT_FALSE(arena.allocate(1).has_value());
  EXPECT_FALSE(arena.over_budget());
  EXPECT_TRUE(arena.allocate(1, 1, NodeArena::Within::capacity).has_value());
  EXPECT_TRUE(arena.over_budget());
  arena.release_all(1);
  arena.change_budget(-static_cast<std::int64_t>(2 * slab));
  EXPECT_TRUE(arena.allocate(1, 4).has_value());
  EXPECT_FALSE(arena.over_budget());
}

}  // namespace
}  // namespace volley::storage
