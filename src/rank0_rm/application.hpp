#pragma once
// Application: what the ResourceManager knows of one submitted program. Plain data, owned and
// changed by the ResourceManager alone.

#include "protocol/cluster_messages.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace volley::rm {

/// Where an application is. The state that users see follows from it (see visible_state).
///
///   waiting ──grant──▶ launched ──AM registers──▶ running ──unregisters──▶ completing ──▶ (gone)
///      ▲                  │                         │                         ▲
///      └──next attempt── ending ◀──AM's container exits                       │
///                         └────────────attempts used up, kill, refusal────────┘
enum class Phase : std::uint8_t {
  waiting,     ///< for the ApplicationMaster's container
  launched,    ///< that container is granted
  running,     ///< the ApplicationMaster has registered
  ending,      ///< it exited without unregistering; the attempt's containers are being stopped
  completing,  ///< the outcome is known; containers are going back
};

/// What an application that has no ApplicationMaster yet waits for, as its user was told.
enum class Pending : std::uint8_t { none, for_master, behind_another };

/// A live container: at least one member holds capacity.
struct Container {
  protocol::GrantedContainer granted;
  protocol::ContainerKind kind = protocol::ContainerKind::executor;
  std::vector<bool> exited;  ///< by member
  std::size_t live = 0;      ///< members that have not exited
  bool stopping = false;     ///< was asked to stop: its exit is expected
  bool released = false;     ///< by its ApplicationMaster, who knows and need not be told
};

struct Outcome {
  protocol::ApplicationState state = protocol::ApplicationState::finished;
  protocol::FinalStatus status = protocol::FinalStatus::undefined;
  std::string diagnostics;
  std::int32_t exit_code = 0;
};

struct Application {
  base::ApplicationId id;
  protocol::Submission submission;
  protocol::Address client;
  Phase phase = Phase::waiting;
  std::uint32_t attempt = 1;
  std::uint64_t last_container = 0;  ///< number of the attempt's newest container; 1 is the AM's
  protocol::Address master;          ///< of this attempt, from the grant on
  protocol::Address driver;          ///< in the master's container, or in client mode in its own
  std::string tracking_address;
  std::map<base::ContainerId, Container> containers;
  /// By priority, lower first; `count` is what is still to be granted.
  std::map<std::int32_t, protocol::ContainerAsk> asks;
  Pending pending = Pending::none;
  std::string pending_reason;  ///< why it waits, with numbers; empty when it does not
  float progress = 0;
  base::TimePoint last_heard{};  ///< of the ApplicationMaster; of its launch before
  std::string last_failure;      ///< why the attempt ended
  std::int32_t last_status = 0;
  std::optional<Outcome> outcome;           ///< set when completing
  std::optional<base::TimePoint> deadline;  ///< of `ending` and `completing`; set by a tick
  std::vector<base::ContainerId> started;   ///< since the last tick, for the log
  std::uint64_t returned = 0;               ///< containers given back, for the log
};

inline protocol::ApplicationState visible_state(const Application& application) {
  if (application.phase == Phase::completing) return application.outcome->state;
  return application.phase == Phase::running ? protocol::ApplicationState::running
                                             : protocol::ApplicationState::accepted;
}

}  // namespace volley::rm
