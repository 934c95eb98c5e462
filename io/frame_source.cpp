#include "io/frame_source.hpp"

#include "base/check.hpp"
#include "io/gzip_source.hpp"

#include <fmt/format.h>
#include <lz4frame.h>
#include <zstd.h>

#include <utility>

namespace volley::io {
FrameSource::FrameSource(base::Fd file, std::string path, const char* format)
    : input_(std::move(file), std::move(path)), format_(format) {}

std::size_t FrameSource::read(std::span<char> out) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    const bool more = input_.fill();
    if (!more && !in_frame_) break;
    // Without input there may still be output inside the decoder.
    const Step done = step(input_.rest(), out.subspan(filled));
    if (done.error != nullptr) input_.fail(fmt::format("{} ({})", done.error, format_));
    input_.use(done.read);
    filled += done.written;
    in_frame_ = !done.frame_ended;
    if (!more && in_frame_ && done.written == 0)
      input_.fail(fmt::format("truncated {} data", format_));
  }
  return filled;
}

ZstdSource::ZstdSource(base::Fd file, std::string path)
    : FrameSource(std::move(file), std::move(path), "zstd"), context_(::ZSTD_createDCtx()) {
  VOLLEY_CHECK(context_ != nullptr, "no memory for a decoder");
}

ZstdSource::~ZstdSource() { ::ZSTD_freeDCtx(context_); }

FrameSource::Step ZstdSource::step(std::span<const unsigned char> in, std::span<char> out) {
  ZSTD_inBuffer from{in.data(), in.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  const std::size_t left = ::ZSTD_decompressStream(context_, &to, &from);
  if (::ZSTD_isError(left) != 0) return {.error = ::ZSTD_getErrorName(left)};
  return {from.pos, to.pos, left == 0};
}

Lz4Source::Lz4Source(base::Fd file, std::string path)
    : FrameSource(std::move(file), std::move(path), "lz4") {
  const auto made = ::LZ4F_createDecompressionContext(&context_, LZ4F_VERSION);
  VOLLEY_CHECK(::LZ4F_isError(made) == 0, "{}", ::LZ4F_getErrorName(made));
}

Lz4Source::~Lz4Source() { ::LZ4F_freeDecompressionContext(context_); }

FrameSource::Step Lz4Source::step(std::span<const unsigned char> in, std::span<char> out) {
  std::size_t read = in.size();
  std::size_t written = out.size();
  const std::size_t left =
      ::LZ4F_decompress(context_, out.data(), &written, in.data(), &read, nullptr);
  if (::LZ4F_isError(left) != 0) return {.error = ::LZ4F_getErrorName(left)};
  return {read, written, left == 0};
}

std::unique_ptr<ByteSource> open_compressed(Codec codec, base::Fd file, std::string path) {
  switch (codec) {
    case Codec::gzip:
      return std::make_unique<GzipSource>(std::move(file), std::move(path));
    case Codec::zstd:
      return std::make_unique<ZstdSource>(std::move(file), std::move(path));
    case Codec::lz4:
      return std::make_unique<Lz4Source>(std::move(file), std::move(path));
    case Codec::none:
      break;
  }
  VOLLEY_CHECK(false, "{} is not compressed", path);
  return nullptr;
}

}  // namespace volley::io
