#pragma once
// Future: the result of an action that runs beside the program, from collect_async() and its kin.
// The action has a thread of its own, which begins with the job group, tags and pool of the thread
// that started it. A future belongs to one thread; when it goes, it waits for its action.

#include "program/context_core.hpp"

#include <volley/error.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>

namespace volley {

template <class R>
class Future {
 public:
  /// For operations. `action()` runs at once, in a new thread.
  template <class Action>
  Future(std::shared_ptr<program::ContextCore> core, Action action)
      : core_(std::move(core)), tag_("async-" + std::to_string(core_->next_identity())) {
    program::JobProperties properties = core_->job_properties().get();
    properties.tags.insert(tag_);
    properties.cancelled = cancelled_;
    result_ = std::async(std::launch::async, [core = core_, properties = std::move(properties),
                                              action = std::move(action)]() mutable {
      const Properties mine(*core, std::move(properties));
      return action();
    });
  }

  /// Waits, and gives the result, once, or throws what the action throws: JobFailed, say.
  R get() { return result_.get(); }
  bool is_done() const { return wait_for(std::chrono::seconds(0)); }
  /// Whether the action ends before the time is over.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> time) const {
    return result_.wait_for(time) == std::future_status::ready;
  }
  /// Ends the action's jobs, those that run and those it would start. Its result is a JobFailed
  /// then ("Job 3 cancelled ..."), unless it was there already.
  void cancel(const std::string& reason = {}) {
    cancelled_->set(reason);
    core_->request(protocol::TaggedJobsCancelRequested{tag_, reason});
  }

 private:
  /// The properties of the thread's jobs, gone with it: thread ids are used again.
  class Properties {
   public:
    Properties(program::ContextCore& core, program::JobProperties properties) : core_(core) {
      core_.job_properties().change(
          [&](program::JobProperties& mine) { mine = std::move(properties); });
    }
    Properties(const Properties&) = delete;
    Properties& operator=(const Properties&) = delete;
    ~Properties() {
      core_.job_properties().change([](program::JobProperties& mine) { mine = {}; });
    }

   private:
    program::ContextCore& core_;
  };

  std::shared_ptr<program::ContextCore> core_;
  std::string tag_;
  std::shared_ptr<program::Cancellation> cancelled_ = std::make_shared<program::Cancellation>();
  std::future<R> result_;
};

}  // namespace volley
