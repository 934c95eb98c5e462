// Measuring some ranks alone and while the others exchange as much as they can.
#include "bench/congest.hpp"

#include "bench/kernels/collect.hpp"
#include "bench/kernels/load.hpp"
#include "bench/session.hpp"

#include <utility>

namespace volley::bench {
namespace {

/// One side: its ranks, what they exchange and where it lies.
struct Side {
  exchange::RankGroup group;
  exchange::ExchangeShape shape;
  Buffer send;
  Buffer receive;
  std::unique_ptr<exchange::AllToAll> exchange;
};

base::Result<Side> make_side(exchange::RankGroup group, std::uint64_t bytes) {
  const std::vector<std::uint64_t> blocks(static_cast<std::size_t>(group.size()), bytes);
  auto shape = exchange::ExchangeShape::packed(blocks, blocks);
  auto send = Buffer::make(shape.bytes_sent());
  auto receive = Buffer::make(shape.bytes_received());
  if (!send) return send.failure();
  if (!receive) return receive.failure();
  return Side{std::move(group), std::move(shape), std::move(send).value(),
              std::move(receive).value(), nullptr};
}

/// An aggressor's part of the loaded half of a row; says what is wrong with what arrived.
base::Result<std::string> attack(const Session& session, Side& side) {
  ExchangeOperation operation(side.group, side.shape, *side.exchange, side.send, side.receive,
                              session.seed());
  operation.before(0);
  const auto status = load_until_stopped(session.group, side.group, *side.exchange,
                                         side.send.data(), side.receive.data());
  if (!status) return status.failure();
  return operation.after(0);
}

/// A victim's part: the row without what concerns both halves.
base::Result<Row> suffer(const Session& session, Side& side, std::uint64_t bytes,
                         const char* series) {
  const std::vector<std::uint64_t> blocks(static_cast<std::size_t>(side.group.size()), bytes);
  const auto shape = exchange::ExchangeShape::packed(blocks, blocks);
  const auto traffic = traffic_of(side.group, shape);
  if (!traffic) return traffic.failure();
  auto exchange = exchange::prepare_alltoall(
      side.group, shape, session.exchange_options(session.options.algorithms.front()));
  if (!exchange) return exchange.failure();
  ExchangeOperation operation(side.group, shape, *exchange.value(), side.send, side.receive,
                              session.seed());
  const auto measured = measure(side.group, session.limits(bytes), operation);
  if (!measured) return measured.failure();
  Row row = row_of(measured.value(), series, print(exchange.value()->choice()), bytes);
  rate(row, traffic.value(), session.report.conditions.injection);
  return row;
}

/// What the two halves of a row have in common to go on with.
struct Halves {
  std::string wrong;
  Row alone;
};

base::Status run_half(Session& session, Side& side, bool victim, bool loaded, std::uint64_t bytes,
                      Halves& halves) {
  if (const auto status = sleeping_barrier(session.group); !status) return status;
  if (!victim) {
    if (!loaded) return sleeping_barrier(session.group);
    auto wrong = attack(session, side);
    if (!wrong) return wrong.failure();
    halves.wrong = wrong.value();
    return sleeping_barrier(session.group);
  }
  auto row = suffer(session, side, bytes, loaded ? "loaded" : "alone");
  // Aggressors wait for the stop even when a victim found wrong contents.
  if (loaded && session.group.rank() == 0) {
    const auto victims = static_cast<std::uint32_t>(side.group.size());
    const auto status = stop_load(
        session.group, first_aggressor(static_cast<std::uint32_t>(session.group.size()), victims));
    if (!status) return status;
  }
  if (!row) {
    halves.wrong = row.error();
  } else if (!loaded) {
    halves.alone = row.value();
    session.add(std::move(row).value());
  } else {
    const Summary& alone = halves.alone.slowest;
    row.value().impact = row.value().slowest.median / alone.median;
    row.value().impact_p99 = row.value().slowest.p99 / alone.p99;
    session.add(std::move(row).value());
  }
  return sleeping_barrier(session.group);
}

}  // namespace

bool is_victim(std::uint32_t rank, std::uint32_t ranks, std::uint32_t victims) {
  return std::uint64_t{rank} * victims % ranks < victims;
}

int first_aggressor(std::uint32_t ranks, std::uint32_t victims) {
  std::uint32_t rank = 0;
  while (is_victim(rank, ranks, victims)) ++rank;
  return static_cast<int>(rank);
}

base::Status run_congest(Session& session) {
  const auto ranks = static_cast<std::uint32_t>(session.group.size());
  const std::uint32_t victims = session.options.victims != 0 ? session.options.victims : ranks / 2;
  const bool victim = is_victim(static_cast<std::uint32_t>(session.group.rank()), ranks, victims);
  auto group = session.group.split(victim ? 0 : 1);
  if (!group) return group.failure();
  auto made = make_side(std::move(group).value(),
                        victim ? session.options.largest : session.options.aggressor_bytes);
  if (!made) return made.failure();
  Side& side = made.value();
  if (!victim) {
    auto exchange = exchange::prepare_alltoall(
        side.group, side.shape, session.exchange_options(session.options.algorithms.front()));
    if (!exchange) return exchange.failure();
    side.exchange = std::move(exchange).value();
  }
  for (const std::uint64_t bytes : session.sizes()) {
    Halves halves;
    for (const bool loaded : {false, true}) {
      const auto status = run_half(session, side, victim, loaded, bytes, halves);
      if (!status) return status;
      const auto wrong = first_text(session.group, halves.wrong);
      if (!wrong) return wrong.failure();
      if (!wrong.value().empty()) return base::Failure{wrong_contents + wrong.value()};
    }
  }
  side.exchange.reset();
  side.group.close();
  return base::Done{};
}

}  // namespace volley::bench
