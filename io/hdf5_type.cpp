#include "io/hdf5_type.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace volley::io {
namespace {

using base::Failure;

bool holds_numbers(const Hdf5Type& found, const Hdf5Type& wanted) {
  switch (wanted.kind) {
    case Hdf5Class::integer:
      return found.kind == Hdf5Class::integer && found.value_bits <= wanted.value_bits &&
             (wanted.is_signed || !found.is_signed);
    case Hdf5Class::floating:
      if (found.kind == Hdf5Class::integer) return found.value_bits <= wanted.value_bits;
      return found.kind == Hdf5Class::floating && found.value_bits <= wanted.value_bits &&
             found.exponent_bits <= wanted.exponent_bits;
    case Hdf5Class::boolean:
      return found.kind == Hdf5Class::boolean;
    case Hdf5Class::text:
      return found.kind == Hdf5Class::text && found.size <= wanted.size;
    default:
      return false;
  }
}

bool same_bytes(const Hdf5Type& found, const Hdf5Type& wanted) {
  return found.kind == wanted.kind && found.size == wanted.size && found.native &&
         found.is_signed == wanted.is_signed;
}

void add_run(std::vector<Hdf5Run>& runs, Hdf5Run run) {
  if (!runs.empty()) {
    Hdf5Run& last = runs.back();
    if (last.from + last.bytes == run.from && last.to + last.bytes == run.to) {
      last.bytes += run.bytes;
      return;
    }
  }
  runs.push_back(run);
}

const Hdf5Member* find_member(const Hdf5Type& type, const std::string& name) {
  const auto found = std::find_if(type.members.begin(), type.members.end(),
                                  [&](const Hdf5Member& member) { return member.name == name; });
  return found == type.members.end() ? nullptr : &*found;
}

/// Collects, depth first, how one element becomes another.
class Matcher {
 public:
  Hdf5Match match;

  /// Empty when it fits. `from` and `to`: where the element begins.
  std::string add(const Hdf5Type& found, Hdf5Type& wanted, std::uint64_t from, std::uint64_t to,
                  const std::vector<std::string>& names) {
    if (found.is_array != wanted.is_array || found.count != wanted.count) {
      return fmt::format("{} is not {}", describe(found), describe(wanted));
    }
    if (wanted.kind == Hdf5Class::compound) {
      for (std::uint64_t i = 0; i < wanted.count; ++i) {
        auto why = add_members(found, wanted, from + i * found.size, to + i * wanted.size, names);
        if (!why.empty()) return why;
      }
      return {};
    }
    if (!holds_numbers(found, wanted)) {
      return fmt::format("{} does not hold every value of {}", describe(wanted), describe(found));
    }
    if (same_bytes(found, wanted)) {
      add_run(match.runs, {from, to, found.bytes()});
    } else {
      match.identical = false;
    }
    return {};
  }

 private:
  std::string add_members(const Hdf5Type& found, Hdf5Type& wanted, std::uint64_t from,
                          std::uint64_t to, const std::vector<std::string>& names) {
    if (found.kind != Hdf5Class::compound) {
      return fmt::format("{} is no compound", describe(found));
    }
    const std::size_t members = wanted.members.size();
    if (names.empty() && found.members.size() != members) {
      return fmt::format("{} members are not {}; name those that are wanted", found.members.size(),
                         members);
    }
    if (!names.empty() && names.size() != members) {
      return fmt::format("{} names for {} members", names.size(), members);
    }
    for (std::size_t i = 0; i < members; ++i) {
      const Hdf5Member* other = names.empty() ? &found.members[i] : find_member(found, names[i]);
      if (other == nullptr) return fmt::format("there is no member '{}'", names[i]);
      Hdf5Member& own = wanted.members[i];
      own.name = other->name;
      auto why = add(other->type, own.type, from + other->offset, to + own.offset, {});
      if (!why.empty()) return fmt::format("member '{}': {}", other->name, why);
    }
    return {};
  }
};

std::string describe_element(const Hdf5Type& type) {
  const std::string order = type.native ? "" : " (other byte order or layout)";
  switch (type.kind) {
    case Hdf5Class::integer:
      return fmt::format("{}int{}{}", type.is_signed ? "" : "u", type.size * 8, order);
    case Hdf5Class::floating:
      return fmt::format("float{}{}", type.size * 8, order);
    case Hdf5Class::boolean:
      return "bool";
    case Hdf5Class::text:
      return fmt::format("text of {} bytes", type.size);
    case Hdf5Class::other:
      return type.other;
    case Hdf5Class::compound:
      break;
  }
  std::string text = "compound {";
  for (const Hdf5Member& member : type.members) {
    if (&member != &type.members.front()) text += ", ";
    if (!member.name.empty()) text += member.name + ": ";
    text += describe(member.type);
  }
  return text + "}";
}

}  // namespace

std::string describe(const Hdf5Type& type) {
  const std::string element = describe_element(type);
  return type.is_array ? fmt::format("{}[{}]", element, type.count) : element;
}

std::string describe(const Hdf5Row& row) {
  switch (row.shape) {
    case Hdf5Row::Shape::fixed:
      return fmt::format("rows of {} x {} [n, {}]", row.columns, describe(row.element),
                         row.columns);
    case Hdf5Row::Shape::any:
      return fmt::format("rows of any number of {} [n, m]", describe(row.element));
    case Hdf5Row::Shape::element:
      break;
  }
  return fmt::format("{} [n]", describe(row.element));
}

std::string describe_shape(const std::vector<std::uint64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

base::Result<Hdf5Match> match_types(const Hdf5Type& found, const Hdf5Type& wanted,
                                    const std::vector<std::string>& names) {
  Matcher matcher;
  matcher.match.memory = wanted;
  std::string why = matcher.add(found, matcher.match.memory, 0, 0, names);
  if (!why.empty()) return Failure{std::move(why)};
  if (!matcher.match.identical) matcher.match.runs.clear();
  return std::move(matcher.match);
}

}  // namespace volley::io
