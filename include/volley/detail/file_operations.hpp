#pragma once
// FileOperations: the actions of Rdd that write files of formats of their own.

#include "io/object_file.hpp"

#include <volley/detail/encoded_blocks.hpp>
#include <volley/detail/file_sources.hpp>
#include <volley/detail/hdf5_save.hpp>
#include <volley/detail/rdd_build.hpp>

#include <source_location>
#include <string>
#include <utility>
#include <vector>

namespace volley::detail {

/// One part file of objects.
struct SaveObjectsAction {
  explicit SaveObjectsAction(protocol::Reader& in) {
    protocol::read(in, directory);
    protocol::read(in, codec);
  }
  template <class T, class Source>
  void run(TaskContext& context, Source&& source, protocol::Bytes&) {
    const protocol::TaskAttempt& attempt = context.attempt();
    io::PartWriter part(directory, {attempt.partition, attempt.stage_attempt, attempt.task});
    io::ObjectWriter writer(part, codec, object_type<T>());
    context.metrics().records_written += encode_in_blocks<T>(
        source,
        [&](const protocol::Bytes& bytes, std::uint64_t records) { writer.add(bytes, records); });
    writer.finish();
    context.metrics().bytes_written += part.bytes();
    context.check_commit();
    part.commit();
  }
  std::string directory;
  io::Codec codec = io::Codec::none;
};

template <class Self, class T, class P>
class FileOperations {
 public:
  using Where = std::source_location;

  /// The encoded records, a part file per partition (part-00000 ...) and _SUCCESS when all are
  /// there, for context.object_file<T>: records of any type that can be sent, in a format of
  /// Volley's own, with checksums. `codec`: gzip, zstd or lz4 compress them. The directory must not
  /// exist: IoError before the job.
  void save_as_object_file(const std::string& directory, const std::string& codec = {},
                           Where where = Where::current()) const {
    const std::string path = output_path(directory);
    auto action = self().template make_action<SaveObjectsAction>([&](protocol::Writer& out) {
      protocol::write(out, path);
      protocol::write(out, output_codec(codec));
    });
    save_output(*self().lineage(), path, std::move(action),
                name_call("save_as_object_file", where));
  }

  /// Writes all records, in partition order, as the rows of one dataset of a new HDF5 file; see
  /// hdf5.hpp for what a record can be. The tasks write into the one file at the same time; it
  /// appears under its name when it is complete. The records are counted first and kept meanwhile
  /// (as persist(memory_and_disk_ser) does, unless the RDD is persisted already or the options say
  /// otherwise). Throws IoError
  /// when the file exists, InvalidArgument when rows have different lengths.
  void save_as_hdf5(const std::string& path, const std::string& dataset,
                    const Hdf5WriteOptions& options = {}, Where where = Where::current()) const {
    VOLLEY_REQUIRE_HDF5("save_as_hdf5", T);
    save_hdf5(self(), path, dataset, options, where);
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
};

}  // namespace volley::detail
