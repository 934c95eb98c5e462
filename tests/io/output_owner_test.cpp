#include "io/output_owner.hpp"

#include "io/committing_writer.hpp"
#include "scratch.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace volley::io {
namespace {

namespace fs = std::filesystem;

class OutputOwnerTest : public ::testing::Test {
 protected:
  void prepare() { ASSERT_TRUE(prepare_output(out_, false, "application_1_0001").ok()); }
  void write_part(std::uint32_t partition) {
    PartWriter writer(out_, {partition, 0, partition});
    writer.write("x\n");
    writer.commit();
  }

  test::Scratch scratch_;
  std::string out_ = scratch_.path("out");
};

TEST_F(OutputOwnerTest, ADirectoryIsNeverThereWithoutItsOwner) {
  // As an attempt leaves it that ends while it makes the directory.
  fs::create_directories(scratch_.path(".out.application_1_0001.new") + "/_temporary");
  prepare();
  EXPECT_FALSE(fs::exists(scratch_.path(".out.application_1_0001.new")));
  EXPECT_TRUE(fs::exists(out_ + "/_temporary/owner"));
  EXPECT_FALSE(prepare_output(out_, false, "application_1_0002").ok());
  remove_output_of(out_, "application_1_0001");
  EXPECT_FALSE(fs::exists(out_));
  EXPECT_TRUE(prepare_output(out_ + "/", false, "application_1_0001").ok());
  EXPECT_TRUE(fs::exists(out_ + "/_temporary/owner"));
}

TEST_F(OutputOwnerTest, HalfRunOutputOfTheOwnerGivesWay) {
  prepare();
  write_part(0);
  remove_output_of(out_, "application_1_0002");
  EXPECT_TRUE(fs::exists(out_));
  remove_output_of(out_, "application_1_0001");
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(OutputOwnerTest, HalfCommittedOutputOfTheOwnerGivesWay) {
  prepare();
  write_part(0);
  write_part(1);
  fs::rename(out_ + "/_temporary/committed/part-00000", out_ + "/part-00000");
  remove_output_of(out_, "application_1_0001");
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(OutputOwnerTest, CompleteOutputOfTheOwnerGivesWay) {
  prepare();
  write_part(0);
  ASSERT_TRUE(commit_job(out_, 1, "application_1_0001 and more").ok());
  remove_output_of(out_, "application_1_0002");
  EXPECT_TRUE(fs::exists(out_ + "/_SUCCESS"));
  remove_output_of(out_, "application_1_0001");
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(OutputOwnerTest, FilesOfOthersStay) {
  prepare();
  std::ofstream(out_ + "/notes.txt") << "mine";
  remove_output_of(out_, "application_1_0001");
  EXPECT_TRUE(fs::exists(out_ + "/notes.txt"));
  EXPECT_FALSE(fs::exists(out_ + "/_temporary"));
}

TEST_F(OutputOwnerTest, AnOutputWithoutAnOwnerStays) {
  ASSERT_TRUE(prepare_output(out_).ok());
  ASSERT_TRUE(commit_job(out_, 0).ok());
  remove_output_of(out_, "application_1_0001");
  remove_output_of(scratch_.path("none"), "application_1_0001");
  EXPECT_TRUE(fs::exists(out_ + "/_SUCCESS"));
}

TEST_F(OutputOwnerTest, ADirectoryThatMayExistDoesNotLookCompleteMeanwhile) {
  prepare();
  write_part(0);
  ASSERT_TRUE(commit_job(out_, 1).ok());
  ASSERT_TRUE(prepare_output(out_, true).ok());
  EXPECT_FALSE(fs::exists(out_ + "/_SUCCESS"));
  write_part(0);
  ASSERT_TRUE(commit_job(out_, 1).ok());
  EXPECT_TRUE(fs::exists(out_ + "/_SUCCESS"));
}

}  // namespace
}  // namespace volley::io
