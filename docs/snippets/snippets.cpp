// snippets DIRECTORY [PAGE...]: runs the code of the documentation pages (guide, from_spark) and
// exits with 1 when a result differs. DIRECTORY must be empty.

#include "snippets.hpp"

#include <array>

namespace {

struct Page {
  std::string_view name;
  void (*run)(volley::Context&, snippets::Checks&);
};
constexpr std::array pages{
    Page{"guide", snippets::run_first_steps},    Page{"guide", snippets::run_keys},
    Page{"guide", snippets::run_shared},         Page{"guide", snippets::run_files},
    Page{"from_spark", snippets::run_counting},  Page{"from_spark", snippets::run_joining},
    Page{"from_spark", snippets::run_iterating}, Page{"from_spark", snippets::run_reading},
};

}  // namespace

int run_snippets(volley::Context& context, const std::vector<std::string>& args) {
  if (args.empty()) {
    std::cerr << "usage: snippets DIRECTORY [PAGE...]\n";
    return 2;
  }
  snippets::Checks checks(args[0]);
  for (const Page& page : pages) {
    if (args.size() > 1 && std::find(args.begin() + 1, args.end(), page.name) == args.end()) {
      continue;
    }
    try {
      page.run(context, checks);
    } catch (const std::exception& error) {
      checks.fail(page.name, std::string("ended early by: ") + error.what());
    }
  }
  return checks.report();
}
VOLLEY_APPLICATION(run_snippets)
