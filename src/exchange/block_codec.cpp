#include "exchange/block_codec.hpp"

#include "base/check.hpp"

#include <lz4.h>
#include <zstd.h>

namespace volley::exchange {
namespace {

/// Of Zstd: the fastest that still looks for entropy. A network waits while this works.
constexpr int zstd_level = 1;

class Lz4 final : public BlockCodec {
 public:
  std::size_t compress(std::span<const std::byte> in, std::span<std::byte> out) override {
    if (!state_) state_ = std::make_unique<LZ4_stream_t>();
    const int size = LZ4_compress_fast_extState(
        state_.get(), reinterpret_cast<const char*>(in.data()), reinterpret_cast<char*>(out.data()),
        static_cast<int>(in.size()), static_cast<int>(out.size()), 1);
    return size > 0 ? static_cast<std::size_t>(size) : 0;
  }
  bool decompress(std::span<const std::byte> in, std::span<std::byte> out) override {
    const int size = LZ4_decompress_safe(reinterpret_cast<const char*>(in.data()),
                                         reinterpret_cast<char*>(out.data()),
                                         static_cast<int>(in.size()), static_cast<int>(out.size()));
    return size >= 0 && static_cast<std::size_t>(size) == out.size();
  }

 private:
  std::unique_ptr<LZ4_stream_t> state_;
};

class Zstd final : public BlockCodec {
 public:
  std::size_t compress(std::span<const std::byte> in, std::span<std::byte> out) override {
    if (!compressor_) compressor_.reset(ZSTD_createCCtx());
    VOLLEY_CHECK(compressor_ != nullptr, "bytes={}", in.size());
    const std::size_t size = ZSTD_compressCCtx(compressor_.get(), out.data(), out.size(), in.data(),
                                               in.size(), zstd_level);
    return ZSTD_isError(size) != 0 ? 0 : size;
  }
  bool decompress(std::span<const std::byte> in, std::span<std::byte> out) override {
    if (!decompressor_) decompressor_.reset(ZSTD_createDCtx());
    VOLLEY_CHECK(decompressor_ != nullptr, "bytes={}", in.size());
    return ZSTD_decompressDCtx(decompressor_.get(), out.data(), out.size(), in.data(), in.size()) ==
           out.size();
  }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> compressor_;
  std::unique_ptr<ZSTD_DCtx, Free> decompressor_;
};

}  // namespace

std::unique_ptr<BlockCodec> BlockCodec::make(protocol::Codec codec) {
  VOLLEY_CHECK(codec != protocol::Codec::none, "codec={}", static_cast<int>(codec));
  if (codec == protocol::Codec::zstd) return std::make_unique<Zstd>();
  return std::make_unique<Lz4>();
}

}  // namespace volley::exchange
