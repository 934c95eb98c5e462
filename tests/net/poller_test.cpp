#include "net/poller.hpp"

#include "base/fd.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace volley::net {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

base::TimePoint at(base::Duration since_start) { return base::TimePoint{} + since_start; }

TEST(IdleBackoff, SpinsAfterActivityThenSleepsLonger) {
  IdleBackoff backoff;
  EXPECT_EQ(backoff.next(at(1s), true), 0ns);
  EXPECT_EQ(backoff.next(at(1s + 10us), false), 0ns);
  EXPECT_EQ(backoff.next(at(1s + 29us), false), 0ns);
  EXPECT_EQ(backoff.next(at(1s + 30us), false), 50us);
  EXPECT_EQ(backoff.next(at(1s + 400us), false), 50us);
  EXPECT_EQ(backoff.next(at(1s + 4ms), false), 500us);
  EXPECT_EQ(backoff.next(at(1s + 8ms), false), 1ms);
  EXPECT_EQ(backoff.next(at(1h), false), 2ms);
}

TEST(IdleBackoff, ActivityStartsItAgain) {
  IdleBackoff backoff;
  backoff.next(at(0s), true);
  EXPECT_EQ(backoff.next(at(1s), false), 2ms);
  EXPECT_EQ(backoff.next(at(1s), true), 0ns);
  EXPECT_EQ(backoff.next(at(1s + 1us), false), 0ns);
}

TEST(IdleBackoff, StartsWithASpin) {
  IdleBackoff backoff;
  EXPECT_EQ(backoff.next(at(5h), false), 0ns);
}

TEST(IdleBackoff, WithoutMpiItSleepsUntilWoken) {
  IdleBackoff backoff(IdleBackoff::until_woken());
  backoff.next(at(0s), true);
  EXPECT_EQ(backoff.next(at(1ms), false), 1h);
}

class PollerTest : public testing::Test {
 protected:
  PollerTest() : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  void raise() const {
    const std::uint64_t one = 1;
    ASSERT_EQ(::write(event_.get(), &one, sizeof one), 8);
  }
  base::Fd event_;
};

TEST_F(PollerTest, AReadableDescriptorEndsAnEndlessSleep) {
  Poller poller({0us, 1h, 1h});
  poller.add(event_.get());
  poller.wait(true);
  raise();
  EXPECT_THAT(poller.wait(false), ElementsAre(event_.get()));
  poller.remove(event_.get());
  EXPECT_EQ(poller.size(), 0U);
}

TEST_F(PollerTest, WorkThatIsThereAlreadyPreventsTheSleep) {
  Poller poller({0us, 1h, 1h});
  int asked = 0;
  poller.add(event_.get(), [&] {
    ++asked;
    return false;
  });
  poller.wait(true);
  EXPECT_THAT(poller.wait(false), IsEmpty());
  EXPECT_EQ(asked, 1);
}

TEST_F(PollerTest, ATimerBoundsTheSleep) {
  Poller poller({0us, 1h, 1h});
  poller.wait(true);
  EXPECT_THAT(poller.wait(false, 1us), IsEmpty());
  EXPECT_THAT(poller.wait(false, -1s), IsEmpty()) << "a timer that is late already";
}

TEST_F(PollerTest, OnlyWatchedEventsCount) {
  Poller poller({0us, 0us, 0us});
  poller.add(event_.get(), {}, 0);
  raise();
  EXPECT_THAT(poller.wait(false), IsEmpty());
  poller.watch(event_.get(), POLLIN);
  EXPECT_THAT(poller.wait(false), ElementsAre(event_.get()));
}

}  // namespace
}  // namespace volley::net
