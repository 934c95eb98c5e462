#include "io/gzip_source.hpp"

#include "base/check.hpp"
#include "io/io_error.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

namespace volley::io {
namespace {

constexpr std::size_t input_size = std::size_t{256} << 10U;
constexpr int gzip_window = 15 + 16;  // zlib: largest window, gzip header

}  // namespace

GzipSource::GzipSource(base::Fd file, std::string path)
    : file_(std::move(file)), path_(std::move(path)), input_(input_size) {
  const int outcome = ::inflateInit2(&stream_, gzip_window);
  VOLLEY_CHECK(outcome == Z_OK, "inflateInit2: {}", outcome);
}

GzipSource::~GzipSource() { ::inflateEnd(&stream_); }

void GzipSource::fail(const char* why) const {
  throw IoError(
      fmt::format("cannot read {}: {} at byte {} of the compressed file", path_, why, consumed()));
}

bool GzipSource::fill_input() {
  if (stream_.avail_in != 0) return true;
  ssize_t got = 0;
  do {
    got = ::read(file_.get(), input_.data(), input_.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) throw IoError(describe_error("cannot read", path_, errno));
  file_offset_ += static_cast<std::uint64_t>(got);
  stream_.next_in = input_.data();
  stream_.avail_in = static_cast<uInt>(got);
  return got != 0;
}

void GzipSource::start_next_member() {
  // Tools pad with zeros (tar to a block size); anything else must be another member.
  while (fill_input() && *stream_.next_in == 0) {
    ++stream_.next_in;
    --stream_.avail_in;
  }
  if (stream_.avail_in == 0) {
    finished_ = true;
  } else {
    ::inflateReset(&stream_);
    between_members_ = false;
  }
}

void GzipSource::inflate_some() {
  if (!fill_input()) fail("truncated gzip data");
  const int outcome = ::inflate(&stream_, Z_NO_FLUSH);
  if (outcome == Z_STREAM_END) {
    between_members_ = true;
  } else if (outcome != Z_OK && outcome != Z_BUF_ERROR) {
    fail(stream_.msg != nullptr ? stream_.msg : "corrupt gzip data");
  }
}

std::size_t GzipSource::read(std::span<char> out) {
  const std::size_t wanted = std::min<std::size_t>(out.size(), std::numeric_limits<uInt>::max());
  stream_.next_out = reinterpret_cast<unsigned char*>(out.data());
  stream_.avail_out = static_cast<uInt>(wanted);
  while (stream_.avail_out != 0 && !finished_) {
    if (between_members_) {
      start_next_member();
    } else {
      inflate_some();
    }
  }
  return wanted - stream_.avail_out;
}

}  // namespace volley::io
