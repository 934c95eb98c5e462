#pragma once
// Listener: hears what happens to the program's jobs, stages, tasks and executors, while it
// happens. Derive from it, override what is of interest, and hand it to Context::add_listener:
//
//   struct Failures : volley::Listener {
//     void on_task_end(const volley::TaskEnd& end) override { ... }
//   };
//
// All calls come from one thread of the program's process, one after another, in the order in which
// the driver did what they tell of: a job's start, its stages, their tasks, its end. Before an
// action returns, its events are in the queue, and before the program ends they are delivered. The
// queue holds volley.scheduler.listenerbus.eventqueue.capacity events; what comes while it is full
// is dropped, and a warning says how many, so that a slow listener never holds up the cluster. What
// a listener throws is logged, and it goes on hearing. Calls may use the Context, run jobs even;
// the events of these wait in the queue.

#include "protocol/events.hpp"

namespace volley {

using protocol::Event;
using protocol::ExecutorAdded;
using protocol::ExecutorExcluded;
using protocol::ExecutorRemoved;
using protocol::ExecutorUnexcluded;
using protocol::JobEnd;
using protocol::JobStart;
using protocol::Locality;
using protocol::RddInfo;
using protocol::StageCompleted;
using protocol::StageInfo;
using protocol::StageSubmitted;
using protocol::TaskEnd;
using protocol::TaskInfo;
using protocol::TaskMetrics;
using protocol::TaskOutcome;
using protocol::TaskStart;
using protocol::UnpersistRdd;
using protocol::WallTime;

class Listener {
 public:
  virtual ~Listener() = default;

  /// With the stages that the job may need; those whose results are there are skipped, and never
  /// submitted.
  virtual void on_job_start(const JobStart&) {}
  virtual void on_job_end(const JobEnd&) {}
  /// An attempt at a stage begins.
  virtual void on_stage_submitted(const StageSubmitted&) {}
  /// It has ended: StageInfo::failure says why when it did not succeed.
  virtual void on_stage_completed(const StageCompleted&) {}
  virtual void on_task_start(const TaskStart&) {}
  /// One for each start, also of attempts that failed, were killed, or were lost with their
  /// executor. Those of copies that nobody needs any more may come after the job's end.
  virtual void on_task_end(const TaskEnd&) {}
  /// Only executors that come after the listener: the first are there before the program starts.
  virtual void on_executor_added(const ExecutorAdded&) {}
  virtual void on_executor_removed(const ExecutorRemoved&) {}
  /// With volley.excludeOnFailure.application.enabled.
  virtual void on_executor_excluded(const ExecutorExcluded&) {}
  virtual void on_executor_unexcluded(const ExecutorUnexcluded&) {}
  virtual void on_unpersist_rdd(const UnpersistRdd&) {}
};

}  // namespace volley
