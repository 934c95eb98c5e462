#pragma once
// Huge pages for memory that will be filled: without them, the first touch of every 4 KiB is a
// fault of a microsecond or so.

#include <cstddef>

namespace volley::program {

/// Below that, the rest of a last huge page would be too much of it.
inline constexpr std::size_t worth_huge_pages = 8U << 20U;

/// Asks the kernel for them; a wish, not a need. What lies whole in the range may get one.
void prefer_huge_pages(void* data, std::size_t bytes);

}  // namespace volley::program
