#pragma once
// ListenerBus: the program's listeners, the queue of events for them, and the thread that calls
// them. Whoever posts never waits for a listener: events that find the queue full are dropped, with
// a warning at most once a minute. The thread exists from the first listener on, until close().
// Safe from every thread, listeners' calls among them.

#include "base/units.hpp"
#include "protocol/events.hpp"

#include <volley/listener.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace volley::program {

class ListenerBus {
 public:
  using Warn = std::function<void(const std::string&)>;
  using Clock = std::function<base::TimePoint()>;

  explicit ListenerBus(std::size_t capacity, Clock clock = std::chrono::steady_clock::now)
      : capacity_(capacity), clock_(std::move(clock)) {}
  ListenerBus(const ListenerBus&) = delete;
  ListenerBus& operator=(const ListenerBus&) = delete;
  ~ListenerBus() { close(); }

  /// Where warnings go; before the first listener.
  void set_warn(Warn warn) { warn_ = std::move(warn); }

  /// It hears what is posted from now on. Nothing when it is one already, or after close().
  void add(std::shared_ptr<Listener> listener);
  /// It hears nothing more once this has returned: a call that is under way is waited for, unless
  /// this is called from it. False when it is none.
  bool remove(const std::shared_ptr<Listener>& listener);
  bool empty() const;
  void post(protocol::EventPtr event);
  /// Delivers what is queued and ends the thread; nothing is delivered after that. Not from a
  /// listener's call.
  void close();

 private:
  struct Entry {
    std::shared_ptr<Listener> listener;
    std::uint64_t from = 0;  ///< number of the first event that it hears
  };
  /// What is counted all the time and said once a minute.
  struct Problem {
    std::uint64_t count = 0;
    base::TimePoint next{};
    std::string last;
  };

  void run();
  void call(const Entry& entry, const protocol::Event& event);
  bool is_registered(const Listener* listener) const;
  std::string take(Problem& problem, bool now, const char* what);
  void warn(const std::string& text) const;

  const std::size_t capacity_;
  const Clock clock_;
  Warn warn_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Entry> entries_;
  std::deque<protocol::EventPtr> queue_;
  std::uint64_t first_ = 0;           ///< number of the oldest event in the queue
  const Listener* called_ = nullptr;  ///< by the thread, now
  bool closing_ = false;
  Problem dropped_;
  Problem thrown_;
  std::thread thread_;
};

}  // namespace volley::program
