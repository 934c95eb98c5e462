#include "net/mpi_groups.hpp"

#include "base/check.hpp"
#include "net/mpi_handles.hpp"
#include "net/mpi_world.hpp"

#include <utility>

namespace volley::net {

struct MpiGroup::State {
  MPI_Comm communicator = MPI_COMM_NULL;
};

MpiGroup::MpiGroup(std::unique_ptr<State> state) : state_(std::move(state)) {}
MpiGroup::MpiGroup(MpiGroup&& other) noexcept = default;
MpiGroup& MpiGroup::operator=(MpiGroup&& other) noexcept = default;
MpiGroup::~MpiGroup() = default;

const void* MpiGroup::handle() const { return &state_->communicator; }

void MpiGroup::free() {
  VOLLEY_CHECK(state_->communicator != MPI_COMM_NULL, "a communicator is freed twice");
  MPI_Comm_free(&state_->communicator);
}

struct MpiGroups::State {
  MPI_Comm parent = MPI_COMM_NULL;
  MPI_Group world = MPI_GROUP_NULL;
};

MpiGroups::MpiGroups() : state_(std::make_unique<State>()) {}
MpiGroups::MpiGroups(MpiGroups&& other) noexcept = default;
MpiGroups& MpiGroups::operator=(MpiGroups&& other) noexcept = default;
MpiGroups::~MpiGroups() = default;

base::Result<MpiGroups> MpiGroups::open(const MpiWorld& world) {
  MpiGroups groups;
  groups.rank_ = world.rank();
  if (!world.several_callers()) {
    groups.problem_ =
        "this MPI library does not let several threads call it (MPI_THREAD_MULTIPLE): use one that "
        "was built with it (" +
        world.library() + ")";
    return groups;
  }
  auto parent = duplicate_communicator(world.handles().world);
  if (!parent) return parent.failure();
  groups.state_->parent = parent.value();
  MPI_Comm_group(parent.value(), &groups.state_->world);
  return groups;
}

void MpiGroups::close() {
  if (state_->parent == MPI_COMM_NULL) return;
  MPI_Group_free(&state_->world);
  MPI_Comm_free(&state_->parent);
}

base::Result<MpiGroup> MpiGroups::create(const std::vector<base::Rank>& ranks,
                                         std::uint32_t tag) const {
  VOLLEY_CHECK(state_->parent != MPI_COMM_NULL, "no communicators can be made: {}", problem_);
  MPI_Group group = MPI_GROUP_NULL;
  int code = MPI_Group_incl(state_->world, static_cast<int>(ranks.size()), ranks.data(), &group);
  if (code != MPI_SUCCESS) return mpi_failure("MPI_Group_incl", code);
  auto made = std::make_unique<MpiGroup::State>();
  code = MPI_Comm_create_group(state_->parent, group, static_cast<int>(tag), &made->communicator);
  MPI_Group_free(&group);
  if (code != MPI_SUCCESS) return mpi_failure("MPI_Comm_create_group", code);
  MPI_Comm_set_errhandler(made->communicator, MPI_ERRORS_RETURN);
  return MpiGroup(std::move(made));
}

}  // namespace volley::net
