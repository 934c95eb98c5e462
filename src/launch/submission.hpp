#pragma once
// What rank 0's client submits for a run request.

#include "launch/run_request.hpp"
#include "protocol/cluster_messages.hpp"

namespace volley::launch {

protocol::Submission submission_of(const RunRequest& request);

}  // namespace volley::launch
