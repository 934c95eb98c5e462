// What libvolley_hdf5.so exports.

#include "io/hdf5/functions.hpp"

namespace volley::io::hdf5 {
namespace {

class Calls final : public Hdf5Calls {
 public:
  Hdf5DatasetInfo inspect_dataset(const std::string& path,
                                  const std::string& dataset) const override {
    return hdf5::inspect_dataset(path, dataset);
  }
  std::vector<Hdf5DatasetInfo> list_datasets(const std::string& path) const override {
    return hdf5::list_datasets(path);
  }
  Hdf5Attributes read_attributes(const std::string& path,
                                 const std::string& object) const override {
    return hdf5::read_attributes(path, object);
  }
  void write_attributes(const std::string& path, const std::string& object,
                        const Hdf5Attributes& attributes) const override {
    hdf5::write_attributes(path, object, attributes);
  }
  std::vector<std::uint64_t> create_layout(const Hdf5Target& target, const Hdf5Creation& creation,
                                           const std::vector<Hdf5Extent>& extents) const override {
    return hdf5::create_layout(target, creation, extents);
  }
  bool find_pieces(const Hdf5DatasetInfo& info, Hdf5Split& whole) const override {
    return hdf5::find_pieces(info, whole);
  }
  std::unique_ptr<Hdf5RowSource> open_rows(const Hdf5Split& split,
                                           const Hdf5Row& row) const override {
    return hdf5::open_rows(split, row);
  }
};

}  // namespace
}  // namespace volley::io::hdf5

extern "C" const volley::io::Hdf5Calls* volley_hdf5_calls() {
  static const volley::io::hdf5::Calls calls;
  return &calls;
}
