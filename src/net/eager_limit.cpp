#include "net/eager_limit.hpp"

#include "net/eager_parameters.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

namespace volley::net {
namespace {

/// What headers of the library take of its limit, generously, and what a payload is a multiple of.
constexpr std::uint64_t headers = 128;
constexpr std::uint64_t alignment = 64;
constexpr std::uint64_t largest = 64ULL << 10U;

#ifdef OPEN_MPI
/// Open MPI's transport over shared memory is called sm since version 5, vader before.
#if OMPI_MAJOR_VERSION >= 5
constexpr std::string_view transport = "sm";
#else
constexpr std::string_view transport = "vader";
#endif

std::uint64_t shared_memory_limit() {
  return open_mpi_eager_limit(transport, [](const std::string& name) -> std::string {
    const char* value = std::getenv(("OMPI_MCA_" + name).c_str());
    return value == nullptr ? "" : value;
  });
}
#else
std::uint64_t shared_memory_limit() { return 0; }
#endif

bool share_memory(const MpiHandles& handles) {
  MPI_Comm host = handles.host;
  const bool own = host == MPI_COMM_NULL;
  if (own && MPI_Comm_split_type(handles.world, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host) !=
                 MPI_SUCCESS) {
    return false;
  }
  int here = 0;
  int all = 1;
  MPI_Comm_size(host, &here);
  MPI_Comm_size(handles.world, &all);
  if (own) MPI_Comm_free(&host);
  return here == all;
}

}  // namespace

std::uint64_t eager_bytes(const MpiHandles& handles) {
  // Every rank says the same, also where the library is told differently on some.
  std::uint64_t limit = share_memory(handles) ? shared_memory_limit() : 0;
  if (MPI_Allreduce(MPI_IN_PLACE, &limit, 1, MPI_UINT64_T, MPI_MIN, handles.world) != MPI_SUCCESS) {
    return 0;
  }
  if (limit <= 2 * headers || limit > largest) return 0;
  return (limit - headers) / alignment * alignment;
}

}  // namespace volley::net
