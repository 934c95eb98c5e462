// Types of the HDF5 library to and from Hdf5Type.

#include "base/check.hpp"
#include "io/hdf5/library.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace volley::io::hdf5 {
namespace {

std::string take_text(char* text) {
  std::string copy = text == nullptr ? "" : text;
  ::H5free_memory(text);
  return copy;
}

hid_t native_integer(std::uint64_t size, bool is_signed) {
  switch (size) {
    case 1:
      return is_signed ? H5T_NATIVE_INT8 : H5T_NATIVE_UINT8;
    case 2:
      return is_signed ? H5T_NATIVE_INT16 : H5T_NATIVE_UINT16;
    case 4:
      return is_signed ? H5T_NATIVE_INT32 : H5T_NATIVE_UINT32;
    case 8:
      return is_signed ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT64;
    default:
      return H5I_INVALID_HID;
  }
}

hid_t native_floating(std::uint64_t size) {
  if (size == sizeof(float)) return H5T_NATIVE_FLOAT;
  if (size == sizeof(double)) return H5T_NATIVE_DOUBLE;
  return size == sizeof(long double) ? H5T_NATIVE_LDOUBLE : H5I_INVALID_HID;
}

bool equals(hid_t type, hid_t native) { return native >= 0 && ::H5Tequal(type, native) > 0; }

void parse_integer(hid_t type, Hdf5Type& parsed) {
  parsed.kind = Hdf5Class::integer;
  parsed.is_signed = ::H5Tget_sign(type) != H5T_SGN_NONE;
  const auto bits = static_cast<std::uint32_t>(::H5Tget_precision(type));
  parsed.value_bits = parsed.is_signed ? bits - 1 : bits;
  parsed.native = equals(type, native_integer(parsed.size, parsed.is_signed));
}

void parse_floating(hid_t type, Hdf5Type& parsed) {
  parsed.kind = Hdf5Class::floating;
  std::size_t sign = 0;
  std::size_t exponent = 0;
  std::size_t exponent_bits = 0;
  std::size_t mantissa = 0;
  std::size_t mantissa_bits = 0;
  ::H5Tget_fields(type, &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits);
  const bool implied = ::H5Tget_norm(type) == H5T_NORM_IMPLIED;
  parsed.value_bits = static_cast<std::uint32_t>(mantissa_bits + (implied ? 1 : 0));
  parsed.exponent_bits = static_cast<std::uint32_t>(exponent_bits);
  parsed.native = equals(type, native_floating(parsed.size));
}

/// h5py writes bool as an enumeration of FALSE and TRUE in a byte.
hid_t make_boolean() {
  const hid_t type = ::H5Tenum_create(H5T_NATIVE_INT8);
  std::int8_t value = 0;
  ::H5Tenum_insert(type, "FALSE", &value);
  value = 1;
  ::H5Tenum_insert(type, "TRUE", &value);
  return type;
}

void parse_enumeration(hid_t type, Hdf5Type& parsed) {
  const Hdf5Handle boolean = own_type(make_boolean());
  if (::H5Tequal(type, boolean.get()) > 0) {
    parsed.kind = Hdf5Class::boolean;
    parsed.native = true;
    return;
  }
  const Hdf5Handle base = own_type(::H5Tget_super(type));
  parse_integer(base.get(), parsed);
}

void parse_text(hid_t type, Hdf5Type& parsed) {
  if (::H5Tis_variable_str(type) > 0) {
    parsed.other = "text of variable length";
    return;
  }
  parsed.kind = Hdf5Class::text;
  parsed.native = ::H5Tget_strpad(type) != H5T_STR_SPACEPAD;
}

void parse_compound(hid_t type, Hdf5Type& parsed) {
  parsed.kind = Hdf5Class::compound;
  parsed.native = true;
  const int members = ::H5Tget_nmembers(type);
  for (int i = 0; i < members; ++i) {
    const auto index = static_cast<unsigned>(i);
    const Hdf5Handle member = own_type(::H5Tget_member_type(type, index));
    parsed.members.push_back({take_text(::H5Tget_member_name(type, index)),
                              ::H5Tget_member_offset(type, index), parse_type(member.get())});
  }
}

void parse_array(hid_t type, Hdf5Type& parsed) {
  std::array<hsize_t, H5S_MAX_RANK> dimensions{};
  const int rank = ::H5Tget_array_dims2(type, dimensions.data());
  const Hdf5Handle base = own_type(::H5Tget_super(type));
  Hdf5Type element = parse_type(base.get());
  if (rank != 1 || element.is_array) {
    parsed.other = fmt::format("array of {} dimensions of {}", rank, describe(element));
    return;
  }
  parsed = std::move(element);
  parsed.is_array = true;
  parsed.count = dimensions[0];
}

hid_t make_compound(const Hdf5Type& type) {
  const hid_t made = ::H5Tcreate(H5T_COMPOUND, type.size);
  std::size_t unnamed = 0;
  for (const Hdf5Member& member : type.members) {
    const std::string name = member.name.empty() ? fmt::format("f{}", unnamed) : member.name;
    ++unnamed;
    const Hdf5Handle inner = make_type(member.type);
    ::H5Tinsert(made, name.c_str(), member.offset, inner.get());
  }
  return made;
}

hid_t make_element(const Hdf5Type& type) {
  switch (type.kind) {
    case Hdf5Class::integer:
      return ::H5Tcopy(native_integer(type.size, type.is_signed));
    case Hdf5Class::floating:
      return ::H5Tcopy(native_floating(type.size));
    case Hdf5Class::boolean:
      return make_boolean();
    case Hdf5Class::compound:
      return make_compound(type);
    case Hdf5Class::text: {
      const hid_t text = ::H5Tcopy(H5T_C_S1);
      ::H5Tset_size(text, type.size);
      ::H5Tset_strpad(text, H5T_STR_NULLPAD);
      return text;
    }
    case Hdf5Class::other:
      break;
  }
  return H5I_INVALID_HID;
}

}  // namespace

Hdf5Type parse_type(hid_t type) {
  Hdf5Type parsed;
  parsed.size = ::H5Tget_size(type);
  switch (::H5Tget_class(type)) {
    case H5T_INTEGER:
      parse_integer(type, parsed);
      break;
    case H5T_FLOAT:
      parse_floating(type, parsed);
      break;
    case H5T_ENUM:
      parse_enumeration(type, parsed);
      break;
    case H5T_STRING:
      parse_text(type, parsed);
      break;
    case H5T_COMPOUND:
      parse_compound(type, parsed);
      break;
    case H5T_ARRAY:
      parse_array(type, parsed);
      break;
    case H5T_VLEN:
      parsed.other = "lists of variable length";
      break;
    case H5T_REFERENCE:
      parsed.other = "references";
      break;
    case H5T_BITFIELD:
      parsed.other = "bit fields";
      break;
    case H5T_OPAQUE:
      parsed.other = "opaque bytes";
      break;
    default:
      parsed.other = "a type that is not known here";
      break;
  }
  return parsed;
}

Hdf5Handle make_type(const Hdf5Type& type) {
  Hdf5Handle element = own_type(make_element(type));
  VOLLEY_CHECK(element, "no HDF5 type for {}", describe(type));
  if (!type.is_array) return element;
  const hsize_t count = type.count;
  return own_type(::H5Tarray_create2(element.get(), 1, &count));
}

}  // namespace volley::io::hdf5
