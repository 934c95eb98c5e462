#pragma once
// The kinds of `volley bench` that measure the whole dataflow path: applications that are compiled
// into Volley and run as any other, on the roles, executors and tasks of this job. What their rank
// measured before (conditions, the same work done with MPI) reaches them through the environment.

#include "bench/options.hpp"
#include "bench/report.hpp"
#include "net/mpi_world.hpp"

#include <volley/application.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volley::bench {

/// The application of a kind by its name, "shuffle"; null when there is none.
const ApplicationEntry* application_named(std::string_view kind);

/// What the ranks hand to the application.
struct Prelude {
  Conditions conditions;
  std::vector<Row> rows;  ///< of MPI
};
inline constexpr const char* prelude_variable = "VOLLEY_BENCH_PRELUDE";
/// Text without blanks or quotes.
std::string encode_prelude(const Prelude& prelude);
/// Empty for text that encode_prelude of this build did not make.
std::optional<Prelude> decode_prelude(std::string_view text);

/// On every rank, before it serves: checks that there is memory, measures what MPI does with the
/// same bytes between the same ranks, and puts a Prelude into the environment. Collective. The exit
/// code, 0 to go on; the same on all ranks.
int run_prelude(const Options& options, net::MpiWorld& world,
                const std::function<void(const std::string&)>& complain);

// The programs.
int shuffle_program(Context& context, const std::vector<std::string>& arguments);
int sort_program(Context& context, const std::vector<std::string>& arguments);
int word_count_program(Context& context, const std::vector<std::string>& arguments);

}  // namespace volley::bench
