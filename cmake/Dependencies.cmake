# What Volley is built with. Everything is a Debian package; scripts/install-dependencies lists them.
if(POLICY CMP0167)
  cmake_policy(SET CMP0167 NEW) # Boost's own package configuration; CMake 3.30 deprecates its module
endif()

find_package(Threads REQUIRED)
find_package(MPI 3.1 REQUIRED COMPONENTS C)
find_package(Boost 1.81 REQUIRED COMPONENTS program_options json)
find_package(fmt REQUIRED)
find_package(ZLIB REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_path(XXHASH_INCLUDE xxhash.h REQUIRED)
find_path(LZ4_INCLUDE lz4.h REQUIRED)
find_library(LZ4_LIBRARY lz4 REQUIRED)
find_path(ZSTD_INCLUDE zstd.h REQUIRED)
find_library(ZSTD_LIBRARY zstd REQUIRED)
# HDF5 is called from processes without MPI, so the serial build of the library comes first.
find_path(HDF5_INCLUDE hdf5.h REQUIRED PATH_SUFFIXES hdf5/serial hdf5/openmpi)
find_library(HDF5_LIBRARY NAMES hdf5_serial hdf5 hdf5_openmpi REQUIRED)

# XXH_INLINE_ALL compiles the hash into its callers: short keys are hashed in a few cycles.
add_library(xxhash INTERFACE)
target_include_directories(xxhash SYSTEM INTERFACE ${XXHASH_INCLUDE})
target_compile_definitions(xxhash INTERFACE XXH_INLINE_ALL)

add_library(volley_dependencies INTERFACE)
target_compile_definitions(volley_dependencies INTERFACE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)
target_include_directories(volley_dependencies SYSTEM INTERFACE
  ${LZ4_INCLUDE} ${ZSTD_INCLUDE})
target_link_libraries(volley_dependencies INTERFACE
  MPI::MPI_C Boost::program_options Boost::json ZLIB::ZLIB ${LZ4_LIBRARY} ${ZSTD_LIBRARY}
  Threads::Threads ${CMAKE_DL_LIBS})
