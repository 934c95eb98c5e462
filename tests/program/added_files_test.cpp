// Files that the program adds, and where tasks of an executor find them.

#include "program/added_files.hpp"

#include "io/whole_file.hpp"
#include "program/file_table.hpp"

#include <volley/error.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace volley::program {
namespace {

namespace fs = std::filesystem;

class Files : public ::testing::Test {
 protected:
  Files() {
    std::string pattern = (fs::temp_directory_path() / "volley-files-XXXXXX").string();
    place = ::mkdtemp(pattern.data());
  }
  ~Files() override {
    ::unsetenv("VOLLEY_NODE_FILES");
    fs::remove_all(place);
  }
  std::string write(const std::string& name, std::string_view text) const {
    fs::create_directories((place / name).parent_path());
    EXPECT_TRUE(io::write_whole_file((place / name).string(), text));
    return (place / name).string();
  }
  void add(const std::string& path) {
    files.add(path, [this](std::span<const std::byte> bytes) {
      sent.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return static_cast<std::uint32_t>(sent.size() - 1);
    });
  }
  std::string refusal(const std::string& path) {
    try {
      add(path);
    } catch (const InvalidArgument& error) {
      return error.what();
    }
    return {};
  }

  fs::path place;
  AddedFiles files;
  std::vector<std::string> sent;
};

TEST_F(Files, CTX_003_AFileIsKnownByItsNameWithItsBytes) {
  add(write("deep/words.txt", "cat hat"));
  add(write("empty", ""));
  EXPECT_EQ(sent, (std::vector<std::string>{"cat hat", ""}));
  const auto all = files.all();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all.at(0).name, "empty");
  EXPECT_EQ(all.at(0).broadcast, 1U);
  EXPECT_EQ(all.at(1).name, "words.txt");
  EXPECT_EQ(files.path_of("words.txt"), (place / "deep/words.txt").string());
  EXPECT_FALSE(files.path_of("deep/words.txt").has_value());
}

TEST_F(Files, CTX_003_TheSameContentAgainIsNothingAndOtherContentIsRefused) {
  add(write("words.txt", "cat hat"));
  add(write("copy/words.txt", "cat hat"));
  EXPECT_EQ(sent.size(), 1U);
  const std::string other = write("other/words.txt", "cat hut");
  const std::string text = refusal(other);
  EXPECT_NE(text.find(other + " is not what the name 'words.txt' already stands for ("), text.npos)
      << text;
  EXPECT_NE(text.find((place / "words.txt").string()), text.npos) << text;
  EXPECT_EQ(sent.size(), 1U);
}

TEST_F(Files, NamesOfFilesThatCameWithTheApplicationAreTaken) {
  ::setenv("VOLLEY_NODE_FILES", ("words.txt=" + write("node/7", "cat hat") + "\n").c_str(), 1);
  add(write("words.txt", "cat hat"));
  EXPECT_TRUE(sent.empty()) << "it is on every node already";
  EXPECT_NE(refusal(write("other/words.txt", "dog")).find("(one of --files)"), std::string::npos);
}

TEST_F(Files, WhatCannotBeAddedIsRefused) {
  EXPECT_NE(refusal(place.string()).find("is a directory"), std::string::npos);
  EXPECT_THROW(add((place / "nothing").string()), IoError);
  const std::string large = write("large", "");
  fs::resize_file(large, AddedFiles::largest + 1);
  EXPECT_NE(refusal(large).find("1.0 GiB is the most"), std::string::npos) << refusal(large);
  EXPECT_TRUE(files.all().empty());
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

TEST_F(Files, CTX_003_AnExecutorKeepsOneCopyThatIsReadUnderOnePath) {
  FileTable table(place.string());
  int asked = 0;
  const auto give = [&] {
    ++asked;
    return bytes_of("cat hat");
  };
  const std::string path = table.path_of("words.txt", give);
  EXPECT_EQ(table.path_of("words.txt", give), path);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(io::read_whole_text(path), "cat hat");
  EXPECT_EQ(io::read_whole_text(table.path_of("empty", [] { return bytes_of(""); })), "");
  EXPECT_TRUE(fs::is_empty(place)) << "it has no name there";
}

TEST_F(Files, WhoAsksAfterAFailureTriesAgain) {
  FileTable table(place.string());
  EXPECT_THROW(table.path_of("words.txt",
                             []() -> std::span<const std::byte> {
                               throw std::runtime_error("the task was asked to stop");
                             }),
               std::runtime_error);
  EXPECT_EQ(io::read_whole_text(table.path_of("words.txt", [] { return bytes_of("cat"); })), "cat");
  FileTable nowhere((place / "missing").string());
  try {
    static_cast<void>(nowhere.path_of("words.txt", [] { return bytes_of("cat"); }));
    FAIL() << "it was kept";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("cannot keep the added file 'words.txt' (3 B)"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace volley::program
