// The parts of the MPI files that decide without MPI.

#include "net/launch_mistake.hpp"
#include "net/mpi_data_channel.hpp"
#include "net/mpi_world.hpp"
#include "net/node_descriptor.hpp"
#include "net/shared_memory.hpp"

#include <gtest/gtest.h>

#include <map>

namespace volley::net {
namespace {

std::optional<std::string> mistake(int size, const std::map<std::string, std::string>& variables) {
  return launch_mistake(size, [&](const std::string& name) -> std::optional<std::string> {
    const auto at = variables.find(name);
    if (at == variables.end()) return std::nullopt;
    return at->second;
  });
}

TEST(LaunchMistake, AWorldOfManyIsNone) {
  EXPECT_FALSE(mistake(4, {{"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "2"}}));
  EXPECT_FALSE(mistake(2, {{"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "0"}}));
}

TEST(LaunchMistake, ALaptopIsNone) {
  EXPECT_FALSE(mistake(1, {}));
  EXPECT_FALSE(mistake(1, {{"SLURM_NTASKS", "4"}})) << "a shell of salloc, not a task";
}

TEST(LaunchMistake, MpirunWithOneRankInAnAllocationIsNone) {
  EXPECT_FALSE(
      mistake(1, {{"OMPI_COMM_WORLD_SIZE", "1"}, {"SLURM_NTASKS", "8"}, {"SLURM_PROCID", "0"}}));
}

TEST(LaunchMistake, SrunWithOneTaskIsNone) {
  EXPECT_FALSE(mistake(1, {{"SLURM_NTASKS", "1"}, {"SLURM_PROCID", "0"}}));
  EXPECT_FALSE(
      mistake(1, {{"SLURM_NTASKS", "8"}, {"SLURM_STEP_NUM_TASKS", "1"}, {"SLURM_PROCID", "0"}}));
}

TEST(LaunchMistake, SrunWithoutPmixNamesTheFix) {
  for (const char* count : {"SLURM_NTASKS", "SLURM_STEP_NUM_TASKS"}) {
    const auto text = mistake(1, {{count, "4"}, {"SLURM_PROCID", "3"}, {"PMI_SIZE", "4"}});
    ASSERT_TRUE(text) << count;
    EXPECT_NE(text->find("Slurm has 4 tasks"), std::string::npos) << *text;
    EXPECT_NE(text->find("srun --mpi=pmix"), std::string::npos) << *text;
  }
}

TEST(LaunchMistake, LaunchersOfOtherLibrariesAreNamed) {
  const auto mpirun = mistake(1, {{"OMPI_COMM_WORLD_SIZE", "4"}});
  ASSERT_TRUE(mpirun);
  EXPECT_NE(mpirun->find("another MPI library"), std::string::npos) << *mpirun;
  const auto hydra = mistake(1, {{"PMI_SIZE", "4"}});
  ASSERT_TRUE(hydra);
  EXPECT_NE(hydra->find("Open MPI's mpirun"), std::string::npos) << *hydra;
}

TEST(LaunchMistake, NonsenseInVariablesIsIgnored) {
  EXPECT_FALSE(mistake(1, {{"SLURM_NTASKS", "many"}, {"SLURM_PROCID", "0"}}));
}

TEST(NumberNodes, CountsNodesByTheirLowestRank) {
  EXPECT_EQ(number_nodes({0, 0, 2, 2}), (std::vector<std::uint32_t>{0, 0, 1, 1}));
  EXPECT_EQ(number_nodes({0, 1, 0, 1, 4}), (std::vector<std::uint32_t>{0, 1, 0, 1, 2}));
  EXPECT_TRUE(number_nodes({}).empty());
}

TEST(FoldedTag, StaysInRangeAndKeepsNeighboursApart) {
  constexpr int largest = 0x7fffffff;
  EXPECT_EQ(folded_tag(5, largest), 5);
  EXPECT_EQ(folded_tag(0x7fffffffU, largest), largest);
  EXPECT_EQ(folded_tag(0x80000000U, largest), 0);
  EXPECT_EQ(folded_tag(0xffffffffU, 32767), 32767);
  EXPECT_NE(folded_tag(32767, 32767), folded_tag(32768, 32767));
}

TEST(NodeDescriptor, OpensTheSameMemory) {
  auto memory = SharedMemory::create("node-test", 4096);
  ASSERT_TRUE(memory.ok());
  const auto published = publish_descriptor(memory.value().get());
  ASSERT_TRUE(published.ok());
  const auto opened = open_published(published.value());
  ASSERT_TRUE(opened.ok()) << opened.error();
  auto here = SharedMemory::map(memory.value().get());
  auto there = SharedMemory::map(opened.value().get());
  here.value().data()[7] = std::byte{42};
  EXPECT_EQ(there.value().data()[7], std::byte{42});
}

TEST(NodeDescriptor, AnotherFileUnderTheSameNumberIsRefused) {
  auto memory = SharedMemory::create("node-test", 4096);
  auto published = publish_descriptor(memory.value().get()).value();
  ++published.inode;
  const auto opened = open_published(published);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().find("pid namespaces"), std::string::npos) << opened.error();
}

TEST(NodeDescriptor, AMissingProcessIsAFailure) {
  EXPECT_FALSE(open_published({1LL << 40U, 3, 0, 0}).ok());
  EXPECT_FALSE(publish_descriptor(-1).ok());
}

}  // namespace
}  // namespace volley::net
