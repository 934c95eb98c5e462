#include "tests/sim/random_program.hpp"

#include "program/block_form.hpp"
#include "program/modules.hpp"
#include "tests/driver/lineage_builder.hpp"

#include <cstring>

namespace volley::sim {

using driver::testing::LineageBuilder;
using protocol::Dependency;
using protocol::DependencyKind;

namespace {

/// Stands for all code of the program: simulated tasks have bodies of their own.
void no_code() {}

protocol::FunctionRef code() {
  static const protocol::FunctionRef function =
      program::identify(reinterpret_cast<const void*>(&no_code));
  return function;
}

const program::BlockCodec& no_codec() {
  static constexpr program::BlockCodec none;
  return none;
}

protocol::FunctionRef codec() {
  static const protocol::FunctionRef function =
      program::identify(reinterpret_cast<const void*>(&no_codec));
  return function;
}

protocol::Bytes bytes_of(std::uint64_t value) {
  protocol::Bytes bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

/// An RDD whose partitions may be computed in parts, and perhaps one that changes its records.
void add_divisible(LineageBuilder& lineage, Random& random, const std::vector<base::RddId>& inputs,
                   std::uint32_t partitions) {
  base::RddId rdd = lineage.shuffle(inputs, partitions);
  lineage.allow_parts(rdd, protocol::PartitionParts::of_first_read);
  if (!random.one_in(2)) return;
  rdd = lineage.map(rdd);
  lineage.allow_parts(rdd, protocol::PartitionParts::by_record);
}

/// Adds one random RDD on top of those there are.
void grow(LineageBuilder& lineage, Random& random, std::uint32_t most_partitions) {
  const auto any = [&] { return static_cast<base::RddId>(random.below(lineage.rdds().size())); };
  const auto size = [&] { return static_cast<std::uint32_t>(random.between(1, most_partitions)); };
  const base::RddId a = any();
  const base::RddId b = any();
  switch (random.below(13)) {
    case 9:
    case 11:
      add_divisible(lineage, random, {a}, size());
      return;
    case 10:
    case 12:
      add_divisible(lineage, random, {a, b}, size());
      return;
    case 0:
      lineage.source(size());
      return;
    case 1:
    case 2:
      lineage.shuffle({a, b}, size());
      return;
    case 3:
    case 4:
    case 5:
      lineage.shuffle({a}, size());
      return;
    case 6:
      if (lineage.partitions(a) + lineage.partitions(b) <= 2 * most_partitions) {
        lineage.unite({a, b});
        return;
      }
      break;
    case 7:
      if (lineage.partitions(a) * lineage.partitions(b) <= 2 * most_partitions) {
        lineage.cartesian(a, b);
        return;
      }
      break;
    default:
      if (lineage.partitions(a) == lineage.partitions(b) && a != b) {
        lineage.join({a, b});
        return;
      }
      break;
  }
  lineage.map(a);
}

}  // namespace

std::uint64_t source_value(base::RddId rdd, std::uint32_t partition) {
  return mix(rdd, mix(partition));
}

std::optional<std::uint64_t> written_value(base::ShuffleNumber shuffle, bool sums,
                                           std::uint32_t reducer, std::uint64_t map_value) {
  const std::uint64_t place = mix(shuffle % shuffles_per_attempt, reducer);
  if (sums) return map_value * (place | 1U);
  const std::uint64_t value = mix(place, map_value);
  if (value % 5 == 0) return std::nullopt;
  return value;
}

std::uint64_t sum_of_records(std::uint64_t others, bool sums, const Reads& reads) {
  std::uint64_t sum = 0;
  for (const auto& [map, value] : reads) {
    sum += sums ? value * (others | 1U) : mix(others, mix(map, value));
  }
  return sum;
}

void add_up(Reads& reads) {
  std::uint64_t sum = 0;
  for (const auto& [map, value] : reads) sum += value;
  reads.assign(1, {0, sum});
}

std::vector<std::uint32_t> parents_of(const Dependency& dependency, std::uint32_t partition) {
  switch (dependency.kind) {
    case DependencyKind::one_to_one:
      return {partition};
    case DependencyKind::range:
      if (partition < dependency.out_start ||
          partition >= dependency.out_start + dependency.length) {
        return {};
      }
      return {partition - dependency.out_start};
    case DependencyKind::groups:
      return dependency.groups.at(partition);
    case DependencyKind::shuffle:
      break;
  }
  return {};
}

RandomProgram::RandomProgram(Random& random, const ProgramOptions& options, std::uint32_t attempt)
    : first_shuffle_((attempt - 1) * shuffles_per_attempt) {
  LineageBuilder lineage;
  lineage.source(static_cast<std::uint32_t>(random.between(1, options.most_partitions)));
  while (lineage.rdds().size() < options.rdds) grow(lineage, random, options.most_partitions);
  // A job that fails in a barrier stage of results cannot go on: there is one only before a
  // shuffle.
  std::optional<base::RddId> barrier;
  if (options.barrier_tasks > 0) {
    barrier = lineage.source(static_cast<std::uint32_t>(random.between(1, options.barrier_tasks)));
    lineage.shuffle({*barrier}, 2);
  }
  adopt(lineage.rdds(), barrier);
  shuffles_ = lineage.shuffles();
  for (const auto& rdd : rdds_) {
    if (random.one_in(5)) persisted_.push_back(rdd->id);
  }
  base::JobId next = 0;
  for (std::uint32_t i = 0; i < options.rounds; ++i) {
    Round& round = rounds_.emplace_back();
    for (std::uint64_t n = random.between(1, options.most_jobs); n > 0; --n) {
      // The newest RDDs have the longest lineage.
      const std::uint64_t reach = std::max<std::uint64_t>(rdds_.size() / 2, 1);
      auto rdd = static_cast<base::RddId>(rdds_.size() - 1 - random.below(reach));
      if (rdd == barrier) ++rdd;
      const std::uint32_t all = rdds_[rdd]->partitions;
      const auto some = static_cast<std::uint32_t>(random.between(1, all));
      round.jobs.push_back(job(next++, rdd, random.one_in(3) ? some : all));
    }
    if (options.cancels && random.one_in(8)) round.cancelled = random.pick(round.jobs).job;
    if (options.cancels && random.one_in(10)) round.cancelled_group = random.pick(round.jobs).group;
    for (const base::RddId rdd : persisted_) {
      if (random.one_in(6)) round.unpersisted.push_back(rdd);
    }
  }
}

RandomProgram RandomProgram::flat(std::uint32_t tasks) {
  LineageBuilder lineage;
  const base::RddId source = lineage.source(tasks);
  RandomProgram program;
  program.adopt(lineage.rdds());
  program.rounds_.emplace_back().jobs.push_back(program.job(0, source, tasks));
  return program;
}

void RandomProgram::adopt(const std::vector<protocol::RddSpecPtr>& rdds,
                          std::optional<base::RddId> barrier) {
  for (const auto& given : rdds) {
    protocol::RddSpec rdd = *given;
    rdd.compute.function = code();
    rdd.barrier = rdd.id == barrier;
    if (rdd.barrier) rdd.name = barrier_name;
    if (rdd.parts == protocol::PartitionParts::of_first_read) rdd.name = divisible_name;
    if (rdd.parts == protocol::PartitionParts::by_record) rdd.name = by_record_name;
    for (Dependency& dependency : rdd.dependencies) {
      dependency.writer.function = code();
      if (rdds[dependency.parent]->parts != protocol::PartitionParts::none) {
        dependency.writer.captures.resize(1);
      }
      if (dependency.kind == DependencyKind::shuffle) dependency.shuffle += first_shuffle_;
    }
    for (std::uint32_t i = 0; i < rdd.payloads.size(); ++i) {
      rdd.payloads[i] = std::make_shared<const protocol::Bytes>(bytes_of(source_value(rdd.id, i)));
    }
    rdds_.push_back(std::make_shared<const protocol::RddSpec>(std::move(rdd)));
  }
}

std::vector<base::ShuffleNumber> RandomProgram::shuffles() const {
  std::vector<base::ShuffleNumber> numbers;
  for (std::uint32_t i = 0; i < shuffles_; ++i) numbers.push_back(first_shuffle_ + i);
  return numbers;
}

protocol::JobSubmitted RandomProgram::job(base::JobId id, base::RddId rdd,
                                          std::uint32_t partitions) const {
  protocol::JobSubmitted message;
  message.job = id;
  message.final_rdd = rdd;
  message.rdds = rdds_;
  message.persisted = persisted_;
  for (const base::RddId stored : persisted_) {
    if (stored % 2 == 1)
      message.stored.push_back({stored, protocol::StorageLevel::memory_only_2, codec()});
  }
  for (std::uint32_t i = 0; i < partitions; ++i) message.partitions.push_back(i);
  message.group = id % 2 == 0 ? "even" : "odd";
  message.pool = message.group;
  message.tags = {message.group};
  message.action.function = code();
  message.action.captures = bytes_of(id);
  message.call_site = "collect at program.cpp:1";
  return message;
}

std::uint64_t RandomProgram::expected(base::RddId id, std::uint32_t partition) {
  const auto known = values_.find({id, partition});
  if (known != values_.end()) return known->second;
  const protocol::RddSpec& rdd = *rdds_.at(id);
  if (rdd.parts == protocol::PartitionParts::by_record) {
    return expected(rdd.dependencies.front().parent, partition);
  }
  ValueFold fold(id);
  if (rdd.dependencies.empty()) {
    fold.add(source_value(id, partition));
    return fold.value();
  }
  const bool divisible = rdd.parts == protocol::PartitionParts::of_first_read;
  for (std::size_t i = divisible ? 1 : 0; i < rdd.dependencies.size(); ++i) {
    const Dependency& dependency = rdd.dependencies[i];
    for (const std::uint32_t parent : parents_of(dependency, partition)) {
      fold.add(expected(dependency.parent, parent));
    }
    for (const auto& [map, value] : expected_reads(dependency, partition)) {
      fold.add_shuffled(map, value);
    }
  }
  std::uint64_t value = fold.value();
  if (divisible) {
    const Dependency& first = rdd.dependencies.front();
    value = sum_of_records(value, writes_sums(first.writer), expected_reads(first, partition));
  }
  return values_[{id, partition}] = value;
}

Reads RandomProgram::expected_reads(const Dependency& dependency, std::uint32_t partition) {
  Reads reads;
  if (dependency.kind != DependencyKind::shuffle) return reads;
  const bool sums = writes_sums(dependency.writer);
  for (std::uint32_t map = 0; map < rdds_.at(dependency.parent)->partitions; ++map) {
    const auto value =
        written_value(dependency.shuffle, sums, partition, expected(dependency.parent, map));
    if (value) reads.emplace_back(map, *value);
  }
  if (sums) add_up(reads);
  return reads;
}

}  // namespace volley::sim
