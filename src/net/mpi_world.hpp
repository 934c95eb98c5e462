#pragma once
// MpiWorld: this process as a rank of the MPI job, and which ranks share its node. Made once by the
// composition root on the thread that will own MPI; everything else that speaks MPI is built on it.
// Nothing is collective but the functions that say so; the destructor is not, so that a rank can
// leave after others have died. An orderly end calls finalize().

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "protocol/codec.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace volley::net {

struct MpiHandles;

/// Whom a collective helper includes. A host is what hardware makes a node of; group_nodes() may
/// cut it into several.
enum class MpiScope : std::uint8_t { world, host, node };

/// Whether the process has threads beside the one that calls MPI, and whether they call it too.
/// Where there are none, Open MPI sends a small message in 0.05 us less: it takes no locks.
enum class MpiThreads : std::uint8_t { several, one, callers };

class MpiWorld {
 public:
  /// MPI_Init_thread, and what can be known without other ranks. `callers` is a wish: see
  /// several_callers().
  /// Until group_nodes() this rank is alone on its node. At most once in a process.
  static base::Result<MpiWorld> start(MpiThreads threads = MpiThreads::several);

  MpiWorld(MpiWorld&& other) noexcept;
  MpiWorld& operator=(MpiWorld&& other) noexcept;
  MpiWorld(const MpiWorld&) = delete;
  MpiWorld& operator=(const MpiWorld&) = delete;
  ~MpiWorld();

  /// Collective over the world. Ranks with shared memory form a node; with `node_ranks` > 0 a node
  /// is cut into groups of that many consecutive ranks of the world (tests of many nodes on one).
  base::Status group_nodes(std::uint32_t node_ranks);
  /// Collective over the world: no rank leaves before all have come here. False when that did not
  /// happen within `patience`, or MPI reports a failed rank: MPI_Finalize might wait for ever then,
  /// and the process has to end without it.
  [[nodiscard]] bool finalize(base::Duration patience = base::Duration::max());

  base::Rank rank() const { return rank_; }
  int size() const { return size_; }
  /// One line: "Open MPI v4.1.4, ...".
  const std::string& library() const { return library_; }
  const std::string& host() const { return host_; }
  /// Whether any thread may call MPI at any time (MPI_THREAD_MULTIPLE).
  bool several_callers() const { return several_callers_; }
  /// See launch_mistake(), asked with the environment from before MPI_Init.
  const std::optional<std::string>& launch_mistake() const { return launch_mistake_; }
  /// A short description of what carries messages, "shared memory (vader, cma) + tcp"; a guess from
  /// the MPI library's variables, for people.
  std::string transport_name() const;

  /// Nodes are counted from 0 in order of their lowest rank; indexed by rank.
  const std::vector<std::uint32_t>& node_of_rank() const { return node_of_rank_; }
  std::uint32_t node() const { return node_of_rank_.at(static_cast<std::size_t>(rank_)); }
  std::uint32_t nodes() const { return nodes_; }
  /// In ascending order; the first is the node's leader.
  std::vector<base::Rank> ranks_of_node(std::uint32_t node) const;
  bool leads_node() const { return ranks_of_node(node()).front() == rank_; }

  /// Collective over the scope: everyone ends with the bytes of `root` (a rank of the world).
  base::Status broadcast(protocol::Bytes& bytes, base::Rank root, MpiScope scope) const;
  /// Collective over the scope: everyone's value, by rank within the scope.
  base::Result<std::vector<std::uint64_t>> allgather(std::uint64_t value, MpiScope scope) const;

  const MpiHandles& handles() const { return *handles_; }

 private:
  MpiWorld();

  std::unique_ptr<MpiHandles> handles_;
  base::Rank rank_ = base::no_rank;
  int size_ = 0;
  bool several_callers_ = false;
  std::string library_;
  std::string host_;
  std::optional<std::string> launch_mistake_;
  std::vector<std::uint32_t> node_of_rank_;
  std::uint32_t nodes_ = 0;
};

/// Numbers the nodes 0, 1, ... in order of first appearance of their leader's rank.
std::vector<std::uint32_t> number_nodes(const std::vector<std::uint64_t>& leader_of_rank);

}  // namespace volley::net
