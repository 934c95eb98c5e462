#pragma once
// LogAxis: places values on a logarithmic axis and says where its ticks are.

#include <cstdint>
#include <string>
#include <vector>

namespace volley::bench {

struct Tick {
  double value = 0;
  std::string label;  ///< empty: only a faint line
};

class LogAxis {
 public:
  /// From the pixel `begin` (at `low`) to `end` (at `high`); 0 < low < high.
  LogAxis(double low, double high, double begin, double end);
  double place(double value) const;

 private:
  double low_;
  double high_;
  double begin_;
  double end_;
};

/// Powers of two from low to high, at most about `most` of them, labelled "1 B", "4 KiB".
std::vector<Tick> size_ticks(double low, double high, std::size_t most);
/// Decades, labelled, and their 2 and 5, labelled when there are few decades; "20 MB/s".
std::vector<Tick> bandwidth_ticks(double low, double high);

/// "1 B", "512 KiB": sizes without decimals.
std::string size_label(std::uint64_t bytes);
/// "1 node", "2 nodes".
std::string counted(std::uint32_t count, const std::string& thing);
/// "1.25 GB/s" with as few digits as say it.
std::string bandwidth_label(double bytes_per_second);

}  // namespace volley::bench
