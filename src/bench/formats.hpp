#pragma once
// The report as text: what is printed before the first row, for each row as it comes, and after the
// last. Pure.

#include "bench/report.hpp"

#include <string>

namespace volley::bench {

/// Before anything is measured, but for the conditions.
std::string head(const Report& report);
/// One row; `report` is what is known so far.
std::string line(const Report& report, const Row& row);
/// After the last row: the matrix of pairs, or all of JSON.
std::string tail(const Report& report);

}  // namespace volley::bench
