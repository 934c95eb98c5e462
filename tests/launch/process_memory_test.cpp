#include "launch/process_memory.hpp"

#include "base/fd.hpp"
#include "base/proc_files.hpp"

#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

namespace volley::launch {
namespace {

using ::testing::Contains;

constexpr std::uint64_t mebibyte = 1U << 20U;
constexpr std::uint64_t block = 64 * mebibyte;
constexpr std::uint64_t no_limit = UINT64_MAX;

TEST(ProcessMemory, ReadsMappings) {
  const auto mappings = parse_mappings(
      "00400000-00600000 rw-p 00000000 00:00 0                     [heap]\n"
      "Rss:                1024 kB\nPss:                 512 kB\nAnonymous:           256 kB\n"
      "VmFlags: rd wr mr\n"
      "7f0000000000-7f0000001000 rw-s 00000000 00:01 1029          /memfd:a b (deleted)\n"
      "Pss:                   4 kB\n");
  ASSERT_EQ(mappings.size(), 2U);
  EXPECT_EQ(mappings[0].bytes, 2 * mebibyte);
  EXPECT_FALSE(mappings[0].shared);
  EXPECT_EQ(mappings[0].proportional, mebibyte / 2);
  EXPECT_EQ(mappings[0].anonymous, mebibyte / 4);
  EXPECT_EQ(mappings[0].file, FileIdentity{});
  EXPECT_TRUE(mappings[1].shared);
  EXPECT_EQ(mappings[1].path, "/memfd:a b (deleted)");
  EXPECT_EQ(mappings[1].file.second, 1029U);
  EXPECT_TRUE(counts_as_shared(mappings[1], {}));
  EXPECT_FALSE(counts_as_shared(mappings[1], {mappings[1].file})) << "the arena";
  EXPECT_FALSE(counts_as_shared(mappings[0], {}));
}

/// What this process holds, by an upper bound and exactly.
std::pair<std::uint64_t, std::uint64_t> own_memory(const std::set<FileIdentity>& arena) {
  const std::vector<std::int64_t> self{::getpid()};
  return {measure_processes(self, arena, no_limit).at(0).bytes,
          measure_processes(self, arena, 0).at(0).bytes};
}

struct Mapped {
  explicit Mapped(int flags, int descriptor = -1)
      : at(::mmap(nullptr, block, PROT_READ | PROT_WRITE, flags, descriptor, 0)) {
    std::memset(at, 1, block);
  }
  ~Mapped() { ::munmap(at, block); }
  void* at;
};

TEST(ProcessMemory, CountsPrivateAndSharedMemoryButNotTheArena) {
  const auto before = own_memory({});
  {
    const Mapped own(MAP_PRIVATE | MAP_ANONYMOUS);
    EXPECT_GE(own_memory({}).first, before.first + block);
    EXPECT_GE(own_memory({}).second, before.second + block);
  }
  const base::Fd memory(::memfd_create("arena", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(memory.get(), block), 0);
  const Mapped shared(MAP_SHARED, memory.get());
  EXPECT_GE(own_memory({}).first, before.first + block);
  EXPECT_GE(own_memory({}).second, before.second + block);
  const auto without = own_memory({identity_of(memory.get())});
  EXPECT_LT(without.first, before.first + block / 2);
  EXPECT_LT(without.second, before.second + block / 2);
}

TEST(ProcessMemory, FindsChildrenAndSharesWithThem) {
  const Mapped own(MAP_PRIVATE | MAP_ANONYMOUS);
  int gate[2];
  ASSERT_EQ(::pipe(gate), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    char byte = 0;
    ::close(gate[1]);
    ::_exit(::read(gate[0], &byte, 1) < 0 ? 1 : 0);
  }
  const base::ProcessTree tree = base::read_process_tree();
  const auto family = base::descendants(&tree, ::getpid());
  EXPECT_THAT(family, Contains(child));
  if (base::kernel_lists_children()) {
    EXPECT_THAT(base::descendants(nullptr, ::getpid()), Contains(child));
  }
  const std::vector<std::int64_t> both{::getpid(), child};
  const auto bound = measure_processes(both, {}, no_limit);
  const auto exact = measure_processes(both, {}, 0);
  ASSERT_EQ(bound.size(), 2U);
  EXPECT_GE(bound[0].bytes + bound[1].bytes, 2 * block) << "the bound counts shared pages twice";
  EXPECT_LT(exact[0].bytes + exact[1].bytes, bound[0].bytes + bound[1].bytes - block / 2);
  ::close(gate[1]);
  ::close(gate[0]);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(measure_processes(both, {}, no_limit).size(), 1U) << "one is gone";
}

}  // namespace
}  // namespace volley::launch
