#pragma once
// MpiGroups: communicators of some of the ranks each, for code that calls MPI beside the thread
// that serves. They are made from a duplicate of the world's communicator that nothing else uses,
// by their members only. An object is opened and closed by the thread that owns MPI; create() and
// what it returns are for any thread, which is why the library has to offer MPI_THREAD_MULTIPLE.

#include "base/ids.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace volley::net {

class MpiWorld;

/// A communicator; left to the MPI library when it is not free()d.
class MpiGroup {
 public:
  MpiGroup(MpiGroup&& other) noexcept;
  MpiGroup& operator=(MpiGroup&& other) noexcept;
  ~MpiGroup();
  /// Points to the MPI_Comm, with errors returned.
  const void* handle() const;
  /// By all members, with nothing under way. Once.
  void free();

 private:
  friend class MpiGroups;
  struct State;
  explicit MpiGroup(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class MpiGroups {
 public:
  /// Collective over the world, which was started for several callers; see problem() otherwise.
  static base::Result<MpiGroups> open(const MpiWorld& world);

  MpiGroups(MpiGroups&& other) noexcept;
  MpiGroups& operator=(MpiGroups&& other) noexcept;
  ~MpiGroups();
  /// Collective over the world.
  void close();

  /// Why there can be no communicators; empty: nothing forbids them.
  const std::string& problem() const { return problem_; }
  base::Rank rank() const { return rank_; }
  /// Collective over `ranks`, which are those of the world that become 0, 1, ...; this one is among
  /// them. Calls that a rank makes at the same time differ in their tags, which are up to 32767.
  base::Result<MpiGroup> create(const std::vector<base::Rank>& ranks, std::uint32_t tag) const;

 private:
  MpiGroups();
  struct State;
  std::unique_ptr<State> state_;
  std::string problem_;
  base::Rank rank_ = base::no_rank;
};

}  // namespace volley::net
