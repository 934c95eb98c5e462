#include "program/driver_side.hpp"

#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace volley::program {
namespace {

struct Contexts {
  std::mutex mutex;
  std::vector<std::weak_ptr<ContextCore>> all;
};

/// A handle that was captured by value has nothing else to start from.
Contexts& contexts() {
  static Contexts table;
  return table;
}

}  // namespace

std::uint32_t note_context(const std::shared_ptr<ContextCore>& core) {
  Contexts& known = contexts();
  const std::lock_guard lock(known.mutex);
  for (std::size_t i = 0; i < known.all.size(); ++i) {
    if (!known.all[i].expired()) continue;
    known.all[i] = core;
    return static_cast<std::uint32_t>(i + 1);
  }
  known.all.push_back(core);
  return static_cast<std::uint32_t>(known.all.size());
}

std::shared_ptr<ContextCore> find_context(std::uint32_t number) {
  Contexts& known = contexts();
  const std::lock_guard lock(known.mutex);
  if (number == 0 || number > known.all.size()) return nullptr;
  return known.all[number - 1].lock();
}

std::vector<std::shared_ptr<ContextCore>> living_contexts() {
  Contexts& known = contexts();
  const std::lock_guard lock(known.mutex);
  std::vector<std::shared_ptr<ContextCore>> living;
  for (const auto& context : known.all) {
    if (auto core = context.lock()) living.push_back(std::move(core));
  }
  return living;
}

}  // namespace volley::program
