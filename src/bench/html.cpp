// A page around a plot, with the report as the text format prints it.
#include "bench/formats.hpp"
#include "bench/plot.hpp"
#include "bench/svg.hpp"

#include <fmt/format.h>

namespace volley::bench {

std::string as_html(const Report& report, const std::string& svg) {
  Report text = report;
  text.options.format = Format::text;
  std::string numbers = head(text);
  for (const Row& row : text.rows) numbers += line(text, row);
  numbers += tail(text);
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>volley bench "
      "{0}</title>\n<style>body {{ font-family: sans-serif; margin: 2em; }} pre {{ overflow-x: "
      "auto; }}</style>\n</head>\n<body>\n{1}<pre>\n{2}</pre>\n</body>\n</html>\n",
      name_of(report.options.kind), svg, escaped(numbers));
}

}  // namespace volley::bench
