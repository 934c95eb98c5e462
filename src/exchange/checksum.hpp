#pragma once
// The checksum of shuffle data: XXH3 of 64 bits, made by the widest vector instructions that this
// processor has (the value is the same with all of them). Whole, or of bytes that come in pieces.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace volley::exchange {

std::uint64_t checksum_of(std::span<const std::byte> bytes);

class RunningChecksum {
 public:
  RunningChecksum();
  /// As of no bytes.
  void restart();
  void add(std::span<const std::byte> bytes);
  /// Of all bytes added since the start.
  std::uint64_t value() const;

 private:
  struct Free {
    void operator()(void* state) const;
  };
  std::unique_ptr<void, Free> state_;
};

}  // namespace volley::exchange
