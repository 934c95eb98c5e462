#pragma once
// ContextCore: the untyped half of a program's Context. It numbers RDDs and shuffles, turns actions
// into jobs, and waits for them. The program's threads call it; the driver's loop thread delivers
// what the driver says. Everything is guarded by one mutex that is never held while waiting.

#include "config/configuration.hpp"
#include "program/accumulators.hpp"
#include "program/added_files.hpp"
#include "program/broadcast_registry.hpp"
#include "program/checkpoints.hpp"
#include "program/job_properties.hpp"
#include "program/lineage.hpp"
#include "program/listener_bus.hpp"
#include "program/recovery.hpp"
#include "protocol/driver_messages.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace volley::program {

class ContextCore : public std::enable_shared_from_this<ContextCore> {
 public:
  using Send = std::function<void(protocol::DriverMessage)>;

  /// `send` posts to the driver and may be called from any thread until stop().
  ContextCore(base::ApplicationId application, config::Configuration configuration, Send send,
              std::uint32_t attempt = 1)
      : application_(application),
        attempt_(attempt),
        configuration_(std::move(configuration)),
        // Ranks still hold the shuffles of an attempt that was lost; numbers are never used again.
        next_shuffle_(static_cast<base::ShuffleNumber>((attempt - 1) * base::shuffles_per_attempt)),
        send_(std::move(send)),
        listeners_(static_cast<std::size_t>(
            configuration_.integer("volley.scheduler.listenerbus.eventqueue.capacity"))) {}

  base::ApplicationId application() const { return application_; }
  /// Counted from 1: which start of the program this is.
  std::uint32_t attempt() const { return attempt_; }
  const config::Configuration& configuration() const { return configuration_; }

  base::RddId next_rdd() { return next_rdd_++; }
  base::ShuffleNumber next_shuffle() { return next_shuffle_++; }
  std::uint64_t next_identity() { return next_identity_++; }

  /// Throws UnsupportedOperation when it has another level. `codec` gives the RDD's BlockCodec; it
  /// may be missing for objects in memory only.
  void persist(base::RddId rdd, protocol::StorageLevel level = protocol::StorageLevel::memory_only,
               protocol::FunctionRef codec = {});
  void unpersist(base::RddId rdd);
  bool persisted(base::RddId rdd) const;
  /// All of them.
  std::map<base::RddId, protocol::StorageLevel> persisted() const;
  /// Its blocks go to disk when memory is short, whatever its level was; it has one from now on.
  void keep_on_disk_too(base::RddId rdd, protocol::FunctionRef codec);
  protocol::StorageLevel storage_level(base::RddId rdd) const;

  /// What the program calls an RDD; the operation's name unless it said another.
  void set_name(base::RddId rdd, std::string name);
  std::string name_of(const Lineage& rdd) const;

  /// Blocks until the executors are there; throws JobFailed when there will be none. Returns slots.
  std::uint32_t wait_until_ready();
  /// volley.default.parallelism, or the slots of all executors, at least 2.
  std::uint32_t default_parallelism();

  using OnResult = std::function<void(std::uint32_t index, protocol::Bytes result)>;
  /// Runs `action` on the listed partitions of `rdd` and hands each result, with its index in
  /// `partitions`, to `on_result` on the calling thread. Blocks; throws JobFailed, or what
  /// `on_result` throws, which ends this job and no other. With a recovery directory the results
  /// are kept there, and taken from there when an earlier run has left them.
  void run_job(const Lineage& rdd, std::vector<std::uint32_t> partitions, protocol::Closure action,
               const std::string& call_site, const OnResult& on_result);

  /// Runs an action that writes all partitions of `rdd` into an output directory; `begin`, `commit`
  /// and `abort` do what is to be done about that before and after. Nothing when an earlier run has
  /// left the output, complete.
  struct Output {
    std::string path;
    std::function<void(const std::string& owner)> begin;
    std::function<void(const std::string& owner)> commit;
    std::function<void()> abort;
  };
  void run_output_job(const Lineage& rdd, protocol::Closure action, const std::string& call_site,
                      const Output& output);
  /// Whether this run has begun this output before.
  bool note_output(const std::string& path);

  /// Before the program starts. The directory exists.
  void set_recovery(const std::string& directory);
  /// Null without a recovery directory.
  Recovery* recovery() const { return recovery_.get(); }
  Checkpoints& checkpoints() { return checkpoints_; }
  /// Where a checkpoint of the RDD goes. Throws IllegalState when nobody has said that.
  std::string checkpoint_path(const Lineage& rdd) const;
  void mark_checkpoint(const Lineage& rdd, Checkpoints::Entry entry);

  /// Whether the program was kept from a job, or lost one, because the run is being drained.
  bool cut_short() const;

  /// Makes a broadcast of these bytes and tells the driver. Throws IllegalState once the context is
  /// stopped, JobFailed when there is no room.
  BroadcastRegistry::Made broadcast(std::span<const std::byte> bytes, const std::string& where);
  BroadcastRegistry& broadcasts() { return broadcasts_; }
  AccumulatorRegistry& accumulators() { return accumulators_; }
  /// Files that jobs from now on can open by name.
  AddedFiles& files() { return files_; }

  /// From now on the listener hears of what happens; the driver tells it only while there is one.
  void add_listener(std::shared_ptr<Listener> listener);
  void remove_listener(const std::shared_ptr<Listener>& listener);
  /// To be closed before the program's end.
  ListenerBus& listeners() { return listeners_; }
  /// Blocks until the driver answers: whether the attempt ran and was asked to stop.
  bool kill_task_attempt(base::TaskId task, const std::string& reason);
  /// Handles of shared variables name this context by a number, given before the program starts.
  void set_handle(std::uint32_t handle) { handle_ = handle; }
  std::uint32_t handle() const { return handle_; }
  /// Where warnings go; before the program starts.
  void set_warn(std::function<void(const std::string&)> warn) { warn_ = std::move(warn); }

  /// Of the jobs that threads of the program submit.
  ThreadJobProperties& job_properties() { return job_properties_; }
  /// Jobs that have been submitted and not ended, of all threads.
  std::vector<base::JobId> active_jobs() const;
  /// Asks the driver for something, a cancellation say; nothing once the program is over.
  void request(protocol::DriverMessage message) { send(std::move(message)); }

  /// From the driver's loop thread.
  void deliver(protocol::ProgramMessage message);
  /// An RDD is gone: its shuffles are not needed any more.
  void forget(const protocol::RddSpec& rdd);
  /// No calls to the driver from now on; running jobs fail with `reason`.
  void stop(const std::string& reason);
  bool is_stopped() const;
  /// Throws IllegalState("Cannot call methods on a stopped Context ...").
  void check_running() const;

 private:
  struct Job {
    std::deque<std::pair<std::uint32_t, protocol::Bytes>> results;
    bool ended = false;
    bool succeeded = false;
    std::string error;
  };
  void on(protocol::TaskResultReady&& message);
  void on(protocol::JobEnded&& message);
  void on(protocol::ExecutorsReady&& message);
  void on(protocol::AccumulatorsUpdated&& message);
  void on(protocol::DrainBegun&& message);
  void on(protocol::TaskAttemptKillAnswered&& message);
  void on(protocol::EventHappened&& message);
  void tell_whether_listening();
  /// The job itself. `follows`: it belongs to one that has run, and may run while draining.
  void execute(const Lineage& rdd, std::vector<std::uint32_t> partitions, protocol::Closure action,
               const std::string& call_site, const OnResult& on_result, bool follows = false);
  base::JobId submit(protocol::JobSubmitted job, bool follows);
  void write_checkpoints(const Lineage& rdd);
  bool write_checkpoint(const Lineage& rdd, const Checkpoints::Entry& entry);
  bool keep_blocks(const Lineage& rdd, const Checkpoints::Entry& entry);
  void send(protocol::DriverMessage message);
  void abandon(base::JobId id);
  std::string stopped_text() const;  ///< with the lock held

  const base::ApplicationId application_;
  const std::uint32_t attempt_;
  const config::Configuration configuration_;
  std::atomic<base::RddId> next_rdd_{0};
  std::atomic<base::ShuffleNumber> next_shuffle_;
  std::atomic<std::uint64_t> next_identity_{1};

  ThreadJobProperties job_properties_;
  std::unique_ptr<Recovery> recovery_;
  Checkpoints checkpoints_;
  BroadcastRegistry broadcasts_;
  AccumulatorRegistry accumulators_;
  AddedFiles files_;
  std::uint32_t handle_ = 0;
  std::function<void(const std::string&)> warn_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Send send_;
  bool stopped_ = false;
  std::string stop_reason_;
  bool ready_ = false;
  std::string ready_error_;
  std::uint32_t slots_ = 0;
  base::JobId next_job_ = 0;
  std::unordered_map<base::JobId, Job> jobs_;
  std::map<base::RddId, protocol::StoredRdd> persisted_;
  bool keeps_blocks_ = false;      ///< any was persisted so far
  std::set<std::string> outputs_;  ///< that this run has begun
  std::string draining_;           ///< why; empty: it is not
  bool cut_short_ = false;
  std::unordered_map<base::RddId, std::string> names_;
  std::uint64_t next_kill_ = 0;
  std::map<std::uint64_t, std::optional<bool>> kills_;  ///< asked for, and the answers
  std::mutex listening_mutex_;                          ///< so that the driver is told in order
  bool listening_ = false;                              ///< as the driver was told
  ListenerBus listeners_;
};

}  // namespace volley::program
