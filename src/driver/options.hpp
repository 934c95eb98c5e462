#pragma once
// Options of the driver role, filled by the composition root from the option table, and Turn: what
// every handler of the driver's parts gets from outside, the time and a place for messages.

#include "base/ids.hpp"
#include "base/units.hpp"
#include "driver/executor_allocation.hpp"
#include "protocol/address.hpp"
#include "protocol/driver_messages.hpp"
#include "protocol/outbox.hpp"

#include <chrono>
#include <cstdint>

namespace volley::driver {

struct Options {
  base::ApplicationId application;
  protocol::Address application_master;
  protocol::Address program;
  std::uint64_t build_id = 0;            ///< executors of another build are refused
  std::uint32_t max_failures = 4;        ///< of one task, until its job fails
  std::uint32_t max_stage_attempts = 4;  ///< consecutive ones that lost an input
  protocol::Codec shuffle_codec = protocol::Codec::none;  ///< between nodes
  base::ByteCount max_result_size;  ///< of one job's results together; 0: no limit
  double registration_ratio = 0.8;  ///< of the granted executors, enough after the wait
  base::Duration registration_wait = std::chrono::seconds{30};
  base::Duration heartbeat_interval = std::chrono::seconds{10};
  base::Duration network_timeout = std::chrono::seconds{120};
  base::Duration locality_wait = std::chrono::seconds{3};
  /// How long tasks wait for an executor on the node of their shuffle data before the data moves.
  base::Duration holder_wait = std::chrono::seconds{5};
  /// Between a lost input and the new attempt, so that a burst of losses is handled once.
  base::Duration resubmit_delay = std::chrono::milliseconds{200};
  AllocationOptions allocation;
  base::Duration starvation_wait = std::chrono::seconds{30};
  base::Duration starvation_repeat = std::chrono::seconds{15};
};

/// One call of the driver: its time is that of the last tick.
struct Turn {
  base::TimePoint now;
  protocol::Outbox& outbox;
};

}  // namespace volley::driver
