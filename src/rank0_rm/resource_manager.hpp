#pragma once
// ResourceManager: the cluster's only scheduler of containers; one, on rank 0. It knows the ranks,
// queues applications (priority, then arrival), has their ApplicationMasters started, grants
// containers, takes them back, and decides when an application is over. Capacity belongs to a
// container member from its grant until its NodeManager reports its exit.
//
// An application is announced as over once all its containers have exited.

#include "base/log.hpp"
#include "protocol/outbox.hpp"
#include "rank0_rm/application.hpp"
#include "rank0_rm/cluster_capacity.hpp"
#include "rank0_rm/container_scheduler.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace volley::rm {

class ResourceManager {
 public:
  struct Options {
    std::uint32_t expected_ranks = 1;
    std::uint64_t cluster_start = 0;  ///< Unix seconds; part of every id
    std::uint32_t max_am_attempts = 2;
    /// Ranks that have not registered by then make the cluster unusable.
    base::Duration registration_timeout = std::chrono::seconds{60};
    /// Silence after which a rank counts as lost, or an ApplicationMaster, whose container is then
    /// stopped.
    base::Duration network_timeout = std::chrono::seconds{120};
    /// How long the processes of an ApplicationMaster that has unregistered may take to end.
    base::Duration master_exit_grace = std::chrono::seconds{1};
    /// How long after its container's exit an ApplicationMaster's last message may still arrive.
    base::Duration last_message_grace = std::chrono::milliseconds{200};
    /// Of the ApplicationMaster's container in client mode, where the driver has its own.
    base::ByteCount client_mode_master_memory{64ULL << 20U};
  };

  ResourceManager(Options options, const base::Log& log);

  void on(const protocol::NodeRegistered& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::NodeHeartbeat& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::NodeLeaving& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::RankFailed& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::NodeDeparted& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ApplicationSubmitted& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ApplicationMasterRegistered& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ContainersRequested& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ContainersReleased& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ApplicationProgressReported& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ApplicationUnregistered& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ContainerStarted& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ContainerExited& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ApplicationKillRequested& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ApplicationDrainRequested& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void tick(base::TimePoint now, protocol::Outbox& outbox);

  /// No application, and no capacity held.
  bool quiescent() const { return applications_.empty() && capacity_.idle(); }
  std::size_t applications() const { return applications_.size(); }
  std::size_t containers() const;
  const ClusterCapacity& capacity() const { return capacity_; }
  /// Whether every rank but this one is lost or has taken its leave.
  bool alone() const {
    return lost_ranks_.size() + departed_.size() + 1 >= options_.expected_ranks;
  }
  /// Messages that came too late or made no sense.
  std::uint64_t dropped() const { return dropped_; }

 private:
  using Applications = std::map<std::uint32_t, Application>;

  void announce_cluster(const std::string& problem, protocol::Outbox& outbox);
  std::string build_problem() const;
  /// The application whose current attempt's ApplicationMaster `master` is; null, and counted,
  /// when there is none in one of the phases.
  Application* application_of(const base::ContainerId& master, std::initializer_list<Phase> phases);
  void drop(std::string_view what, const protocol::Address& from);

  void enter(Application& application, Phase phase);
  void report_state(const Application& application, const std::string& diagnostics,
                    protocol::Outbox& outbox) const;
  /// Grants what can be granted and removes applications that are over; ends every handler that
  /// changes something.
  void settle(protocol::Outbox& outbox);
  void schedule(protocol::Outbox& outbox);
  bool launch_master(Application& application, protocol::Outbox& outbox);
  bool refuse_impossible(Application& application, protocol::Outbox& outbox);
  bool refuse_impossible(const Application& application, const protocol::ContainerAsk& ask,
                         protocol::Outbox& outbox) const;
  void say_pending(Application& application, Pending kind, std::string reason,
                   protocol::Outbox& outbox);
  void launch(const Application& application, const Container& container,
              protocol::Outbox& outbox) const;
  void serve_asks(Application& application, protocol::Outbox& outbox);
  ClusterCapacity beside_own_master(const Application& application) const;
  Container& add_container(Application& application, protocol::ContainerKind kind, Members members,
                           base::ByteCount memory, std::int32_t priority);

  void stop(Container& container, std::int32_t status, const std::string& reason,
            protocol::Outbox& outbox) const;
  void stop_all(Application& application, std::int32_t status, const std::string& reason,
                protocol::Outbox& outbox);
  void member_exited(Application& application, Container& container,
                     const protocol::ContainerExited& message, base::Rank rank,
                     protocol::Outbox& outbox);
  void report_completion(const Application& application, const Container& container,
                         const protocol::ContainerExited& message, base::Rank rank,
                         protocol::Outbox& outbox) const;
  void end_attempt(Application& application, const protocol::ContainerExit& exit,
                   protocol::Outbox& outbox);
  void next_attempt_or_fail(Application& application, protocol::Outbox& outbox);
  void complete(Application& application, Outcome outcome, protocol::Outbox& outbox);
  /// Ranks that are silent are lost, with all that ran there.
  void check_ranks(protocol::Outbox& outbox);
  void lose_rank(base::Rank rank, const std::string& why, protocol::Outbox& outbox);
  bool lost(base::Rank rank) const { return lost_ranks_.contains(rank); }
  void check_master(Application& application, protocol::Outbox& outbox);
  void announce_end(const Application& application, protocol::Outbox& outbox) const;
  void log_started(Application& application) const;

  Options options_;
  const base::Log& log_;
  std::unordered_map<base::Rank, protocol::NodeRegistered> registered_;
  std::optional<base::TimePoint> registration_deadline_;
  base::TimePoint now_{};  ///< of the last tick
  base::TimePoint next_rank_check_{};
  std::vector<base::TimePoint> last_heard_;  ///< of every rank
  std::set<base::Rank> lost_ranks_;
  std::set<base::Rank> departed_;
  bool announced_ = false;
  std::string problem_;  ///< why the cluster cannot work; empty when it can
  ClusterCapacity capacity_;
  Applications applications_;
  std::uint32_t last_application_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace volley::rm
