#pragma once
// BlockCodec: compresses and decompresses blocks of at most a segment, each for itself. Owned by
// one mover, on its thread; its working memory is made on first use and kept.

#include "protocol/driver_messages.hpp"

#include <cstddef>
#include <memory>
#include <span>

namespace volley::exchange {

class BlockCodec {
 public:
  /// Not for Codec::none.
  static std::unique_ptr<BlockCodec> make(protocol::Codec codec);
  virtual ~BlockCodec() = default;

  /// How many bytes of `out` were written; 0 when there is not enough room.
  virtual std::size_t compress(std::span<const std::byte> in, std::span<std::byte> out) = 0;
  /// Whether `in` was the compressed form of exactly as many bytes as `out` has room for.
  virtual bool decompress(std::span<const std::byte> in, std::span<std::byte> out) = 0;
};

}  // namespace volley::exchange
