#pragma once
// Reading and writing all of a range of an open file, however many calls that takes.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace volley::io {

/// Fills `out` from the file's position: how many bytes it got, fewer than wanted only at the
/// file's end. Nothing when reading failed: errno says why.
std::optional<std::size_t> read_fully(int file, std::span<std::byte> out);
/// The same from `offset` on.
std::optional<std::size_t> read_fully_at(int file, std::uint64_t offset, std::span<std::byte> out);

/// Writes all at the file's position. False when that failed: errno says why.
bool write_fully(int file, std::span<const std::byte> bytes);
/// The same from `offset` on.
bool write_fully_at(int file, std::uint64_t offset, std::span<const std::byte> bytes);

}  // namespace volley::io
