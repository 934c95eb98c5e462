#include "net/mpi_world.hpp"

#include "net/launch_mistake.hpp"
#include "net/mpi_handles.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <unordered_map>
#include <utility>

namespace volley::net {

namespace {

std::string library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  std::string line(text.data(), static_cast<std::size_t>(length));
  return line.substr(0, line.find_first_of(std::string_view("\n\0", 2)));
}

std::string processor_name() {
  std::array<char, MPI_MAX_PROCESSOR_NAME> text{};
  int length = 0;
  MPI_Get_processor_name(text.data(), &length);
  return {text.data(), static_cast<std::size_t>(length)};
}

/// The rank within `communicator` of a rank of the world; MPI_UNDEFINED when it is not in it.
int translate(MPI_Comm world, MPI_Comm communicator, base::Rank rank) {
  MPI_Group from = MPI_GROUP_NULL;
  MPI_Group to = MPI_GROUP_NULL;
  MPI_Comm_group(world, &from);
  MPI_Comm_group(communicator, &to);
  int translated = MPI_UNDEFINED;
  MPI_Group_translate_ranks(from, 1, &rank, to, &translated);
  MPI_Group_free(&from);
  MPI_Group_free(&to);
  return translated;
}

}  // namespace

std::vector<std::uint32_t> number_nodes(const std::vector<std::uint64_t>& leader_of_rank) {
  std::vector<std::uint32_t> nodes;
  std::unordered_map<std::uint64_t, std::uint32_t> number;
  nodes.reserve(leader_of_rank.size());
  for (const std::uint64_t leader : leader_of_rank) {
    const auto next = static_cast<std::uint32_t>(number.size());
    nodes.push_back(number.try_emplace(leader, next).first->second);
  }
  return nodes;
}

namespace {

int thread_level(MpiThreads threads) {
  switch (threads) {
    case MpiThreads::one:
      return MPI_THREAD_SINGLE;
    case MpiThreads::several:
      return MPI_THREAD_FUNNELED;
    case MpiThreads::callers:
      break;
  }
  return MPI_THREAD_MULTIPLE;
}

MPI_Comm communicator_of(const MpiHandles& handles, MpiScope scope) {
  switch (scope) {
    case MpiScope::world:
      return handles.world;
    case MpiScope::host:
      return handles.host;
    case MpiScope::node:
      return handles.node;
  }
  return MPI_COMM_NULL;
}

}  // namespace

MpiWorld::MpiWorld() : handles_(std::make_unique<MpiHandles>()) {}
MpiWorld::MpiWorld(MpiWorld&& other) noexcept = default;
MpiWorld& MpiWorld::operator=(MpiWorld&& other) noexcept = default;
MpiWorld::~MpiWorld() = default;

base::Result<MpiWorld> MpiWorld::start(MpiThreads threads) {
  // MPI_Init may set OMPI_* itself when it is alone, so the environment is judged afterwards but
  // read before.
  constexpr std::array names = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_PROCID", "SLURM_NTASKS",
                                "SLURM_STEP_NUM_TASKS"};
  std::unordered_map<std::string, std::optional<std::string>> before;
  for (const char* name : names) before[name] = process_environment()(name);

  int provided = MPI_THREAD_SINGLE;
  const int wanted = thread_level(threads);
  const int code = MPI_Init_thread(nullptr, nullptr, wanted, &provided);
  if (code != MPI_SUCCESS) return mpi_failure("MPI_Init_thread", code);
  if (provided < std::min<int>(wanted, MPI_THREAD_FUNNELED)) {
    return base::Failure{
        "this MPI library does not allow threads beside MPI (MPI_THREAD_FUNNELED): use one that "
        "was built with thread support"};
  }
  MpiWorld world;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  world.several_callers_ = provided == MPI_THREAD_MULTIPLE;
  world.handles_->world = MPI_COMM_WORLD;
  world.handles_->host = world.handles_->node = MPI_COMM_SELF;
  MPI_Comm_rank(MPI_COMM_WORLD, &world.rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &world.size_);
  world.library_ = library_version();
  world.host_ = processor_name();
  world.launch_mistake_ =
      net::launch_mistake(world.size_, [&](const std::string& name) { return before[name]; });
  for (int rank = 0; rank < world.size_; ++rank) {
    world.node_of_rank_.push_back(static_cast<std::uint32_t>(rank));
  }
  world.nodes_ = static_cast<std::uint32_t>(world.size_);
  return world;
}

base::Status MpiWorld::group_nodes(std::uint32_t node_ranks) {
  if (handles_->host == MPI_COMM_SELF) {
    MPI_Comm host = MPI_COMM_NULL;
    const int code =
        MPI_Comm_split_type(handles_->world, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &host);
    if (code != MPI_SUCCESS) return mpi_failure("MPI_Comm_split_type", code);
    MPI_Comm_set_errhandler(host, MPI_ERRORS_RETURN);
    handles_->host = host;
  }
  MPI_Comm node = MPI_COMM_NULL;
  const auto group =
      node_ranks == 0 ? 0 : static_cast<int>(static_cast<std::uint32_t>(rank_) / node_ranks);
  int code = MPI_Comm_split(handles_->host, group, rank_, &node);
  if (code != MPI_SUCCESS) return mpi_failure("MPI_Comm_split", code);
  MPI_Comm_set_errhandler(node, MPI_ERRORS_RETURN);
  if (handles_->node != MPI_COMM_SELF) MPI_Comm_free(&handles_->node);
  handles_->node = node;
  auto leader = static_cast<std::uint64_t>(rank_);
  code = MPI_Bcast(&leader, 1, MPI_UINT64_T, 0, node);
  if (code != MPI_SUCCESS) return mpi_failure("MPI_Bcast", code);
  auto leaders = allgather(leader, MpiScope::world);
  if (!leaders) return leaders.failure();
  node_of_rank_ = number_nodes(leaders.value());
  nodes_ = 1 + *std::max_element(node_of_rank_.begin(), node_of_rank_.end());
  return base::Done{};
}

bool MpiWorld::finalize(base::Duration patience) {
  // Under srun with PMIx, MPI_Finalize lets a rank go while others still work, and the kernel
  // resets its connections with whatever was on the way. Waiting is asleep: containers have the
  // cores.
  MPI_Request everyone = MPI_REQUEST_NULL;
  int here = 0;
  const auto begin = std::chrono::steady_clock::now();
  int code = MPI_Ibarrier(handles_->world, &everyone);
  while (code == MPI_SUCCESS && here == 0) {
    code = MPI_Test(&everyone, &here, MPI_STATUS_IGNORE);
    if (here != 0) break;
    if (std::chrono::steady_clock::now() - begin > patience) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  if (code != MPI_SUCCESS) return false;
  for (MPI_Comm* each : {&handles_->node, &handles_->host}) {
    if (*each != MPI_COMM_SELF) MPI_Comm_free(each);
  }
  return MPI_Finalize() == MPI_SUCCESS;
}

std::vector<base::Rank> MpiWorld::ranks_of_node(std::uint32_t node) const {
  std::vector<base::Rank> ranks;
  for (std::size_t rank = 0; rank < node_of_rank_.size(); ++rank) {
    if (node_of_rank_[rank] == node) ranks.push_back(static_cast<base::Rank>(rank));
  }
  return ranks;
}

base::Status MpiWorld::broadcast(protocol::Bytes& bytes, base::Rank root, MpiScope scope) const {
  const MPI_Comm among = communicator_of(*handles_, scope);
  const int from = translate(handles_->world, among, root);
  VOLLEY_CHECK(from != MPI_UNDEFINED, "rank {} is not beside rank {}", root, rank_);
  std::uint64_t size = bytes.size();
  int code = MPI_Bcast(&size, 1, MPI_UINT64_T, from, among);
  if (code != MPI_SUCCESS) return mpi_failure("MPI_Bcast", code);
  bytes.resize(size);
  for (std::uint64_t at = 0; at < size; at += largest_message) {
    const auto part = static_cast<int>(std::min(largest_message, size - at));
    code = MPI_Bcast(bytes.data() + at, part, MPI_BYTE, from, among);
    if (code != MPI_SUCCESS) return mpi_failure("MPI_Bcast", code);
  }
  return base::Done{};
}

base::Result<std::vector<std::uint64_t>> MpiWorld::allgather(std::uint64_t value,
                                                             MpiScope scope) const {
  const MPI_Comm among = communicator_of(*handles_, scope);
  int members = 0;
  MPI_Comm_size(among, &members);
  std::vector<std::uint64_t> all(static_cast<std::size_t>(members));
  const int code = MPI_Allgather(&value, 1, MPI_UINT64_T, all.data(), 1, MPI_UINT64_T, among);
  if (code != MPI_SUCCESS) return mpi_failure("MPI_Allgather", code);
  return all;
}

}  // namespace volley::net
