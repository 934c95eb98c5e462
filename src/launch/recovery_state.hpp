#pragma once
// Which directory below volley.recovery.dir belongs to an application: the one of the same build,
// started in the same working directory with the same name, arguments and --files. Two that are
// alike in all of this are told apart by volley.app.name.

#include "base/result.hpp"
#include "launch/run_request.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace volley::launch {

struct RecoveryState {
  std::string directory;        ///< absolute; empty: the request asks for none
  std::optional<int> finished;  ///< the exit code, when an earlier run has finished it
};

/// Makes the directory unless the application is finished. On rank 0.
base::Result<RecoveryState> open_recovery(const RunRequest& request, std::uint64_t build_id);

}  // namespace volley::launch
