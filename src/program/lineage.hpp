#pragma once
// Lineage: the RDDs of a program as the driver knows them, immutable and shared by the handles and
// the RDDs that depend on them. When the last reference to a shuffled RDD goes, the cluster forgets
// the shuffle's data.

#include "program/fingerprint.hpp"
#include "protocol/program.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace volley::program {

class ContextCore;

/// How the records of an RDD are laid out over its partitions. Two RDDs with equal partitioners
/// (and a kind other than none) have equal keys in equal partitions, and join without a shuffle.
struct Partitioner {
  enum class Kind : std::uint8_t { none, hash, range, custom };
  Kind kind = Kind::none;
  std::uint32_t partitions = 0;
  std::uint64_t identity = 0;  ///< a hash of `function`
  /// Range and custom ones: makes the function from a key to its partition.
  std::shared_ptr<const protocol::Closure> function = nullptr;
  bool operator==(const Partitioner& other) const {
    return kind == other.kind && partitions == other.partitions && identity == other.identity;
  }
  explicit operator bool() const { return kind != Kind::none; }
};

class Lineage {
 public:
  Lineage(std::shared_ptr<ContextCore> core, protocol::RddSpec spec,
          std::vector<std::shared_ptr<const Lineage>> parents, Partitioner partitioner);
  Lineage(const Lineage&) = delete;
  Lineage& operator=(const Lineage&) = delete;
  /// Takes chains of any length apart without recursion.
  ~Lineage();

  base::RddId id() const { return spec_->id; }
  std::uint32_t partitions() const { return spec_->partitions; }
  const protocol::RddSpecPtr& spec() const { return spec_; }
  const std::vector<std::shared_ptr<const Lineage>>& parents() const { return parents_; }
  const Partitioner& partitioner() const { return partitioner_; }
  const std::shared_ptr<ContextCore>& core() const { return core_; }

  /// Of what this RDD computes; only where the context keeps a recovery directory.
  const Fingerprint& fingerprint() const { return fingerprint_; }

  /// This RDD and all it needs, parents before children: not the ancestors of checkpointed ones.
  std::vector<const Lineage*> needed() const;
  /// The same as specs: the sources that stand for checkpointed RDDs.
  std::vector<protocol::RddSpecPtr> reachable() const;

 private:
  Fingerprint make_fingerprint() const;

  std::shared_ptr<ContextCore> core_;
  protocol::RddSpecPtr spec_;
  mutable std::vector<std::shared_ptr<const Lineage>> parents_;
  Partitioner partitioner_;
  Fingerprint fingerprint_;
};
using LineagePtr = std::shared_ptr<const Lineage>;

/// The RDDs that this one is made from, for reading: a line each, indented at every shuffle.
std::string debug_string(const Lineage& rdd);

}  // namespace volley::program
