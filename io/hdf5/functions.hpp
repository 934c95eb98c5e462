#pragma once
// The functions behind Hdf5Calls (io/hdf5_calls.hpp), which plugin.cpp hands out.

#include "io/hdf5_calls.hpp"

namespace volley::io::hdf5 {

Hdf5DatasetInfo inspect_dataset(const std::string& path, const std::string& dataset);
std::vector<Hdf5DatasetInfo> list_datasets(const std::string& path);
Hdf5Attributes read_attributes(const std::string& path, const std::string& object);
void write_attributes(const std::string& path, const std::string& object,
                      const Hdf5Attributes& attributes);
std::vector<std::uint64_t> create_layout(const Hdf5Target& target, const Hdf5Creation& creation,
                                         const std::vector<Hdf5Extent>& extents);
bool find_pieces(const Hdf5DatasetInfo& info, Hdf5Split& whole);
std::unique_ptr<Hdf5RowSource> open_rows(const Hdf5Split& split, const Hdf5Row& row);

}  // namespace volley::io::hdf5
