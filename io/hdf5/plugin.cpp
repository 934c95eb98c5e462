// What libvolley_hdf5.so exports.

#include "io/hdf5/functions.hpp"

extern "C" const volley::io::Hdf5Calls* volley_hdf5_calls() {
  using namespace volley::io;
  static constexpr Hdf5Calls calls{
      .inspect_dataset = &hdf5::inspect_dataset,
      .list_datasets = &hdf5::list_datasets,
      .read_attributes = &hdf5::read_attributes,
      .write_attributes = &hdf5::write_attributes,
      .create_layout = &hdf5::create_layout,
      .find_pieces = &hdf5::find_pieces,
      .open_rows = &hdf5::open_rows,
  };
  return &calls;
}
