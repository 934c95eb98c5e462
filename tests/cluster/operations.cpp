// operations DIRECTORY [GROUP...]: checks the operations on RDDs on a running cluster, all of them
// or those of the named groups, and exits with 1 when something differs. DIRECTORY must be empty.

#include "check.hpp"

#include <array>

namespace {

using cluster_test::Checks;

struct Group {
  std::string_view name;
  void (*run)(volley::Context&, Checks&);
};
constexpr std::array groups{
    Group{"sources", cluster_test::check_sources},
    Group{"files", cluster_test::check_files},
    Group{"narrow", cluster_test::check_narrow},
    Group{"keyed", cluster_test::check_keyed},
    Group{"shuffles", cluster_test::check_shuffles},
    Group{"joins", cluster_test::check_joins},
    Group{"sorting", cluster_test::check_sorting},
    Group{"actions", cluster_test::check_actions},
    Group{"failures", cluster_test::check_failures},
    Group{"persistence", cluster_test::check_persistence},
    Group{"storage", cluster_test::check_storage},
    Group{"keys", cluster_test::check_number_keys},
    Group{"keys", cluster_test::check_text_keys},
    Group{"keys", cluster_test::check_compound_keys},
    Group{"records", cluster_test::check_records},
    Group{"large", cluster_test::check_large_inputs},
    Group{"values", cluster_test::check_values},
    Group{"layout", cluster_test::check_layout},
    Group{"keyed", cluster_test::check_keyed_folds},
    Group{"joins", cluster_test::check_cogroups},
    Group{"folding", cluster_test::check_folding},
    Group{"futures", cluster_test::check_futures},
    Group{"barriers", cluster_test::check_barriers},
    Group{"pipes", cluster_test::check_pipes},
    Group{"blocks", cluster_test::check_remote_blocks},
    Group{"broadcasts", cluster_test::check_broadcasts},
    Group{"accumulators", cluster_test::check_accumulators},
    Group{"listeners", cluster_test::check_listening},
    Group{"hdf5", cluster_test::check_hdf5},
    Group{"formats", cluster_test::check_formats},
    Group{"repeatability", cluster_test::check_repeatability},
    Group{"skew", cluster_test::check_skew},
};

}  // namespace

int operations(volley::Context& context, const std::vector<std::string>& args) {
  if (args.empty()) {
    std::cerr << "usage: operations DIRECTORY [GROUP...]\n";
    return 2;
  }
  Checks checks(args[0]);
  for (const Group& group : groups) {
    if (args.size() > 1 && std::find(args.begin() + 1, args.end(), group.name) == args.end()) {
      continue;
    }
    try {
      group.run(context, checks);
    } catch (const std::exception& error) {
      checks.fail(group.name, std::string("ended early by: ") + error.what());
    }
  }
  return checks.report();
}
VOLLEY_APPLICATION(operations)
