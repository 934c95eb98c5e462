#include "net/eager_limit.hpp"

#include <algorithm>

namespace volley::net {
namespace {

/// What headers of the library take of its limit, generously, and what a payload is a multiple of.
constexpr std::uint64_t headers = 128;
constexpr std::uint64_t alignment = 64;
constexpr std::uint64_t largest = 64ULL << 10U;

/// The value of a control variable that counts bytes; 0 when there is none. A component that is not
/// in use has none.
std::uint64_t control_variable(const char* name) {
  int index = 0;
  if (MPI_T_cvar_get_index(name, &index) != MPI_SUCCESS) return 0;
  MPI_T_cvar_handle handle = nullptr;
  int count = 0;
  if (MPI_T_cvar_handle_alloc(index, nullptr, &handle, &count) != MPI_SUCCESS) return 0;
  std::uint64_t value = 0;
  // Of the types MPI has for them, all that counts bytes is at most as large as this.
  if (count != 1 || MPI_T_cvar_read(handle, &value) != MPI_SUCCESS) value = 0;
  MPI_T_cvar_handle_free(&handle);
  return value;
}

/// Of the transport over shared memory, called vader before Open MPI 5; 0 without it.
std::uint64_t shared_memory_limit() {
  int provided = 0;
  if (MPI_T_init_thread(MPI_THREAD_SINGLE, &provided) != MPI_SUCCESS) return 0;
  std::uint64_t limit = control_variable("btl_vader_eager_limit");
  if (limit == 0) limit = control_variable("btl_sm_eager_limit");
  MPI_T_finalize();
  return limit;
}

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
