// What the ranks do before they serve a dataflow benchmark: see entries.hpp.
#include "base/units.hpp"
#include "bench/buffer.hpp"
#include "bench/conditions.hpp"
#include "bench/dataflow/entries.hpp"
#include "bench/kernels/collect.hpp"
#include "bench/kernels/shuffle_with_mpi.hpp"
#include "bench/session.hpp"
#include "protocol/codec.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace volley::bench {
namespace {

/// Memory of the job for `bytes` of data. Shuffle: MPI's two buffers, or the arena and what is
/// under way; sort: the cached input, the arena, and the records that are sorted.
double need_of(const Options& options) {
  const double times = options.kind == Kind::sort ? 4 : 2.2;
  return options.kind == Kind::word_count ? 0 : times * static_cast<double>(options.largest);
}

std::string shortage(const Options& options, const exchange::RankGroup& group) {
  const double here = need_of(options) / std::max<double>(1, static_cast<double>(group.nodes()));
  const auto available = static_cast<double>(available_memory());
  if (here <= available) return {};
  return fmt::format("{} of {} takes about {} on each node, where {} are available; lower --bytes",
                     name_of(options.kind), base::format_bytes(options.largest),
                     base::format_bytes(static_cast<std::uint64_t>(here)),
                     base::format_bytes(static_cast<std::uint64_t>(available)));
}

base::Status measure_prelude(const Options& options, const exchange::RankGroup& group,
                             Prelude& prelude) {
  const auto copy = copy_bandwidth(group);
  if (!copy) return copy.failure();
  prelude.conditions.copy = copy.value();
  const auto injection = injection_bandwidth(group);
  if (!injection) return injection.failure();
  prelude.conditions.injection = injection.value();
  if (options.kind != Kind::shuffle) return base::Done{};
  for (const std::uint64_t bytes : sizes_of(options)) {
    auto rows = shuffle_with_mpi(group, options, bytes, injection.value());
    if (!rows) return rows.failure();
    for (Row& row : rows.value()) prelude.rows.push_back(std::move(row));
  }
  return base::Done{};
}

}  // namespace

std::string encode_prelude(const Prelude& prelude) {
  std::string text;
  for (const std::byte byte : protocol::encode(prelude)) {
    text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  }
  return text;
}

std::optional<Prelude> decode_prelude(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  protocol::Bytes bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(digit(text[i]) * 16 + digit(text[i + 1])));
  }
  return protocol::decode<Prelude>(bytes);
}

int run_prelude(const Options& options, net::MpiWorld& world,
                const std::function<void(const std::string&)>& complain) {
  const auto give_up = [&](const std::string& message) -> int {
    // Others may be waiting for this rank: the job must end.
    complain(fmt::format("rank {}: {}", world.rank(), message));
    std::_Exit(70);
  };
  if (const auto status = world.group_nodes(0); !status) return give_up(status.error());
  std::string trouble;
  {
    auto real = exchange::RankGroup::of(world);
    if (!real) return give_up(real.error());
    const auto first = first_text(real.value(), shortage(options, real.value()));
    if (!first) return give_up(first.error());
    trouble = first.value();
    real.value().close();
  }
  if (!trouble.empty()) {
    if (world.rank() == 0) complain(trouble);
    return 2;
  }
  if (const auto status = world.group_nodes(options.node_ranks); !status) {
    return give_up(status.error());
  }
  auto group = exchange::RankGroup::of(world);
  if (!group) return give_up(group.error());
  Prelude prelude;
  auto conditions = conditions_of(world, group.value());
  if (!conditions) return give_up(conditions.error());
  prelude.conditions = std::move(conditions).value();
  const auto status = measure_prelude(options, group.value(), prelude);
  if (!status) {
    if (status.error().starts_with(wrong_contents)) {
      if (world.rank() == 0) complain(status.error());
      return 1;
    }
    return give_up(status.error());
  }
  group.value().close();
  // The driver may come to any rank; only rank 0 knows the hosts.
  protocol::Bytes bytes = protocol::encode(prelude);
  if (const auto shared = world.broadcast(bytes, 0, net::MpiScope::world); !shared) {
    return give_up(shared.error());
  }
  auto common = protocol::decode<Prelude>(bytes);
  VOLLEY_CHECK(common.has_value(), "a prelude of {} bytes does not decode", bytes.size());
  ::setenv(prelude_variable, encode_prelude(*common).c_str(), 1);
  return 0;
}

}  // namespace volley::bench
