#pragma once
// Plots of a report: bandwidth against size, or the matrix of pairs as a heat map, as SVG; and a
// page of HTML around it with the numbers. Pure.

#include "bench/report.hpp"

#include <string>

namespace volley::bench {

/// A complete SVG document: the pairs' heat maps when the report has pairs, else curves.
std::string plot(const Report& report);
std::string bandwidth_plot(const Report& report);
std::string heat_maps(const Report& report);
std::string as_html(const Report& report, const std::string& svg);

}  // namespace volley::bench
