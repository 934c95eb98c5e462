#include "program/fingerprint.hpp"

#include <fmt/format.h>
#include <xxhash.h>

namespace volley::program {
namespace {

Fingerprint hash(const void* bytes, std::size_t size) {
  const XXH128_hash_t value = XXH3_128bits(bytes, size);
  return {value.low64, value.high64};
}

Fingerprint hash(const protocol::Bytes& bytes) { return hash(bytes.data(), bytes.size()); }

}  // namespace

Fingerprint fingerprint_of(const protocol::RddSpec& rdd, const std::vector<Fingerprint>& parents) {
  protocol::Bytes text;
  {
    protocol::Writer out(text);
    protocol::write(out, rdd.partitions);
    protocol::write(out, rdd.barrier);
    protocol::write(out, rdd.compute);
    protocol::write(out, rdd.dependencies.size());
    for (const protocol::Dependency& dependency : rdd.dependencies) {
      // Numbers of parents and shuffles differ from run to run; the parents' fingerprints do not.
      protocol::Dependency plain = dependency;
      plain.parent = 0;
      plain.shuffle = 0;
      protocol::write(out, plain);
    }
    for (const Fingerprint& parent : parents) protocol::write(out, parent);
    for (const auto& payload : rdd.payloads) protocol::write(out, hash(*payload));
  }
  return hash(text);
}

Fingerprint fingerprint_of(const Fingerprint& rdd, const std::vector<std::uint32_t>& partitions,
                           const protocol::Closure& action) {
  protocol::Bytes text;
  {
    protocol::Writer out(text);
    protocol::write(out, rdd);
    protocol::write(out, partitions);
    protocol::write(out, action);
  }
  return hash(text);
}

std::string to_string(const Fingerprint& fingerprint) {
  return fmt::format("{:016x}{:016x}", fingerprint.high, fingerprint.low);
}

}  // namespace volley::program
