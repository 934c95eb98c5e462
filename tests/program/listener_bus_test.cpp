// Who hears what of the events that are posted, and what happens when a listener is slow or throws.

#include "program/listener_bus.hpp"

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>

namespace volley::program {
namespace {

/// Keeps the numbers of the jobs that it hears of.
struct Recorder : Listener {
  void on_job_end(const JobEnd& end) override {
    const std::lock_guard lock(mutex);
    jobs.push_back(end.job);
    thread = std::this_thread::get_id();
  }
  std::vector<base::JobId> heard() {
    const std::lock_guard lock(mutex);
    return jobs;
  }
  std::mutex mutex;
  std::vector<base::JobId> jobs;
  std::thread::id thread;
};

/// Stays in its first call until it is released.
struct Slow : Recorder {
  void on_job_end(const JobEnd& end) override {
    if (first.exchange(false)) {
      entered.set_value();
      released.get_future().wait();
    }
    Recorder::on_job_end(end);
  }
  std::atomic<bool> first = true;
  std::promise<void> entered;
  std::promise<void> released;
};

protocol::EventPtr job(base::JobId number) {
  return std::make_shared<const Event>(JobEnd{number, {}, true, {}});
}
using Jobs = std::vector<base::JobId>;

class Bus : public ::testing::Test {
 protected:
  explicit Bus(std::size_t capacity = 1000) : bus(capacity, [this] { return now.load(); }) {
    bus.set_warn([this](const std::string& text) { warnings.push_back(text); });
  }
  void post(base::JobId from, base::JobId to) {
    for (base::JobId number = from; number < to; ++number) bus.post(job(number));
  }
  std::atomic<base::TimePoint> now{base::TimePoint{}};
  std::vector<std::string> warnings;  ///< read after close()
  ListenerBus bus;
};

TEST_F(Bus, CTX_009_AllHearTheSameInTheOrderOfThePosts) {
  const auto one = std::make_shared<Recorder>();
  const auto two = std::make_shared<Recorder>();
  bus.add(one);
  bus.add(two);
  bus.add(two);
  post(0, 100);
  bus.close();
  Jobs all;
  for (base::JobId number = 0; number < 100; ++number) all.push_back(number);
  EXPECT_EQ(one->jobs, all);
  EXPECT_EQ(two->jobs, all);
  EXPECT_EQ(one->thread, two->thread);
  EXPECT_NE(one->thread, std::this_thread::get_id());
  bus.post(job(100));
  EXPECT_EQ(one->jobs.size(), 100U);
  EXPECT_TRUE(warnings.empty());
}

TEST_F(Bus, CTX_009_AListenerHearsFromItsRegistrationToItsRemoval) {
  const auto slow = std::make_shared<Slow>();
  const auto late = std::make_shared<Recorder>();
  bus.add(slow);
  post(0, 3);
  slow->entered.get_future().wait();
  bus.add(late);  // while 1 and 2 are in the queue
  post(3, 5);
  auto removed = std::async(std::launch::async, [&] { return bus.remove(slow); });
  slow->released.set_value();
  EXPECT_TRUE(removed.get());
  const Jobs heard = slow->heard();
  post(5, 7);
  bus.close();
  EXPECT_EQ(slow->heard(), heard) << "it heard something after its removal";
  EXPECT_EQ(late->jobs, (Jobs{3, 4, 5, 6}));
  EXPECT_FALSE(bus.remove(slow));
}

TEST_F(Bus, CTX_009_AListenerMayRemoveItself) {
  struct Once : Recorder {
    void on_job_end(const JobEnd& end) override {
      Recorder::on_job_end(end);
      EXPECT_TRUE(bus->remove(self.lock()));
    }
    ListenerBus* bus = nullptr;
    std::weak_ptr<Listener> self;
  };
  auto once = std::make_shared<Once>();
  once->bus = &bus;
  once->self = once;
  const auto other = std::make_shared<Recorder>();
  bus.add(once);
  bus.add(other);
  post(0, 3);
  bus.close();
  EXPECT_EQ(once->jobs, Jobs{0});
  EXPECT_EQ(other->jobs, (Jobs{0, 1, 2}));
}

TEST_F(Bus, AListenerThatThrowsIsKeptAndSpokenOfOnceAMinute) {
  struct Thrower : Recorder {
    void on_job_end(const JobEnd& end) override {
      Recorder::on_job_end(end);
      throw std::runtime_error("bad job");
    }
  };
  const auto thrower = std::make_shared<Thrower>();
  bus.add(thrower);
  post(0, 3);
  bus.close();
  EXPECT_EQ(thrower->jobs, (Jobs{0, 1, 2}));
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_EQ(warnings.at(0), "1 calls of listeners have thrown, the last one: bad job");
  EXPECT_EQ(warnings.at(1), "2 calls of listeners have thrown, the last one: bad job");
}

class SmallBus : public Bus {
 protected:
  SmallBus() : Bus(2) {}
};

TEST_F(SmallBus, CTX_009_WhatComesWhileTheQueueIsFullIsDroppedAndCounted) {
  const auto slow = std::make_shared<Slow>();
  bus.add(slow);
  bus.post(job(0));
  slow->entered.get_future().wait();
  post(1, 6);  // 1 and 2 find room, and 3 is spoken of at once
  now = base::TimePoint{std::chrono::seconds{59}};
  bus.post(job(6));
  now = base::TimePoint{std::chrono::seconds{60}};
  bus.post(job(7));
  bus.post(job(8));
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_TRUE(warnings.at(0).starts_with("1 events were dropped: the listeners' queue was full"));
  EXPECT_TRUE(warnings.at(1).starts_with("4 events were dropped"));
  slow->released.set_value();
  bus.close();
  EXPECT_EQ(slow->jobs, (Jobs{0, 1, 2}));
  ASSERT_EQ(warnings.size(), 3U);
  EXPECT_TRUE(warnings.at(2).starts_with("1 events were dropped"));
}

}  // namespace
}  // namespace volley::program
