#include "io/hdf5_input.hpp"
#include "io/io_error.hpp"

#include <volley/context.hpp>
#include <volley/hdf5.hpp>

#include <utility>

namespace volley {
namespace {

/// What io throws becomes what programs catch.
template <class Call>
auto for_program(Call&& call) {
  try {
    return call();
  } catch (const io::IoError& error) {
    throw IoError(error.what());
  }
}

}  // namespace

std::vector<Hdf5DatasetInfo> hdf5_datasets(const std::string& path) {
  const std::string local = detail::output_path(path);
  return for_program([&] { return io::list_hdf5_datasets(local); });
}

Hdf5DatasetInfo hdf5_dataset_info(const std::string& path, const std::string& dataset) {
  const std::string local = detail::output_path(path);
  return for_program([&] { return io::inspect_hdf5_dataset(local, dataset); });
}

Hdf5Attributes hdf5_attributes(const std::string& path, const std::string& object) {
  const std::string local = detail::output_path(path);
  return for_program([&] { return io::read_hdf5_attributes(local, object); });
}

void set_hdf5_attributes(const std::string& path, const std::string& object,
                         const Hdf5Attributes& attributes) {
  const std::string local = detail::output_path(path);
  for_program([&] { io::write_hdf5_attributes(local, object, attributes); });
}

namespace detail {
namespace {

/// Copies parts into the file.
struct Hdf5CopyAction {
  explicit Hdf5CopyAction(protocol::Reader&) {}
  template <class T, class Source>
  void run(TaskContext& context, Source&& source, protocol::Bytes&) {
    context.check_commit();
    auto copy = [&](const io::Hdf5Copy& pieces) {
      context.metrics().bytes_written += io::copy_hdf5_pieces(pieces);
    };
    source(copy);
  }
};

}  // namespace

void copy_hdf5_parts(program::Hdf5Save& save, const program::Lineage& rdd, const std::string& call,
                     const std::source_location& where) {
  std::vector<protocol::Bytes> payloads;
  for (const io::Hdf5Copy& copy : save.gather()) {
    payloads.push_back(protocol::encode(std::vector{copy}));
  }
  using P = Pipe<ValuesSource<io::Hdf5Copy>>;
  const auto partitions = static_cast<std::uint32_t>(payloads.size());
  const Rdd<io::Hdf5Copy, P> pieces(
      make_lineage(rdd.core(), "save_as_hdf5", partitions, {}, {}, compute_closure<P>({}),
                   std::move(payloads), {}, where),
      true);
  save.run(*pieces.lineage(), pieces.template make_action<Hdf5CopyAction>([](protocol::Writer&) {}),
           call);
}

}  // namespace detail

std::vector<protocol::Bytes> Context::plan_hdf5_dataset(const std::string& path,
                                                        const std::string& dataset,
                                                        const Hdf5ReadOptions& options,
                                                        const io::Hdf5Row& row) const {
  const std::uint32_t wanted =
      options.min_partitions == 0 ? core_->default_parallelism() : options.min_partitions;
  const std::string local = detail::output_path(path);
  const auto splits = for_program([&] {
    return io::plan_hdf5_input({local, dataset, options.members}, row, wanted,
                               core_->configuration().bytes("volley.files.maxPartitionBytes"));
  });
  std::vector<protocol::Bytes> payloads;
  for (const io::Hdf5Split& split : splits) payloads.push_back(protocol::encode(split));
  return payloads;
}

}  // namespace volley
