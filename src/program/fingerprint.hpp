#pragma once
// Fingerprints: what an RDD or a job computes, as 128 bits of XXH3. Equal fingerprints mean the
// same code (build-ids and offsets), the same captures, the same sources (files with their sizes
// and times) and the same partitions, whatever numbers the RDDs and shuffles have. A later run of
// the same program finds its earlier work by them.

#include "protocol/program.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace volley::program {

struct Fingerprint {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const Fingerprint&) const = default;
};

/// Of an RDD; `parents` are those of its dependencies, in their order.
Fingerprint fingerprint_of(const protocol::RddSpec& rdd, const std::vector<Fingerprint>& parents);

/// Of a job: an action on partitions of an RDD.
Fingerprint fingerprint_of(const Fingerprint& rdd, const std::vector<std::uint32_t>& partitions,
                           const protocol::Closure& action);

/// 32 hexadecimal digits.
std::string to_string(const Fingerprint& fingerprint);

}  // namespace volley::program
