#include "program/context_core.hpp"
#include "program/lineage.hpp"

#include <fmt/format.h>

#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace volley::program {
namespace {

struct Line {
  const Lineage* rdd;
  std::string indent;
  bool begins_stage;
};

std::string text_of(const Line& line) {
  const Lineage& rdd = *line.rdd;
  std::string lead = fmt::format("({}) ", rdd.partitions());
  if (!line.begins_stage) lead = std::string(lead.size() - 3, ' ') + "|  ";
  const auto& core = *rdd.core();
  return fmt::format("{}{}{} [{}] at {}{}\n", line.indent, lead, core.name_of(rdd), rdd.id(),
                     rdd.spec()->call_site, core.persisted(rdd.id()) ? " [persisted]" : "");
}

}  // namespace

std::string debug_string(const Lineage& rdd) {
  std::string text;
  std::unordered_set<base::RddId> seen;
  std::vector<Line> stack{{&rdd, "", true}};
  while (!stack.empty()) {
    const Line line = std::move(stack.back());
    stack.pop_back();
    text += text_of(line);
    // What comes in two ways is described once.
    if (!seen.insert(line.rdd->id()).second) continue;
    const auto& dependencies = line.rdd->spec()->dependencies;
    for (std::size_t i = line.rdd->parents().size(); i-- > 0;) {
      const bool shuffle =
          i < dependencies.size() && dependencies[i].kind == protocol::DependencyKind::shuffle;
      std::string indent(line.indent.size(), ' ');
      if (shuffle) indent += " +-";
      stack.push_back({line.rdd->parents()[i].get(), std::move(indent), shuffle});
    }
  }
  return text;
}

}  // namespace volley::program
