// hdf5_read FILE DATASET [collective|independent|serial [MEBIBYTES]]: the sum of a dataset of int64
// of one dimension, read in parallel by hand: every rank reads its share of the rows as hyperslabs
// of whole chunks, about 16 MiB each unless told otherwise, through MPI-IO or (serial) through a
// file of its own.

#include <hdf5.h>
#include <mpi.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace {

struct Share {
  hsize_t begin = 0;
  hsize_t end = 0;
  hsize_t block = 1;
  hsize_t blocks = 0;  ///< the most of any rank: collective calls are made by all
};

Share share_of(hsize_t rows, hsize_t chunk, hsize_t block_bytes, int rank, int ranks) {
  const hsize_t chunks = (rows + chunk - 1) / chunk;
  const auto at = [&](hsize_t i) {
    return std::min(rows, chunks * i / static_cast<hsize_t>(ranks) * chunk);
  };
  Share share;
  share.begin = at(static_cast<hsize_t>(rank));
  share.end = at(static_cast<hsize_t>(rank) + 1);
  share.block = std::max<hsize_t>(block_bytes / 8 / chunk, 1) * chunk;
  const hsize_t most = (chunks + static_cast<hsize_t>(ranks) - 1) / static_cast<hsize_t>(ranks);
  share.blocks = (most * chunk + share.block - 1) / share.block;
  return share;
}

std::int64_t read_share(hid_t dataset, hid_t transfer, const Share& share) {
  const hid_t space = H5Dget_space(dataset);
  std::vector<std::int64_t> values(share.block);
  std::int64_t sum = 0;
  for (hsize_t i = 0; i < share.blocks; ++i) {
    const hsize_t from = std::min(share.begin + i * share.block, share.end);
    const hsize_t count = std::min(share.block, share.end - from);
    const hsize_t some = std::max<hsize_t>(count, 1);
    const hid_t memory = H5Screate_simple(1, &some, nullptr);
    if (count == 0) {
      H5Sselect_none(space);
      H5Sselect_none(memory);
    } else {
      H5Sselect_hyperslab(space, H5S_SELECT_SET, &from, nullptr, &count, nullptr);
    }
    if (H5Dread(dataset, H5T_NATIVE_INT64, memory, space, transfer, values.data()) < 0) {
      MPI_Abort(MPI_COMM_WORLD, 1);
    }
    for (hsize_t k = 0; k < count; ++k) sum += values[k];
    H5Sclose(memory);
  }
  H5Sclose(space);
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  int ranks = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (argc < 3) {
    std::fprintf(stderr,
                 "usage: hdf5_read FILE DATASET [collective|independent|serial [MEBIBYTES]]\n");
    MPI_Finalize();
    return 2;
  }
  const std::string mode = argc > 3 ? argv[3] : "independent";
  const hsize_t block_bytes = (argc > 4 ? std::stoull(argv[4]) : 16) << 20U;
  MPI_Barrier(MPI_COMM_WORLD);
  const double start = MPI_Wtime();
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  if (mode != "serial") H5Pset_fapl_mpio(access, MPI_COMM_WORLD, MPI_INFO_NULL);
  const hid_t file = H5Fopen(argv[1], H5F_ACC_RDONLY, access);
  const hid_t dataset = H5Dopen2(file, argv[2], H5P_DEFAULT);
  const hid_t space = H5Dget_space(dataset);
  hsize_t rows = 0;
  H5Sget_simple_extent_dims(space, &rows, nullptr);
  hsize_t chunk = 1;
  const hid_t made = H5Dget_create_plist(dataset);
  if (H5Pget_layout(made) == H5D_CHUNKED) H5Pget_chunk(made, 1, &chunk);
  const hid_t transfer = H5Pcreate(H5P_DATASET_XFER);
  if (mode == "collective") H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE);
  std::int64_t sum = read_share(dataset, transfer, share_of(rows, chunk, block_bytes, rank, ranks));
  std::int64_t total = 0;
  MPI_Reduce(&sum, &total, 1, MPI_INT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
  const double seconds = MPI_Wtime() - start;
  if (rank == 0) {
    std::printf("sum %lld seconds %.3f GB/s %.2f (%s)\n", static_cast<long long>(total), seconds,
                static_cast<double>(rows) * 8e-9 / seconds, mode.c_str());
  }
  H5Pclose(transfer);
  H5Pclose(made);
  H5Sclose(space);
  H5Dclose(dataset);
  H5Fclose(file);
  H5Pclose(access);
  MPI_Finalize();
  return 0;
}
