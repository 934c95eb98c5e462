#pragma once
// StorageLevel: where the partitions of a persisted RDD are kept, with Spark's names. Programs know
// it as volley::StorageLevel.

#include <cstdint>
#include <string>

namespace volley::protocol {

struct StorageLevel {
  bool disk = false;
  bool memory = false;
  bool deserialized = false;  ///< in memory as objects, not encoded
  std::uint8_t replication = 1;

  static const StorageLevel none;
  static const StorageLevel disk_only;
  static const StorageLevel disk_only_2;
  static const StorageLevel disk_only_3;
  static const StorageLevel memory_only;
  static const StorageLevel memory_only_2;
  static const StorageLevel memory_only_ser;
  static const StorageLevel memory_only_ser_2;
  static const StorageLevel memory_and_disk;
  static const StorageLevel memory_and_disk_2;
  static const StorageLevel memory_and_disk_ser;
  static const StorageLevel memory_and_disk_ser_2;

  bool operator==(const StorageLevel&) const = default;
  bool keeps() const { return disk || memory; }
};

inline constexpr StorageLevel StorageLevel::none{false, false, false, 1};
inline constexpr StorageLevel StorageLevel::disk_only{true, false, false, 1};
inline constexpr StorageLevel StorageLevel::disk_only_2{true, false, false, 2};
inline constexpr StorageLevel StorageLevel::disk_only_3{true, false, false, 3};
inline constexpr StorageLevel StorageLevel::memory_only{false, true, true, 1};
inline constexpr StorageLevel StorageLevel::memory_only_2{false, true, true, 2};
inline constexpr StorageLevel StorageLevel::memory_only_ser{false, true, false, 1};
inline constexpr StorageLevel StorageLevel::memory_only_ser_2{false, true, false, 2};
inline constexpr StorageLevel StorageLevel::memory_and_disk{true, true, true, 1};
inline constexpr StorageLevel StorageLevel::memory_and_disk_2{true, true, true, 2};
inline constexpr StorageLevel StorageLevel::memory_and_disk_ser{true, true, false, 1};
inline constexpr StorageLevel StorageLevel::memory_and_disk_ser_2{true, true, false, 2};

/// As Spark words it: "Disk Memory Deserialized 1x Replicated".
std::string describe(const StorageLevel& level);

}  // namespace volley::protocol
