#pragma once
// MemoryMap: which addresses mean something in this process. Captures that are about to be shipped
// are scanned against it: a word that is an address here would be garbage on an executor.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace volley::program {

class MemoryMap {
 public:
  /// The mappings of this process now, from /proc/self/maps.
  static MemoryMap of_this_process();

  /// What an address points into ("the stack", "the heap", "data of libfoo.so"), or nothing.
  std::optional<std::string> region(std::uint64_t address) const;

  struct Finding {
    std::size_t offset = 0;  ///< of the word in the captures, in bytes
    std::string region;
  };
  /// The first aligned word of `captures` that is an address of this process.
  std::optional<Finding> find_address(std::span<const std::byte> captures) const;

 private:
  struct Region {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::string name;
  };
  std::vector<Region> regions_;  // ascending
};

}  // namespace volley::program
