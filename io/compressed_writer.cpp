#include "io/compressed_writer.hpp"

#include "base/check.hpp"
#include "io/io_error.hpp"

#include <fmt/format.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace volley::io {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{128} << 10U;

[[noreturn]] void fail(const char* codec, std::string_view why) {
  throw IoError(fmt::format("cannot compress by {}: {}", codec, why));
}

class GzipStream final : public CompressedWriter::Stream {
 public:
  GzipStream() : out_(buffer_bytes) {
    constexpr int window = 15 + 16;  // zlib: largest window, gzip header
    constexpr int memory = 8;
    const int outcome = ::deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window, memory,
                                       Z_DEFAULT_STRATEGY);
    VOLLEY_CHECK(outcome == Z_OK, "deflateInit2: {}", outcome);
  }
  ~GzipStream() override { ::deflateEnd(&stream_); }

  void put(std::string_view bytes, bool last, PartWriter& part) override {
    do {
      const std::size_t some =
          std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max());
      // zlib does not write to its input.
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
      stream_.avail_in = static_cast<uInt>(some);
      bytes.remove_prefix(some);
      deflate(last && bytes.empty() ? Z_FINISH : Z_NO_FLUSH, part);
    } while (!bytes.empty());
  }

 private:
  void deflate(int flush, PartWriter& part) {
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
      stream_.avail_out = static_cast<uInt>(out_.size());
      if (::deflate(&stream_, flush) == Z_STREAM_ERROR) fail("gzip", "the stream is in disorder");
      part.write({out_.data(), out_.size() - stream_.avail_out});
    } while (stream_.avail_out == 0);
  }

  z_stream stream_{};
  std::vector<char> out_;
};

class ZstdStream final : public CompressedWriter::Stream {
 public:
  ZstdStream() : context_(::ZSTD_createCCtx()), out_(::ZSTD_CStreamOutSize()) {
    VOLLEY_CHECK(context_ != nullptr, "no memory for an encoder");
    ::ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
  }
  ~ZstdStream() override { ::ZSTD_freeCCtx(context_); }

  void put(std::string_view bytes, bool last, PartWriter& part) override {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    std::size_t left = 0;
    do {
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      left = ::ZSTD_compressStream2(context_, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
      if (::ZSTD_isError(left) != 0) fail("zstd", ::ZSTD_getErrorName(left));
      part.write({out_.data(), out.pos});
    } while (last ? left != 0 : in.pos < in.size);
  }

 private:
  ZSTD_CCtx* context_;
  std::vector<char> out_;
};

class Lz4Stream final : public CompressedWriter::Stream {
 public:
  Lz4Stream() {
    check(::LZ4F_createCompressionContext(&context_, LZ4F_VERSION));
    preferences_.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
    preferences_.frameInfo.blockSizeID = LZ4F_max256KB;
    out_.resize(std::max<std::size_t>(LZ4F_HEADER_SIZE_MAX,
                                      ::LZ4F_compressBound(buffer_bytes, &preferences_)));
  }
  ~Lz4Stream() override { ::LZ4F_freeCompressionContext(context_); }

  void put(std::string_view bytes, bool last, PartWriter& part) override {
    if (!begun_) {
      emit(::LZ4F_compressBegin(context_, out_.data(), out_.size(), &preferences_), part);
      begun_ = true;
    }
    while (!bytes.empty()) {
      const std::string_view some = bytes.substr(0, buffer_bytes);
      emit(::LZ4F_compressUpdate(context_, out_.data(), out_.size(), some.data(), some.size(),
                                 nullptr),
           part);
      bytes.remove_prefix(some.size());
    }
    if (last) emit(::LZ4F_compressEnd(context_, out_.data(), out_.size(), nullptr), part);
  }

 private:
  static std::size_t check(std::size_t outcome) {
    if (::LZ4F_isError(outcome) != 0) fail("lz4", ::LZ4F_getErrorName(outcome));
    return outcome;
  }
  void emit(std::size_t outcome, PartWriter& part) { part.write({out_.data(), check(outcome)}); }

  LZ4F_cctx* context_ = nullptr;
  LZ4F_preferences_t preferences_{};
  bool begun_ = false;
  std::vector<char> out_;
};

std::unique_ptr<CompressedWriter::Stream> make_stream(Codec codec) {
  switch (codec) {
    case Codec::gzip:
      return std::make_unique<GzipStream>();
    case Codec::zstd:
      return std::make_unique<ZstdStream>();
    case Codec::lz4:
      return std::make_unique<Lz4Stream>();
    case Codec::none:
      break;
  }
  return nullptr;
}

PartWriter::Attempt with_ending(PartWriter::Attempt attempt, Codec codec) {
  attempt.ending = ending_of(codec);
  return attempt;
}

}  // namespace

CompressedWriter::CompressedWriter(const std::string& directory, PartWriter::Attempt attempt,
                                   Codec codec)
    : part_(directory, with_ending(std::move(attempt), codec)), stream_(make_stream(codec)) {
  if (stream_ != nullptr) buffer_.reserve(buffer_bytes);
}

CompressedWriter::~CompressedWriter() = default;

void CompressedWriter::write_large(std::string_view bytes) {
  stream_->put(buffer_, false, part_);
  buffer_.clear();
  if (bytes.size() > buffer_.capacity() / 2) {
    stream_->put(bytes, false, part_);
  } else {
    buffer_ += bytes;
  }
}

void CompressedWriter::finish() {
  if (stream_ == nullptr) return;
  stream_->put(buffer_, true, part_);
  buffer_.clear();
}

}  // namespace volley::io
