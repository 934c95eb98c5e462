#pragma once
// LineageOperations: what a program can ask an Rdd about where it comes from.

#include "program/preferred_hosts.hpp"

#include <volley/error.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace volley {

/// How an RDD depends on another one.
struct RddDependency {
  std::uint32_t parent = 0;  ///< its id()
  std::string parent_name;
  bool shuffle = false;  ///< else narrow: without moving records between tasks
};

namespace detail {

std::vector<RddDependency> dependencies_of(const program::Lineage& rdd);

template <class Self, class T, class P>
class LineageOperations {
 public:
  /// On the RDDs that this one is made from, in the order of the operation's inputs; none once it
  /// is read from a checkpoint.
  std::vector<RddDependency> dependencies() const { return dependencies_of(*self().lineage()); }
  /// The hosts where the partition is best computed: those that its source prefers. Empty:
  /// anywhere.
  std::vector<std::string> preferred_locations(std::uint32_t partition) const {
    const auto hosts = program::preferred_hosts(*self().lineage());
    if (partition < hosts.size()) return hosts[partition];
    throw InvalidArgument("there is no partition " + std::to_string(partition));
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
};

}  // namespace detail
}  // namespace volley
