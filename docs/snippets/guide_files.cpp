// docs/guide.md: files, HDF5, checkpoints, errors.

#include "snippets.hpp"

#include <filesystem>

namespace snippets {
namespace {

void run_text(volley::Context& context, Checks& checks) {
  const std::string input = checks.path("input.txt");
  const std::string output = checks.path("text");
  const std::string packed = checks.path("packed");
  write_file(input, "3 tea\n9 rum\n");
  // [text]
  auto lines = context.text_file(input);  // std::string_view lines; .gz, .zst and .lz4, too
  auto numbers = lines.map([](std::string_view line) { return std::stoi(std::string(line)); });
  numbers.save_as_text_file(output);          // output/part-00000 ... and output/_SUCCESS
  numbers.save_as_text_file(packed, "zstd");  // packed/part-00000.zst ...
  // [/text]
  checks.equal("text", sorted(context.text_file(output).collect()),
               std::vector<std::string>{"3", "9"});
  checks.equal("text: packed", context.text_file(packed).count(), 2);
  checks.holds("text: complete", std::filesystem::exists(output + "/_SUCCESS"));
}

void run_objects(volley::Context& context, Checks& checks) {
  const std::string objects = checks.path("objects");
  const std::string records = checks.path("records");
  // [objects]
  using Named = std::pair<std::string, std::vector<int>>;
  auto named = context.parallelize({Named{"a", {1, 2}}, Named{"b", {}}});
  named.save_as_object_file(objects);  // any record type; checksummed
  auto again = context.object_file<Named>(objects);

  auto numbers = context.range(0, 100);
  numbers.save_as_binary_records(records);  // bytes as they lie in memory
  auto same = context.binary_records<std::int64_t>(records);
  // [/objects]
  checks.equal("objects", again.collect(), named.collect());
  checks.equal("binary records", same.collect(), numbers.collect());
}

// [hdf5_type]
struct Hit {
  std::int64_t event = 0;
  double energy = 0;
};
// [/hdf5_type]

void run_hdf5(volley::Context& context, Checks& checks) {
  const std::string path = checks.path("run.h5");
  // [hdf5]
  auto made = context.range(0, 1000).map([](std::int64_t n) {
    return Hit{n / 10, 0.5 * static_cast<double>(n)};
  });
  made.save_as_hdf5(path, "/hits", {.members = {"event", "energy"}, .gzip = 4});

  auto hits = context.hdf5_dataset<Hit>(path, "/hits");
  auto energy_of_event = hits.map([](const Hit& hit) { return std::pair(hit.event, hit.energy); })
                             .reduce_by_key(std::plus<>{});
  // [/hdf5]
  checks.equal("hdf5", energy_of_event.count(), 100);
  checks.equal("hdf5: event 0", energy_of_event.lookup(0), std::vector<double>{22.5});
}

void run_added_file(volley::Context& context, Checks& checks) {
  const std::string path = checks.path("limits.txt");
  auto numbers = context.range(0, 100, 1, 4);
  // [add_file]
  std::ofstream(path) << 40 << ' ' << 50;
  context.add_file(path);
  auto within = numbers.map_partitions([](auto& records) {
    std::ifstream in(volley::file_path("limits.txt"));  // this node's copy
    std::int64_t from = 0;
    std::int64_t to = 0;
    in >> from >> to;
    std::vector<std::int64_t> kept;
    records.for_each([&](std::int64_t n) {
      if (n >= from && n < to) kept.push_back(n);
    });
    return kept;
  });
  // [/add_file]
  checks.equal("add_file", within.count(), 10);
  checks.equal("list_files", context.list_files(), std::vector<std::string>{"limits.txt"});
}

void run_checkpoint(volley::Context& context, Checks& checks) {
  const std::string directory = checks.path("checkpoints");
  // [checkpoint]
  context.set_checkpoint_dir(directory);  // on a file system that all nodes see
  volley::Rdd<double> state = context.range(0, 100).map([](auto n) { return double(n); });
  for (int step = 1; step <= 6; ++step) {
    state = state.map([](double x) { return x / 2; });
    state.cache();                          // else the checkpoint computes it a second time
    if (step % 3 == 0) state.checkpoint();  // written by the next job
    std::cout << "step " << step << ": " << state.sum() << '\n';
  }
  // [/checkpoint]
  checks.holds("checkpoint: written", state.is_checkpointed());
  checks.equal("checkpoint: state", state.sum(), 4950.0 / 64);
}

void run_errors(volley::Context& context, Checks& checks) {
  int failures = 0;
  std::string said;
  // [errors]
  auto numbers = context.range(0, 10).map([](std::int64_t n) {
    if (n == 7) throw std::runtime_error("seven is not allowed");
    return n;
  });
  try {
    numbers.count();
  } catch (const volley::JobFailed& error) {  // after volley.task.maxFailures attempts
    said = error.what();  // which task, on which host, how often, and "seven is not allowed"
  }
  try {
    context.text_file("/no/such/file");
  } catch (const volley::IoError& error) {  // before any job
    ++failures;
  }
  // [/errors]
  checks.holds("errors: the reason", said.find("seven is not allowed") != std::string::npos);
  checks.equal("errors: no file", failures, 1);
}

}  // namespace

void run_files(volley::Context& context, Checks& checks) {
  run_text(context, checks);
  run_objects(context, checks);
  run_hdf5(context, checks);
  run_added_file(context, checks);
  run_checkpoint(context, checks);
  run_errors(context, checks);
}

}  // namespace snippets
