#include "base/log.hpp"

#include <unistd.h>

#include <chrono>
#include <ctime>

namespace volley::base {

void Log::write(LogLevel level, std::string_view component, std::string_view text) const {
  static constexpr const char* names[] = {"DEBUG", "INFO ", "WARN ", "ERROR", "OFF  "};
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  const std::string line =
      fmt::format("{:02}:{:02}:{:02}.{:03} {} [{}] {}: {}\n", utc.tm_hour, utc.tm_min, utc.tm_sec,
                  milliseconds, names[static_cast<std::size_t>(level)], who_, component, text);
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t n = ::write(descriptor_, rest.data(), rest.size());
    if (n <= 0) return;  // nobody listens any more
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace volley::base
