#include "config/configuration.hpp"

#include "base/check.hpp"
#include "config/spark_keys.hpp"

#include <fmt/format.h>

namespace volley::config {

void Configuration::set(Layer layer, std::string key, std::string value, std::string origin) {
  entries_.push_back({layer, std::move(key), std::move(value), std::move(origin)});
}

void Configuration::add_file(Layer layer, const PropertiesFile& file, std::string_view name) {
  for (const Property& property : file.properties) {
    set(layer, property.key, property.value, fmt::format("{}:{}", name, property.line));
  }
  file_problems_.insert(file_problems_.end(), file.problems.begin(), file.problems.end());
}

const Entry* Configuration::winner(std::string_view key) const {
  const Entry* best = nullptr;
  for (const Entry& entry : entries_) {
    const ResolvedKey resolved = resolve_key(entry.key);
    if (resolved.kind != KeyKind::option || resolved.key != key) continue;
    if (best == nullptr || entry.layer >= best->layer) best = &entry;
  }
  return best;
}

std::string Configuration::text(std::string_view key) const {
  const Option* option = find_option(key);
  VOLLEY_CHECK(option != nullptr, "no option '{}'", key);
  const Entry* entry = winner(key);
  return entry != nullptr ? entry->value : std::string(option->fallback);
}

template <class T>
T Configuration::get(std::string_view key) const {
  const std::string given = text(key);
  const auto value = parse_value(*find_option(key), given);
  VOLLEY_CHECK(value.ok(), "{}: {}", key, value.error());
  const T* typed = std::get_if<T>(&value.value());
  VOLLEY_CHECK(typed != nullptr, "{} is of another type ({})", key,
               name_of(find_option(key)->type));
  return *typed;
}

base::ByteCount Configuration::bytes(std::string_view key) const {
  return get<base::ByteCount>(key);
}
base::Duration Configuration::duration(std::string_view key) const {
  return get<base::Duration>(key);
}
std::int64_t Configuration::integer(std::string_view key) const { return get<std::int64_t>(key); }
bool Configuration::flag(std::string_view key) const { return get<bool>(key); }
double Configuration::number(std::string_view key) const { return get<double>(key); }
bool Configuration::is_set(std::string_view key) const { return winner(key) != nullptr; }

std::vector<EffectiveValue> Configuration::effective() const {
  std::vector<EffectiveValue> values;
  for (const Option& option : option_table()) {
    const Entry* entry = winner(option.key);
    values.push_back({std::string(option.key),
                      entry != nullptr ? entry->value : std::string(option.fallback),
                      entry != nullptr ? entry->origin : "default"});
  }
  return values;
}

std::vector<std::pair<std::string, std::string>> Configuration::to_pairs() const {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Option& option : option_table()) {
    if (const Entry* entry = winner(option.key); entry != nullptr) {
      pairs.emplace_back(option.key, entry->value);
    }
  }
  return pairs;
}

Configuration Configuration::from_pairs(
    const std::vector<std::pair<std::string, std::string>>& pairs) {
  Configuration configuration;
  for (const auto& [key, value] : pairs) {
    configuration.set(Layer::command_line, key, value, "submission");
  }
  return configuration;
}

}  // namespace volley::config
