#pragma once
// NodeManager: starts, watches and stops the container members of its rank; one per rank. Whatever
// ends a member, the ResourceManager hears of it once. Launches and stops of one container come
// from different senders, so a stop may overtake its launch: it is remembered and the launch
// refused.

#include "base/log.hpp"
#include "protocol/outbox.hpp"
#include "worker/container_launcher.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace volley::worker {

/// How a member's process ended, as the operating system tells it.
struct ProcessEnd {
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;  ///< not 0: ended by this signal
  std::uint64_t peak_memory = 0;
  std::string detail;  ///< anything known beyond that, for people
  /// The kernel has killed processes for want of memory since it was started.
  bool kernel_out_of_memory = false;
};

class NodeManager {
 public:
  struct Options {
    base::Rank rank = 0;
    protocol::NodeRegistered node;  ///< what this rank offers
    /// Between SIGTERM and SIGKILL.
    base::Duration kill_grace = std::chrono::milliseconds{250};
    base::Duration heartbeat_interval = std::chrono::seconds{1};
    /// Silence of the ResourceManager after which the rank ends by itself; 0: it waits for ever.
    base::Duration network_timeout{0};
    /// Between two looks at the memory of the members; 0: no looks.
    base::Duration memory_interval{};
  };

  /// `launcher` and `log` outlive the NodeManager.
  NodeManager(Options options, ContainerLauncher& launcher, const base::Log& log);

  /// Registers with the ResourceManager.
  void start(protocol::Outbox& outbox);
  void on(const protocol::ContainerLaunchRequested& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ContainerStopRequested& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ApplicationCleanupRequested& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::NodeShutdownRequested& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::AttemptCleanupRequested& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::PeerLost& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::HeartbeatAnswered& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::NodeDismissed& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void tick(base::TimePoint now, protocol::Outbox& outbox);
  /// The rank will go: its executors finish what they run and get nothing new, and no container
  /// comes any more. What they wrote stays readable as long as the rank lives.
  void leave(const std::string& reason, protocol::Outbox& outbox);
  /// The ResourceManager is gone, or has given this rank up: everything here ends.
  void orphaned(const std::string& reason);

  /// From whoever watches the processes. Everything the container sent must be routed before.
  void container_exited(const base::ContainerId& container, const ProcessEnd& end,
                        protocol::Outbox& outbox);

  /// A shutdown was requested and all members are gone.
  bool finished() const { return shutdown_code_.has_value() && containers_.empty(); }
  /// Nobody waits for this rank any more.
  bool dismissed() const { return dismissed_; }
  bool is_orphan() const { return orphan_; }
  /// Of the shutdown; 0 before one was requested.
  std::int32_t exit_code() const { return shutdown_code_.value_or(0); }
  bool quiescent() const { return containers_.empty() && stopped_early_.empty(); }
  std::size_t containers() const { return containers_.size(); }
  std::uint64_t dropped() const { return dropped_; }

 private:
  enum class State : std::uint8_t { launching, running, stopping };
  struct StopOrder {
    std::int32_t status = 0;
    std::string reason;
  };
  struct Member {
    State state = State::launching;
    protocol::ContainerLaunch launch;
    std::int64_t pid = 0;
    StopOrder order;                         ///< when stopping
    std::optional<base::TimePoint> kill_at;  ///< when stopping; set by a tick
    bool killed = false;
    MemoryLimit memory;
  };

  void enter(Member& member, State state);
  void stop(Member& member, StopOrder order);
  void check_memory(base::TimePoint now);
  protocol::ContainerExit describe(const Member& member, const ProcessEnd& end) const;
  void report_exit(const base::ContainerId& container, std::uint32_t member,
                   protocol::ContainerExit exit, protocol::Outbox& outbox) const;
  void refuse(const base::ContainerId& container, std::uint32_t member, StopOrder order,
              protocol::Outbox& outbox) const;
  bool is_over(const base::ApplicationId& application) const;
  void shut_down(std::int32_t exit_code);
  void check_resource_manager(base::TimePoint now);
  void drop(std::string_view what, const protocol::Address& from);
  std::string place() const;

  /// Applications that are over, the newest last; a launch that comes later still is refused.
  static constexpr std::size_t remembered_applications = 1024;

  Options options_;
  ContainerLauncher& launcher_;
  const base::Log& log_;
  std::map<base::ContainerId, Member> containers_;
  std::map<base::ContainerId, StopOrder> stopped_early_;
  std::vector<base::ApplicationId> over_;
  std::optional<std::int32_t> shutdown_code_;
  base::TimePoint next_heartbeat_{};
  base::TimePoint last_tick_{};
  std::optional<base::TimePoint> last_answer_;
  bool answered_ = false;  ///< since the last tick
  bool dismissed_ = false;
  bool orphan_ = false;
  bool leaving_ = false;
  base::TimePoint next_memory_look_{};
  std::uint64_t dropped_ = 0;
};

}  // namespace volley::worker
