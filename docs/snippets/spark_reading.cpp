// docs/from-spark.md: input and output.

#include "snippets.hpp"

#include <charconv>

namespace snippets {
namespace {

void run_log_errors(volley::Context& context, Checks& checks) {
  const std::string logs = checks.path("logs.txt");
  const std::string output = checks.path("errors");
  write_file(logs, "n1 ERROR disk\nn2 INFO up\nn1 ERROR disk\nn3 ERROR net\n");
  // [log_errors]
  context.text_file(logs)
      .filter([](std::string_view line) { return line.find(" ERROR ") != line.npos; })
      .map([](std::string_view line) { return std::pair(line.substr(0, line.find(' ')), 1L); })
      .reduce_by_key(std::plus<>{})
      .sort_by([](const auto& host) { return host.second; }, false)
      .map([](const auto& host) { return host.first + "\t" + std::to_string(host.second); })
      .save_as_text_file(output, "gzip");
  // [/log_errors]
  checks.equal("log_errors", context.text_file(output, 1).collect(),
               std::vector<std::string>{"n1\t2", "n3\t1"});
}

void run_csv(volley::Context& context, Checks& checks) {
  const std::string input = checks.path("stations.csv");
  write_file(input, "station,degrees\nnorth,-3.5\nsouth,21\nnorth,-4.5\n");
  // [csv]
  auto coldest = context.text_file(input)
                     .filter([](std::string_view line) { return !line.starts_with("station,"); })
                     .map([](std::string_view line) {
                       const auto comma = line.find(',');
                       double degrees = 0;
                       std::from_chars(line.data() + comma + 1, line.data() + line.size(), degrees);
                       return std::pair(line.substr(0, comma), degrees);
                     })
                     .reduce_by_key([](double a, double b) { return std::min(a, b); })
                     .collect_as_map();
  // [/csv]
  checks.equal("csv", coldest.at("north"), -4.5);
  checks.equal("csv: stations", coldest.size(), std::size_t{2});
}

void run_hdf5_rows(volley::Context& context, Checks& checks) {
  const std::string input = checks.path("detector.h5");
  const std::string output = checks.path("calibrated.h5");
  context.range(0, 1000)
      .map([](auto n) { return static_cast<double>(n); })
      .save_as_hdf5(input, "/detector/energy");
  // [hdf5]
  context.hdf5_dataset<double>(input, "/detector/energy")
      .map([](double energy) { return energy / 1000; })
      .save_as_hdf5(output, "/detector/energy", {.gzip = 4});
  // [/hdf5]
  checks.equal("hdf5", context.hdf5_dataset<double>(output, "/detector/energy").max(), 0.999);
}

}  // namespace

void run_reading(volley::Context& context, Checks& checks) {
  run_log_errors(context, checks);
  run_csv(context, checks);
  run_hdf5_rows(context, checks);
}

}  // namespace snippets
