#pragma once
// Printer: the driver's side of a dataflow benchmark: its options again, what the ranks measured
// before, and the report, printed as it grows.

#include "bench/dataflow/entries.hpp"
#include "bench/statistics.hpp"

#include <string>
#include <vector>

namespace volley::bench {

class Printer {
 public:
  /// `arguments`: of the application, the command line after "bench". Prints the head.
  explicit Printer(const std::vector<std::string>& arguments);

  const Options& options() const { return report_.options; }
  std::uint32_t ranks() const { return report_.conditions.ranks; }

  /// The rows that MPI has for this size.
  void add_rivals(std::uint64_t bytes);
  /// A row of these seconds, by iteration; compared with MPI's row "mpi-" + series when there is
  /// one of the same size.
  void add(const std::string& series, const std::string& method, std::uint64_t bytes,
           std::vector<double> seconds);
  /// What comes after the last row, and the plot. The exit code.
  int finish();
  /// Says what was wrong; the exit code.
  static int complain_of_contents(const std::string& what);

 private:
  void add(Row row);

  Report report_;
  std::vector<Row> rivals_;
};

}  // namespace volley::bench
