#pragma once
// FastModulo: the remainder of a division by a number that stays the same, for 32-bit values by two
// multiplications (Lemire, Kaser, Kurz: Faster remainder by direct computation, 2019).

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace volley::detail {

class FastModulo {
 public:
  /// With a divisor of 0 it must not be called.
  explicit FastModulo(std::uint32_t divisor)
      : divisor_(divisor), inverse_(divisor == 0 ? 0 : ~std::uint64_t{0} / divisor + 1) {}

  /// In 0..divisor-1; of negative values as well.
  template <std::integral K>
  std::uint32_t operator()(K key) const {
    if constexpr (std::is_signed_v<K>) {
      if (key < 0) return divisor_ - 1 - of(static_cast<std::uint64_t>(-(key + 1)));
    }
    return of(static_cast<std::uint64_t>(key));
  }

 private:
  std::uint32_t of(std::uint64_t value) const {
    if (value >> 32U != 0) return static_cast<std::uint32_t>(value % divisor_);
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint32_t>((Wide{inverse_ * value} * divisor_) >> 64U);
  }

  std::uint32_t divisor_;
  std::uint64_t inverse_;
};

}  // namespace volley::detail
