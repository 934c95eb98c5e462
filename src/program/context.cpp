#include "config/version.hpp"

#include <volley/context.hpp>

#include <algorithm>

namespace volley {
namespace {

/// Values of range(start, end, step), in 64 bits without overflow.
std::uint64_t range_size(std::int64_t start, std::int64_t end, std::int64_t step) {
  const bool up = step > 0;
  if (up ? start >= end : start <= end) return 0;
  const auto distance = up ? static_cast<std::uint64_t>(end) - static_cast<std::uint64_t>(start)
                           : static_cast<std::uint64_t>(start) - static_cast<std::uint64_t>(end);
  const auto stride = up ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
  return (distance - 1) / stride + 1;
}

}  // namespace

Rdd<std::int64_t, detail::Pipe<detail::RangeSource>> Context::range(
    std::int64_t start, std::int64_t end, std::int64_t step, std::uint32_t slices, Where where) {
  core_->check_running();
  if (step == 0) throw InvalidArgument("step cannot be 0");
  const std::uint64_t total = range_size(start, end, step);
  const std::uint64_t n = slices == 0 ? core_->default_parallelism() : slices;
  std::vector<protocol::Bytes> payloads;
  for (std::uint64_t i = 0; i < n; ++i) {
    // Slice i starts at value i * total / n, computed without overflow of the product.
    const auto at = [&](std::uint64_t slice) {
      return total / n * slice + std::min(total % n * slice / n, total);
    };
    const std::uint64_t first = at(i);
    const std::uint64_t value =
        static_cast<std::uint64_t>(start) + static_cast<std::uint64_t>(step) * first;
    payloads.push_back(protocol::encode(
        detail::RangeSlice{static_cast<std::int64_t>(value), step, at(i + 1) - first}));
  }
  using P = detail::Pipe<detail::RangeSource>;
  return {detail::make_lineage(core_, "range", static_cast<std::uint32_t>(n), {}, {},
                               detail::compute_closure<P>({}), std::move(payloads), {}, where),
          true};
}

Rdd<std::string_view, detail::Pipe<detail::TextSource>> Context::text_file(
    const std::string& paths, std::uint32_t min_partitions, Where where) {
  core_->check_running();
  const std::uint32_t wanted = min_partitions == 0 ? core_->default_parallelism() : min_partitions;
  const auto splits = io::plan_text_input(
      paths, wanted, core_->configuration().bytes("volley.files.maxPartitionBytes"));
  if (!splits) throw IoError(splits.error());
  std::vector<protocol::Bytes> payloads;
  for (io::TextSplit split : splits.value()) {
    split.ignore_missing = core_->configuration().flag("volley.files.ignoreMissingFiles");
    split.ignore_corrupt = core_->configuration().flag("volley.files.ignoreCorruptFiles");
    payloads.push_back(protocol::encode(split));
  }
  using P = detail::Pipe<detail::TextSource>;
  const auto partitions = static_cast<std::uint32_t>(payloads.size());
  return {detail::make_lineage(core_, "text_file", partitions, {}, {},
                               detail::compute_closure<P>({}), std::move(payloads), {}, where),
          true};
}

std::vector<protocol::Bytes> Context::plan_binary_records(const std::string& paths,
                                                          std::size_t record_size,
                                                          std::uint32_t min_partitions) const {
  const std::uint32_t wanted = min_partitions == 0 ? core_->default_parallelism() : min_partitions;
  const auto splits = io::plan_binary_input(
      paths, record_size, wanted, core_->configuration().bytes("volley.files.maxPartitionBytes"));
  if (!splits) throw IoError(splits.error());
  std::vector<protocol::Bytes> payloads;
  for (const io::BinarySplit& split : splits.value()) payloads.push_back(protocol::encode(split));
  return payloads;
}

void Context::stop(Where where) {
  core_->request(protocol::AllJobsCancelRequested{"because the Context was shut down"});
  core_->stop("the program stopped it at " + detail::name_call("stop", where));
}

std::string Context::version() { return std::string(config::version()); }

std::chrono::system_clock::time_point Context::start_time() const {
  return std::chrono::system_clock::time_point(
      std::chrono::seconds(core_->application().cluster_start));
}

std::string Context::configuration(const std::string& key) const {
  if (config::find_option(key) == nullptr) throw InvalidArgument("there is no option " + key);
  return core_->configuration().text(key);
}

}  // namespace volley
