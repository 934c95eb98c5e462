#include "net/mpi_handles.hpp"

#include <fmt/format.h>

#include <array>
#include <string>

namespace volley::net {

base::Failure mpi_failure(std::string_view what, int code) {
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  if (MPI_Error_string(code, text.data(), &length) != MPI_SUCCESS) length = 0;
  return {fmt::format("{} failed: {}", what,
                      length == 0 ? fmt::format("MPI error {}", code)
                                  : std::string(text.data(), static_cast<std::size_t>(length)))};
}

base::Status mpi_status(std::string_view what, int code) {
  if (code != MPI_SUCCESS) return mpi_failure(what, code);
  return base::Done{};
}

base::Result<MPI_Comm> duplicate_communicator(MPI_Comm communicator) {
  MPI_Comm copy = MPI_COMM_NULL;
  const int code = MPI_Comm_dup(communicator, &copy);
  if (code != MPI_SUCCESS) return mpi_failure("MPI_Comm_dup", code);
  MPI_Comm_set_errhandler(copy, MPI_ERRORS_RETURN);
  return copy;
}

int largest_tag(MPI_Comm communicator) {
  void* value = nullptr;
  int found = 0;
  MPI_Comm_get_attr(communicator, MPI_TAG_UB, static_cast<void*>(&value), &found);
  constexpr int guaranteed = 32767;
  return found != 0 ? *static_cast<int*>(value) : guaranteed;
}

}  // namespace volley::net
