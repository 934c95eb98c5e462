#pragma once
// What mpirun of this MPI library must be told so that ranks outlive another one's death.

#include <string>
#include <vector>

namespace volley::net {

/// Open MPI 4: survivors are left alone and notice by themselves. Open MPI 5: ULFM, calls that
/// involve a dead rank return an error.
std::vector<std::string> survival_flags();

}  // namespace volley::net
