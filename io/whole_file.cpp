#include "io/whole_file.hpp"

#include "base/fd.hpp"
#include "io/file_bytes.hpp"
#include "io/io_error.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace volley::io {
namespace {

using base::Done;
using base::Failure;
using base::Status;

constexpr mode_t file_mode = 0666;  // less the umask

/// Makes the rename durable; file systems that cannot do it need not.
void sync_directory(const std::string& directory) {
  const base::Fd opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened) static_cast<void>(::fsync(opened.get()));
}

}  // namespace

Status write_whole_file(const std::string& path, std::span<const std::byte> bytes) {
  const std::filesystem::path target(path);
  const std::string directory = target.parent_path().string();
  const std::string draft =
      fmt::format("{}/.{}.{}", directory, target.filename().string(), ::getpid());
  const auto failed = [&] {
    const int reason = errno;
    ::unlink(draft.c_str());
    return Failure{describe_error("cannot write", path, reason)};
  };
  base::Fd file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, file_mode));
  if (!file || !write_fully(file.get(), bytes) || ::fsync(file.get()) != 0) return failed();
  // Network file systems report a full disk or quota only here.
  if (::close(file.release()) != 0) return failed();
  if (std::rename(draft.c_str(), path.c_str()) != 0) return failed();
  sync_directory(directory);
  return Done{};
}

Status write_whole_file(const std::string& path, std::string_view text) {
  return write_whole_file(path, std::as_bytes(std::span(text)));
}

std::optional<std::string> read_whole_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (in.bad()) return std::nullopt;
  return text;
}

std::optional<std::vector<std::byte>> read_whole_file(const std::string& path) {
  const auto text = read_whole_text(path);
  if (!text) return std::nullopt;
  const auto bytes = std::as_bytes(std::span(*text));
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

}  // namespace volley::io
