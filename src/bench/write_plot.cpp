#include "bench/write_plot.hpp"

#include "bench/plot.hpp"

#include <fmt/format.h>

#include <fstream>

namespace volley::bench {

base::Status write_file(const std::string& path, const std::string& text) {
  if (path.empty()) return base::Done{};
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.close();
  if (!file) return base::Failure{fmt::format("cannot write {}", path)};
  return base::Done{};
}

base::Status write_plot(const Report& report) {
  const std::string& path = report.options.plot_file;
  if (path.empty()) return base::Done{};
  const std::string picture = plot(report);
  return write_file(path, path.ends_with(".html") ? as_html(report, picture) : picture);
}

}  // namespace volley::bench
