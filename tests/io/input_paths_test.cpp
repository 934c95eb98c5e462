#include "io/input_paths.hpp"

#include "scratch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

namespace volley::io {
namespace {

using test::Scratch;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class InputPathsTest : public ::testing::Test {
 protected:
  /// Names relative to the scratch directory, or the error.
  std::vector<std::string> names(const std::string& paths) {
    const auto files = list_input_files(paths);
    if (!files) return {"error: " + files.error()};
    std::vector<std::string> found;
    for (const InputFile& file : files.value()) {
      found.push_back(
          std::filesystem::path(file.path).lexically_relative(scratch_.root()).string());
    }
    return found;
  }
  std::string in(const std::string& name) const { return scratch_.path(name); }

  Scratch scratch_;
};

TEST_F(InputPathsTest, FileWithItsSize) {
  const std::string path = scratch_.file("one", "12345");
  const auto files = list_input_files(path);
  ASSERT_TRUE(files.ok());
  ASSERT_EQ(files.value().size(), 1U);
  EXPECT_EQ(files.value()[0].path, path);
  EXPECT_EQ(files.value()[0].size, 5U);
}

TEST_F(InputPathsTest, DirectoryIsSortedAndHidesMarks) {
  for (const char* name : {"d/b", "d/a", "d/Z", "d/_SUCCESS", "d/.a.crc", "d/c.gz"}) {
    scratch_.file(name, "x");
  }
  std::filesystem::create_directory(in("d/_temporary"));
  EXPECT_THAT(names(in("d")), ElementsAre("d/Z", "d/a", "d/b", "d/c.gz"));
  EXPECT_THAT(names(in("d") + "/"), ElementsAre("d/Z", "d/a", "d/b", "d/c.gz"));
}

TEST_F(InputPathsTest, EmptyDirectoryHasNoFiles) {
  std::filesystem::create_directory(in("empty"));
  EXPECT_THAT(names(in("empty")), IsEmpty());
}

TEST_F(InputPathsTest, DirectoryInADirectoryIsAnError) {
  scratch_.file("d/sub/x", "x");
  EXPECT_THAT(names(in("d")), ElementsAre(HasSubstr("Not a file: " + in("d/sub"))));
  EXPECT_THAT(names(in("d/*")), ElementsAre("d/sub/x"));
}

TEST_F(InputPathsTest, Globs) {
  for (const char* name : {"a1", "a2", "b1", "ab", "_a1", ".a1", "a[1]", "x,y"}) {
    scratch_.file(name, "x");
  }
  EXPECT_THAT(names(in("a*")), ElementsAre("a1", "a2", "a[1]", "ab"));
  EXPECT_THAT(names(in("?1")), ElementsAre("a1", "b1"));
  EXPECT_THAT(names(in("[ab]1")), ElementsAre("a1", "b1"));
  EXPECT_THAT(names(in("[^a]1")), ElementsAre("b1"));
  EXPECT_THAT(names(in("{b,a}1")), ElementsAre("a1", "b1"));
  EXPECT_THAT(names(in("{a*,ab}")), ElementsAre("a1", "a2", "a[1]", "ab")) << "no file twice";
  EXPECT_THAT(names(in("a\\[1\\]")), ElementsAre("a[1]"));
  EXPECT_THAT(names(in("nothing*")),
              ElementsAre("error: Input Pattern " + in("nothing*") + " matches 0 files"));
  EXPECT_THAT(names(in("_*")), ElementsAre(HasSubstr("matches 0 files")));
}

TEST_F(InputPathsTest, GlobMatchingDirectoriesReadsThem) {
  scratch_.file("y=1/part", "x");
  scratch_.file("y=2/part", "x");
  EXPECT_THAT(names(in("y=*")), ElementsAre("y=1/part", "y=2/part"));
  EXPECT_THAT(names(in("y=*/pa*")), ElementsAre("y=1/part", "y=2/part"));
}

TEST_F(InputPathsTest, ListsKeepTheirOrderAndRepetitions) {
  scratch_.file("b", "x");
  scratch_.file("a", "x");
  EXPECT_THAT(names(in("b") + "," + in("a") + "," + in("b")), ElementsAre("b", "a", "b"));
  EXPECT_THAT(names(in("b") + "," + in("{a,z}")), ElementsAre("b", "a"));
  EXPECT_THAT(names(in("b") + ",,"), ElementsAre(HasSubstr("empty string")));
}

TEST_F(InputPathsTest, EverythingWrongIsReported) {
  EXPECT_THAT(names(in("gone") + "," + in("no*")),
              ElementsAre("error: Input path does not exist: " + in("gone") + "\nInput Pattern " +
                          in("no*") + " matches 0 files"));
}

TEST_F(InputPathsTest, FileBelowAFileDoesNotExist) {
  const std::string path = scratch_.file("plain", "x") + "/below";
  EXPECT_THAT(names(path), ElementsAre("error: Input path does not exist: " + path));
}

TEST_F(InputPathsTest, NotARegularFile) {
  ASSERT_EQ(::mkfifo(in("pipe").c_str(), 0600), 0);
  EXPECT_THAT(names(in("pipe")), ElementsAre(HasSubstr("Not a file: " + in("pipe"))));
}

TEST_F(InputPathsTest, UnreadableFileAndDirectory) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  const std::string path = scratch_.file("d/secret", "x");
  ::chmod(path.c_str(), 0);
  const std::string expected = "error: Input path cannot be read: ";
  EXPECT_THAT(names(path), ElementsAre(expected + path + ": Permission denied"));
  ::chmod(in("d").c_str(), 0);
  EXPECT_THAT(names(in("d")), ElementsAre(expected + in("d") + ": Permission denied"));
  ::chmod(in("d").c_str(), 0700);
}

TEST_F(InputPathsTest, DanglingLinkInADirectory) {
  std::filesystem::create_directory(in("d"));
  std::filesystem::create_symlink(in("gone"), in("d/link"));
  EXPECT_THAT(names(in("d")), ElementsAre("error: Input path does not exist: " + in("d/link")));
}

TEST(LocalPathTest, Schemes) {
  const std::string here = std::filesystem::current_path().string();
  EXPECT_EQ(local_path("/a/b/").value(), "/a/b");
  EXPECT_EQ(local_path("file:///a/b").value(), "/a/b");
  EXPECT_EQ(local_path("file:/a/b").value(), "/a/b");
  EXPECT_EQ(local_path("a").value(), here + "/a");
  EXPECT_EQ(local_path("/a/x://y").value(), "/a/x://y");
  EXPECT_FALSE(local_path("").ok());
  EXPECT_THAT(local_path("hdfs://n/a").error(), HasSubstr("Cannot open hdfs://n/a"));
  EXPECT_THAT(local_path("file://host/a").error(), HasSubstr("Cannot open file://host/a"));
}

TEST(SplitPathListTest, CommasInBracesStay) {
  EXPECT_THAT(split_path_list("a,{b,c}d,e"), ElementsAre("a", "{b,c}d", "e"));
  EXPECT_THAT(split_path_list("a}b,c"), ElementsAre("a}b", "c"));
  EXPECT_THAT(split_path_list(""), ElementsAre(""));
}

}  // namespace
}  // namespace volley::io
