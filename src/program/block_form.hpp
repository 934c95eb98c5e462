#pragma once
// BlockForm: how the cached partitions of an RDD are kept, and the functions that know their
// records. A partition is a row of owned records (detail::Row); encoded, it is pieces of bytes.

#include "protocol/program.hpp"

#include <cstddef>
#include <span>

namespace volley::program {

struct BlockCodec {
  /// Appends records of the row to `out`, from number `from` on, until `out` has at least `bytes`
  /// or there are no more. Returns the number of the first that is not in it.
  std::size_t (*encode)(const void* row, std::size_t from, std::size_t bytes,
                        protocol::Bytes& out) = nullptr;
  /// Appends the records of a piece to the row. False when the piece does not decode.
  bool (*decode)(std::span<const std::byte> piece, void* row) = nullptr;
  std::size_t (*size)(const void* row) = nullptr;
};

struct BlockForm {
  protocol::StorageLevel level = protocol::StorageLevel::memory_only;
  const BlockCodec* codec = nullptr;  ///< null: rows only
};

}  // namespace volley::program
