#include "bench/dataflow/printer.hpp"

#include "base/check.hpp"
#include "bench/formats.hpp"
#include "bench/session.hpp"
#include "bench/write_plot.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace volley::bench {

Printer::Printer(const std::vector<std::string>& arguments) {
  auto parsed = parse_options(arguments);
  VOLLEY_CHECK(parsed.ok(), "{}", parsed.error());
  report_.options = std::move(parsed).value().options;
  const char* text = std::getenv(prelude_variable);
  auto prelude = decode_prelude(text == nullptr ? "" : text);
  VOLLEY_CHECK(prelude.has_value(), "{} is missing or damaged", prelude_variable);
  report_.conditions = std::move(prelude->conditions);
  rivals_ = std::move(prelude->rows);
  std::cout << head(report_) << std::flush;
}

void Printer::add(Row row) {
  std::cout << line(report_, row) << std::flush;
  report_.rows.push_back(std::move(row));
}

void Printer::add_rivals(std::uint64_t bytes) {
  for (const Row& row : rivals_) {
    if (row.bytes == bytes) add(row);
  }
}

void Printer::add(const std::string& series, const std::string& method, std::uint64_t bytes,
                  std::vector<double> seconds) {
  Measured measured;
  measured.slowest = seconds;
  measured.average = std::move(seconds);
  Row row = row_of(measured, series, method, bytes);
  row.rank_least = row.rank_mean = row.rank_most = row.slowest.mean;
  rate(row, traffic_of_shuffle(bytes, ranks()), report_.conditions.injection);
  const auto rival = std::find_if(rivals_.begin(), rivals_.end(), [&](const Row& each) {
    return each.bytes == bytes && each.series == "mpi-" + series;
  });
  if (rival != rivals_.end() && row.slowest.median > 0) {
    row.of_mpi = rival->slowest.median / row.slowest.median;
  }
  add(std::move(row));
}

int Printer::finish() {
  std::cout << tail(report_) << std::flush;
  const auto written = write_plot(report_);
  if (written) return 0;
  std::cerr << "volley: error: " << written.error() << "\n";
  return 2;
}

int Printer::complain_of_contents(const std::string& what) {
  std::cerr << "volley: error: " << wrong_contents << what << "\n";
  return 1;
}

}  // namespace volley::bench
