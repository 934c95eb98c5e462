#pragma once
// ContainerLoop: the loop thread of one container: builds the roles that its start says (AM, driver
// with the program, executor), carries messages between them and the link to its rank, and lets
// time pass. A container process has one; with isolation none it runs on a thread of the rank.

#include "am/application_master.hpp"
#include "base/log.hpp"
#include "launch/container_start.hpp"
#include "launch/driver_seat.hpp"
#include "net/container_link.hpp"
#include "net/poller.hpp"
#include "worker/executor.hpp"
#include "worker/task_pool.hpp"

#include <deque>
#include <memory>
#include <optional>

namespace volley::launch {

class ContainerLoop {
 public:
  /// `communicators`: for tasks that are threads of a rank, else null.
  ContainerLoop(ContainerStart start, net::ContainerLink link, storage::NodeArena& arena,
                const ApplicationEntry& entry, program::GroupCommunicators* communicators);
  ContainerLoop(const ContainerLoop&) = delete;
  ContainerLoop& operator=(const ContainerLoop&) = delete;
  ~ContainerLoop();

  /// Until the container's work is over and everything is sent, or its rank asks it to stop.
  int run();

 private:
  protocol::Address address(protocol::Role role) const {
    return {role, start_.rank, start_.launch.container};
  }
  void build_master();
  void build_driver(const ApplicationEntry& entry, storage::NodeArena& arena);
  void build_executor(const ApplicationEntry& entry, storage::NodeArena& arena,
                      program::GroupCommunicators* communicators);
  void start_roles();
  bool round();
  void tick();
  void deliver(protocol::Envelope envelope);
  void dispatch(protocol::Outbox& out);
  bool over() const;
  void wake() const;

  ContainerStart start_;
  net::ContainerLink link_;
  base::Log log_;
  config::Configuration configuration_;
  base::Fd woken_;  ///< eventfd written by task and program threads
  net::Poller poller_;
  std::deque<protocol::Envelope> local_;
  bool stopping_ = false;
  base::TimePoint next_tick_{};
  std::unique_ptr<am::ApplicationMaster> master_;
  std::unique_ptr<DriverSeat> driver_;
  std::unique_ptr<worker::TaskPool> pool_;
  std::unique_ptr<worker::Executor> executor_;
};

/// Waits for a link's first frame and runs the container that it describes.
int run_container(net::ContainerLink link, storage::NodeArena& arena, const ApplicationEntry& entry,
                  program::GroupCommunicators* communicators = nullptr);

/// The main function of a container process; `load` finds the application's entry.
int container_process_main(
    const std::function<const ApplicationEntry*(const std::string& module)>& load);

}  // namespace volley::launch
