#include "bench/kernels/file_operations.hpp"

#include "base/units.hpp"
#include "bench/contents.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace volley::bench {
namespace {

constexpr std::uint64_t piece_bytes = 4ULL << 20U;

base::Failure file_failure(const char* what, std::uint64_t at) {
  return base::Failure{
      fmt::format("{} at {} of the file: {}", what, base::format_bytes(at), std::strerror(errno))};
}

/// What both have; piece i has contents of its own when there is a seed.
class FileOperation : public Operation {
 public:
  FileOperation(const exchange::RankGroup& group, int file, std::uint64_t bytes,
                std::optional<std::uint64_t> seed)
      : rank_(static_cast<std::uint32_t>(group.rank())),
        file_(file),
        bytes_(bytes),
        seed_(seed),
        piece_(std::min(bytes, piece_bytes)) {}

 protected:
  ContentKey key(std::uint64_t at) const {
    return {*seed_, rank_, static_cast<std::uint32_t>(at / piece_bytes), bytes_};
  }
  /// Calls visit(offset, length) for every piece.
  template <class Visit>
  base::Status each_piece(Visit&& visit) {
    for (std::uint64_t at = 0; at < bytes_; at += piece_bytes) {
      if (const auto status = visit(at, std::min(piece_bytes, bytes_ - at)); !status) return status;
    }
    return base::Done{};
  }
  base::Status read_piece(std::uint64_t at, std::uint64_t length) {
    for (std::uint64_t done = 0; done < length;) {
      const ssize_t got =
          ::pread(file_, piece_.data() + done, length - done, static_cast<off_t>(at + done));
      if (got < 0 && errno == EINTR) continue;
      if (got == 0) errno = EIO;
      if (got <= 0) return file_failure("cannot read", at + done);
      done += static_cast<std::uint64_t>(got);
    }
    return base::Done{};
  }

  std::uint32_t rank_;
  int file_;
  std::uint64_t bytes_;
  std::optional<std::uint64_t> seed_;
  std::vector<std::byte> piece_;
};

class FileWrite final : public FileOperation {
 public:
  using FileOperation::FileOperation;

  void before(std::uint64_t) override {
    // Blocks that the file has already would be overwritten, not allocated.
    [[maybe_unused]] const int code = ::ftruncate(file_, 0);
    if (!seed_) fill(piece_, {0, rank_, 0, 0});
  }
  base::Status run() override {
    auto status = each_piece([this](std::uint64_t at, std::uint64_t length) {
      if (seed_) fill(std::span(piece_).first(length), key(at));
      return write_piece(at, length);
    });
    if (!status) return status;
    if (::fsync(file_) != 0) return file_failure("cannot fsync", bytes_);
    return base::Done{};
  }

 private:
  base::Status write_piece(std::uint64_t at, std::uint64_t length) {
    for (std::uint64_t done = 0; done < length;) {
      const ssize_t put =
          ::pwrite(file_, piece_.data() + done, length - done, static_cast<off_t>(at + done));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return file_failure("cannot write", at + done);
      done += static_cast<std::uint64_t>(put);
    }
    return base::Done{};
  }
};

class FileRead final : public FileOperation {
 public:
  using FileOperation::FileOperation;

  // Written pages are dropped only when they are on the device, for which the write's fsync is.
  void before(std::uint64_t) override { ::posix_fadvise(file_, 0, 0, POSIX_FADV_DONTNEED); }
  base::Status run() override {
    return each_piece(
        [this](std::uint64_t at, std::uint64_t length) { return read_piece(at, length); });
  }
  std::string after(std::uint64_t iteration) override {
    if (!seed_) return {};
    std::string wrong;
    const auto status = each_piece([&](std::uint64_t at, std::uint64_t length) -> base::Status {
      if (const auto read = read_piece(at, length); !read) return read;
      const auto place = first_difference(std::span(piece_).first(length), key(at));
      if (place && wrong.empty()) {
        wrong = fmt::format("byte {} of {} in the file of rank {} (iteration {})", at + *place,
                            bytes_, rank_, iteration);
      }
      return base::Done{};
    });
    return status ? wrong : status.error();
  }
};

}  // namespace

base::Result<base::Fd> make_scratch_file(const std::string& directory) {
  std::string path = directory + "/volley-bench-XXXXXX";
  base::Fd file(::mkostemp(path.data(), O_CLOEXEC));
  if (file.get() < 0) {
    return base::Failure{
        fmt::format("cannot make a file in {}: {}", directory, std::strerror(errno))};
  }
  ::unlink(path.c_str());
  return file;
}

std::unique_ptr<Operation> make_file_write(const exchange::RankGroup& group, int file,
                                           std::uint64_t bytes, std::optional<std::uint64_t> seed) {
  return std::make_unique<FileWrite>(group, file, bytes, seed);
}

std::unique_ptr<Operation> make_file_read(const exchange::RankGroup& group, int file,
                                          std::uint64_t bytes, std::optional<std::uint64_t> seed) {
  return std::make_unique<FileRead>(group, file, bytes, seed);
}

}  // namespace volley::bench
