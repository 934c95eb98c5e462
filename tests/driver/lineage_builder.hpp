#pragma once
// LineageBuilder: small lineages for tests, in the words of the programming interface.

#include "protocol/driver_messages.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace volley::driver::testing {

using protocol::Dependency;
using protocol::DependencyKind;

class LineageBuilder {
 public:
  base::RddId source(std::uint32_t partitions) {
    protocol::RddSpec rdd = make("source", partitions);
    for (std::uint32_t i = 0; i < partitions; ++i) {
      rdd.payloads.push_back(
          std::make_shared<const protocol::Bytes>(1, static_cast<std::byte>(i & 0xffU)));
    }
    return add(std::move(rdd));
  }
  base::RddId map(base::RddId parent) {
    protocol::RddSpec rdd = make("map", partitions(parent));
    rdd.dependencies.push_back(narrow(DependencyKind::one_to_one, parent));
    return add(std::move(rdd));
  }
  /// One RDD that reads a new shuffle of each parent (one: reduce_by_key, two: join).
  base::RddId shuffle(const std::vector<base::RddId>& parents, std::uint32_t reducers) {
    protocol::RddSpec rdd = make("shuffled", reducers);
    for (const base::RddId parent : parents) {
      Dependency dependency = narrow(DependencyKind::shuffle, parent);
      dependency.shuffle = next_shuffle_++;
      dependency.reducers = reducers;
      rdd.dependencies.push_back(dependency);
    }
    return add(std::move(rdd));
  }
  base::RddId join(std::vector<base::RddId> parents) {
    protocol::RddSpec rdd = make("zip", partitions(parents.front()));
    for (const base::RddId parent : parents) {
      rdd.dependencies.push_back(narrow(DependencyKind::one_to_one, parent));
    }
    return add(std::move(rdd));
  }
  base::RddId unite(const std::vector<base::RddId>& parents) {
    protocol::RddSpec rdd = make("union", 0);
    for (const base::RddId parent : parents) {
      Dependency dependency = narrow(DependencyKind::range, parent);
      dependency.out_start = rdd.partitions;
      dependency.length = partitions(parent);
      rdd.partitions += dependency.length;
      rdd.dependencies.push_back(dependency);
    }
    return add(std::move(rdd));
  }
  base::RddId coalesce(base::RddId parent, std::vector<std::vector<std::uint32_t>> groups) {
    protocol::RddSpec rdd = make("coalesce", static_cast<std::uint32_t>(groups.size()));
    Dependency dependency = narrow(DependencyKind::groups, parent);
    dependency.groups = std::move(groups);
    rdd.dependencies.push_back(dependency);
    return add(std::move(rdd));
  }
  /// Every pair of partitions of two RDDs.
  base::RddId cartesian(base::RddId a, base::RddId b) {
    const std::uint32_t rows = partitions(a);
    const std::uint32_t columns = partitions(b);
    protocol::RddSpec rdd = make("cartesian", rows * columns);
    Dependency left = narrow(DependencyKind::groups, a);
    Dependency right = narrow(DependencyKind::groups, b);
    for (std::uint32_t i = 0; i < rows * columns; ++i) {
      left.groups.push_back({i / columns});
      right.groups.push_back({i % columns});
    }
    rdd.dependencies = {left, right};
    return add(std::move(rdd));
  }
  /// A narrow child whose tasks start together.
  base::RddId barrier(base::RddId parent) {
    protocol::RddSpec rdd = make("barrier", partitions(parent));
    rdd.dependencies.push_back(narrow(DependencyKind::one_to_one, parent));
    rdd.barrier = true;
    return add(std::move(rdd));
  }
  /// Says how records of an RDD come from those of its inputs.
  void allow_parts(base::RddId id, protocol::PartitionParts parts) {
    protocol::RddSpec rdd = *rdds_.at(id);
    rdd.parts = parts;
    rdds_.at(id) = std::make_shared<const protocol::RddSpec>(std::move(rdd));
  }
  void persist(base::RddId rdd) { persisted_.push_back(rdd); }

  std::uint32_t partitions(base::RddId rdd) const { return rdds_.at(rdd)->partitions; }
  const std::vector<protocol::RddSpecPtr>& rdds() const { return rdds_; }
  const std::vector<base::RddId>& persisted() const { return persisted_; }
  std::uint32_t shuffles() const { return next_shuffle_; }

  /// A job on all partitions.
  protocol::JobSubmitted job(base::JobId id, base::RddId final_rdd) const {
    protocol::JobSubmitted message;
    message.job = id;
    message.final_rdd = final_rdd;
    message.rdds = rdds_;
    message.persisted = persisted_;
    for (std::uint32_t i = 0; i < partitions(final_rdd); ++i) message.partitions.push_back(i);
    message.call_site = "collect at test.cpp:1";
    return message;
  }

 private:
  protocol::RddSpec make(const char* name, std::uint32_t partitions) const {
    protocol::RddSpec rdd;
    rdd.id = static_cast<base::RddId>(rdds_.size());
    rdd.name = name;
    rdd.call_site = "test.cpp:1";
    rdd.partitions = partitions;
    return rdd;
  }
  static Dependency narrow(DependencyKind kind, base::RddId parent) {
    Dependency dependency;
    dependency.kind = kind;
    dependency.parent = parent;
    return dependency;
  }
  base::RddId add(protocol::RddSpec rdd) {
    rdds_.push_back(std::make_shared<const protocol::RddSpec>(std::move(rdd)));
    return rdds_.back()->id;
  }

  std::vector<protocol::RddSpecPtr> rdds_;
  std::vector<base::RddId> persisted_;
  base::ShuffleNumber next_shuffle_ = 0;
};

}  // namespace volley::driver::testing
