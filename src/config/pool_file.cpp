#include "config/pool_file.hpp"

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace volley::config {
namespace {

using boost::property_tree::ptree;

struct BadPool {
  std::string what;
};

std::uint32_t whole_number(const ptree& pool, const char* key, std::uint32_t fallback,
                           const std::string& name) {
  const auto text = pool.get_optional<std::string>(key);
  if (!text) return fallback;
  const auto number = pool.get_optional<std::int64_t>(key);
  if (!number || *number < 0 || *number > UINT32_MAX) {
    throw BadPool{fmt::format("pool {}: {} '{}' is not a whole number", name, key, *text)};
  }
  return static_cast<std::uint32_t>(*number);
}

void add_pools(const ptree& tree, const std::string& parent, std::vector<PoolSetting>& pools) {
  for (const auto& [tag, child] : tree) {
    if (tag != "pool") continue;
    PoolSetting pool;
    pool.name = child.get("<xmlattr>.name", "");
    pool.parent = parent;
    if (pool.name.empty()) throw BadPool{"a pool has no name"};
    const std::string mode = child.get("schedulingMode", "FIFO");
    if (mode != "FIFO" && mode != "FAIR") {
      throw BadPool{
          fmt::format("pool {}: schedulingMode '{}' is not FIFO or FAIR", pool.name, mode)};
    }
    pool.fair = mode == "FAIR";
    pool.weight = whole_number(child, "weight", 1, pool.name);
    pool.min_share = whole_number(child, "minShare", 0, pool.name);
    pools.push_back(pool);
    add_pools(child, pool.name, pools);
  }
}

}  // namespace

base::Result<std::vector<PoolSetting>> parse_pools(const std::string& text,
                                                   const std::string& name) {
  std::vector<PoolSetting> pools;
  try {
    std::istringstream in(text);
    ptree tree;
    boost::property_tree::read_xml(in, tree, boost::property_tree::xml_parser::trim_whitespace);
    const auto allocations = tree.get_child_optional("allocations");
    if (!allocations) return base::Failure{name + ": there is no <allocations>"};
    add_pools(*allocations, {}, pools);
  } catch (const boost::property_tree::xml_parser_error& error) {
    return base::Failure{fmt::format("{}:{}: {}", name, error.line(), error.message())};
  } catch (const BadPool& bad) {
    return base::Failure{fmt::format("{}: {}", name, bad.what)};
  }
  return pools;
}

base::Result<std::vector<PoolSetting>> read_pool_file(const std::string& path) {
  const std::ifstream file(path);
  if (!file) {
    return base::Failure{fmt::format("cannot read '{}': {}", path, std::strerror(errno))};
  }
  std::ostringstream text;
  text << file.rdbuf();
  return parse_pools(text.str(), path);
}

}  // namespace volley::config
