#include "io/compressed_input.hpp"

#include "io/file_bytes.hpp"
#include "io/io_error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

namespace volley::io {
namespace {

constexpr std::size_t piece_bytes = std::size_t{256} << 10U;

}  // namespace

CompressedInput::CompressedInput(base::Fd file, std::string path)
    : file_(std::move(file)), path_(std::move(path)), bytes_(piece_bytes) {}

bool CompressedInput::fill() {
  if (used_ < size_) return true;
  const auto got = read_fully(file_.get(), std::as_writable_bytes(std::span(bytes_)));
  if (!got) throw IoError(describe_error("cannot read", path_, errno));
  file_offset_ += *got;
  size_ = *got;
  used_ = 0;
  return size_ != 0;
}

void CompressedInput::fail(const std::string& why) const {
  throw IoError(
      fmt::format("cannot read {}: {} at byte {} of the compressed file", path_, why, consumed()));
}

}  // namespace volley::io
