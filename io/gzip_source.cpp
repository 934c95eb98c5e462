#include "io/gzip_source.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace volley::io {
namespace {

constexpr int gzip_window = 15 + 16;  // zlib: largest window, gzip header

}  // namespace

GzipSource::GzipSource(base::Fd file, std::string path) : input_(std::move(file), std::move(path)) {
  const int outcome = ::inflateInit2(&stream_, gzip_window);
  VOLLEY_CHECK(outcome == Z_OK, "inflateInit2: {}", outcome);
}

GzipSource::~GzipSource() { ::inflateEnd(&stream_); }

void GzipSource::start_next_member() {
  // Tools pad with zeros (tar to a block size); anything else must be another member.
  while (input_.fill() && input_.rest().front() == 0) input_.use(1);
  if (input_.rest().empty()) {
    finished_ = true;
  } else {
    ::inflateReset(&stream_);
    between_members_ = false;
  }
}

void GzipSource::inflate_some() {
  if (!input_.fill()) input_.fail("truncated gzip data");
  const auto in = input_.rest();
  stream_.next_in = const_cast<unsigned char*>(in.data());
  stream_.avail_in = static_cast<uInt>(in.size());
  const int outcome = ::inflate(&stream_, Z_NO_FLUSH);
  input_.use(in.size() - stream_.avail_in);
  if (outcome == Z_STREAM_END) {
    between_members_ = true;
  } else if (outcome != Z_OK && outcome != Z_BUF_ERROR) {
    input_.fail(stream_.msg != nullptr ? stream_.msg : "corrupt gzip data");
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
