#pragma once
// Records on their way into a file: encoded in blocks of a few thousand.

#include "protocol/codec.hpp"

#include <volley/types.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace volley::detail {

/// write(bytes, records) for each block of the records of type T that `source` pushes, none of them
/// empty; how many records there were.
template <class T, class Source, class Write>
std::uint64_t encode_in_blocks(Source&& source, Write&& write) {
  static constexpr std::size_t block_records = 4096;
  std::uint64_t total = 0;
  std::vector<owned_t<T>> block;
  const auto finish_block = [&] {
    write(protocol::encode(block), static_cast<std::uint64_t>(block.size()));
    total += block.size();
    block.clear();
  };
  auto add = [&](auto&& record) {
    block.push_back(to_owned(std::forward<decltype(record)>(record)));
    if (block.size() >= block_records) finish_block();
  };
  source(add);
  if (!block.empty()) finish_block();
  return total;
}

}  // namespace volley::detail
