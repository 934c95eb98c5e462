// hdf5_files INPUT OUTPUT-DIRECTORY: reads the datasets of a file that another program has made,
// each in the way of its kind, writes them again, and prints the sum of each.

#include <volley/volley.hpp>

#include <array>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

namespace {

struct Star {
  std::int32_t id = 0;
  double brightness = 0;
  std::array<float, 2> place{};
  bool seen = false;
  std::array<char, 4> name{};
};

template <class T>
void print_sum(const char* name, const volley::Rdd<T>& rdd) {
  std::cout << name << ' ' << rdd.map([](const T& x) { return static_cast<double>(x); }).sum()
            << std::endl;
}

void read_numbers(volley::Context& context, const std::string& path) {
  // Chunks, compressed chunks, no chunks, the other byte order, other sizes, a filter of the
  // library.
  for (const char* name : {"plain", "gzip", "shuffled", "contiguous", "big_endian", "fletcher"}) {
    print_sum<std::int64_t>(name, context.hdf5_dataset<std::int64_t>(path, name));
  }
  print_sum<double>("int16", context.hdf5_dataset<double>(path, "int16"));
  print_sum<double>("half", context.hdf5_dataset<double>(path, "half"));
  print_sum<double>("holes", context.hdf5_dataset<double>(path, "holes"));
  print_sum<double>("table", context.hdf5_dataset<std::vector<double>>(path, "table")
                                 .flat_map([](const std::vector<double>& row) { return row; }));
}

int hdf5_files(volley::Context& context, const std::vector<std::string>& args) {
  if (args.size() != 2) return 2;
  const std::string& path = args[0];
  const auto in = [&](const char* name) { return args[1] + "/" + name; };
  read_numbers(context, path);
  const auto attributes = volley::hdf5_attributes(path, "plain");
  std::cout << "unit " << std::get<std::string>(attributes.at("unit")) << " scale "
            << std::get<double>(attributes.at("scale")) << std::endl;

  const auto stars = context.hdf5_dataset<Star>(path, "stars");
  print_sum<double>("stars", stars.map([](const Star& star) {
    return star.brightness + star.place[0] + (star.seen ? 1000 : 0) + star.name[0];
  }));
  stars.save_as_hdf5(in("stars.h5"), "deep/stars",
                     {.members = {"id", "brightness", "place", "seen", "name"}, .chunk_rows = 50});
  context.hdf5_dataset<std::int64_t>(path, "gzip")
      .save_as_hdf5(in("packed.h5"), "numbers",
                    {.chunk_rows = 1000,
                     .gzip = 6,
                     .attributes = {{"unit", std::string("kg")}, {"list", std::vector{1.5, 2.5}}}});
  context.hdf5_dataset<std::array<float, 5>>(path, "table").save_as_hdf5(in("table.h5"), "table");
  return 0;
}

}  // namespace

VOLLEY_APPLICATION(hdf5_files)
