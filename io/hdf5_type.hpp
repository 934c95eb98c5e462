#pragma once
// Hdf5Type: what an element of a dataset is, in a file or in this program, without the HDF5
// library; and the rule by which the one becomes the other: only where nothing is lost. Plain
// values and pure functions.

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace volley::io {

enum class Hdf5Class : std::uint8_t { integer, floating, boolean, text, compound, other };

struct Hdf5Member;

struct Hdf5Type {
  Hdf5Class kind = Hdf5Class::other;
  std::uint64_t size = 0;           ///< bytes of one element; of a text its length
  bool is_signed = false;           ///< integers
  std::uint32_t value_bits = 0;     ///< integers: without the sign; floating: of the significand
  std::uint32_t exponent_bits = 0;  ///< floating
  bool native = false;              ///< its bytes are those of this machine's type of that size
  bool is_array = false;            ///< `count` elements side by side
  std::uint64_t count = 1;
  std::vector<Hdf5Member> members;  ///< compound
  std::string other;                ///< kind other: what it is called

  std::uint64_t bytes() const { return size * count; }
};

struct Hdf5Member {
  std::string name;  ///< empty where the program does not say
  std::uint64_t offset = 0;
  Hdf5Type type;
};

/// What a program's rows are: `columns` elements each, for datasets of two dimensions, or one.
struct Hdf5Row {
  enum class Shape : std::uint8_t { element, fixed, any };  ///< a value, an array, a vector
  Hdf5Type element;
  Shape shape = Shape::element;
  std::uint64_t columns = 1;  ///< fixed
};

/// A piece of an element that is the same bytes in the file and in memory.
struct Hdf5Run {
  std::uint64_t from = 0;  ///< in the file's element
  std::uint64_t to = 0;    ///< in memory
  std::uint64_t bytes = 0;
};

/// How elements of a file become elements of the program.
struct Hdf5Match {
  bool identical = true;      ///< `runs` say it all: nothing is converted
  std::vector<Hdf5Run> runs;  ///< only when identical
  Hdf5Type memory;            ///< the program's type, its members named as in the file
};

/// "int32", "float64[3]", "compound {id: int64, x: float32}".
std::string describe(const Hdf5Type& type);
/// "rows of 3 x float64".
std::string describe(const Hdf5Row& row);
/// "[100, 3]".
std::string describe_shape(const std::vector<std::uint64_t>& shape);

/// Whether every value of `found` is one of `wanted`. Members of structs are found by `names` (then
/// the file may have more), or else in their order; a Failure says only what does not fit.
base::Result<Hdf5Match> match_types(const Hdf5Type& found, const Hdf5Type& wanted,
                                    const std::vector<std::string>& names);

}  // namespace volley::io
