#include "io/hdf5/functions.hpp"
#include "io/hdf5/library.hpp"
#include "io/io_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace volley::io::hdf5 {
namespace {

std::vector<std::uint64_t> shape_of(hid_t space) {
  std::vector<std::uint64_t> shape;
  std::array<hsize_t, H5S_MAX_RANK> dimensions{};
  const int rank = ::H5Sget_simple_extent_dims(space, dimensions.data(), nullptr);
  for (int i = 0; i < rank; ++i) shape.push_back(dimensions.at(static_cast<std::size_t>(i)));
  return shape;
}

std::string filter_name(H5Z_filter_t filter) {
  switch (filter) {
    case H5Z_FILTER_DEFLATE:
      return "deflate";
    case H5Z_FILTER_SHUFFLE:
      return "shuffle";
    case H5Z_FILTER_FLETCHER32:
      return "fletcher32";
    case H5Z_FILTER_SZIP:
      return "szip";
    case H5Z_FILTER_NBIT:
      return "nbit";
    case H5Z_FILTER_SCALEOFFSET:
      return "scaleoffset";
    default:
      return fmt::format("filter {}", filter);
  }
}

Hdf5DatasetInfo inspect(hid_t dataset, const std::string& name) {
  Hdf5DatasetInfo info;
  info.name = name;
  const Hdf5Handle space = own_space(::H5Dget_space(dataset));
  info.shape = shape_of(space.get());
  const Hdf5Handle type = own_type(::H5Dget_type(dataset));
  info.type = parse_type(type.get());
  const Hdf5Handle made = own_list(::H5Dget_create_plist(dataset));
  if (::H5Pget_layout(made.get()) == H5D_CHUNKED) {
    std::array<hsize_t, H5S_MAX_RANK> chunk{};
    const int rank = ::H5Pget_chunk(made.get(), H5S_MAX_RANK, chunk.data());
    for (int i = 0; i < rank; ++i) info.chunk.push_back(chunk.at(static_cast<std::size_t>(i)));
  }
  const int filters = ::H5Pget_nfilters(made.get());
  for (int i = 0; i < filters; ++i) {
    unsigned flags = 0;
    std::size_t values = 0;
    info.filters.push_back(filter_name(::H5Pget_filter2(
        made.get(), static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, nullptr)));
  }
  return info;
}

struct Listing {
  hid_t file;
  std::vector<Hdf5DatasetInfo> found;
};

herr_t visit_object(hid_t /*root*/, const char* name, const H5O_info_t* object, void* state) {
  auto& listing = *static_cast<Listing*>(state);
  if (object->type != H5O_TYPE_DATASET) return 0;
  const Hdf5Handle dataset = own_dataset(::H5Dopen2(listing.file, name, H5P_DEFAULT));
  if (dataset) listing.found.push_back(inspect(dataset.get(), "/" + std::string(name)));
  return 0;
}

herr_t note_attribute(hid_t /*object*/, const char* name, const H5A_info_t*, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

Hdf5Handle open_object(hid_t file, const std::string& path, const std::string& name) {
  Hdf5Handle object(::H5Oopen(file, name.c_str(), H5P_DEFAULT), &H5Oclose);
  if (!object) throw IoError(fmt::format("HDF5 file {} has no object {}", path, name));
  return object;
}

/// The values of an attribute, as the widest type of their kind.
template <class Number>
Hdf5Value read_numbers(hid_t attribute, hid_t type, std::size_t count, bool is_list) {
  std::vector<Number> values(count);
  if (count > 0 && ::H5Aread(attribute, type, values.data()) < 0) {
    throw_hdf5_error("cannot read an attribute");
  }
  if (is_list || values.empty()) return values;
  return values.front();
}

Hdf5Value make_texts(std::vector<std::string> texts, bool is_list) {
  if (is_list || texts.empty()) return texts;
  return std::move(texts.front());
}

Hdf5Value read_variable_texts(hid_t attribute, hid_t type, hid_t space, std::size_t count,
                              bool is_list) {
  std::vector<char*> pointers(count, nullptr);
  if (count > 0 && ::H5Aread(attribute, type, pointers.data()) < 0) {
    throw_hdf5_error("cannot read an attribute");
  }
  std::vector<std::string> texts;
  for (const char* text : pointers) texts.emplace_back(text == nullptr ? "" : text);
  ::H5Dvlen_reclaim(type, space, H5P_DEFAULT, pointers.data());
  return make_texts(std::move(texts), is_list);
}

Hdf5Value read_fixed_texts(hid_t attribute, hid_t type, std::size_t count, bool is_list) {
  const std::size_t size = ::H5Tget_size(type);
  std::string all(size * count, '\0');
  if (count > 0 && ::H5Aread(attribute, type, all.data()) < 0) {
    throw_hdf5_error("cannot read an attribute");
  }
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text = all.substr(i * size, size);
    const bool padded = ::H5Tget_strpad(type) == H5T_STR_SPACEPAD;
    text.erase(padded ? text.find_last_not_of(' ') + 1 : std::min(text.find('\0'), text.size()));
    texts.push_back(std::move(text));
  }
  return make_texts(std::move(texts), is_list);
}

std::optional<Hdf5Value> read_attribute(hid_t attribute) {
  const Hdf5Handle space = own_space(::H5Aget_space(attribute));
  const Hdf5Handle type = own_type(::H5Aget_type(attribute));
  const hssize_t points = ::H5Sget_simple_extent_npoints(space.get());
  const auto count = static_cast<std::size_t>(std::max<hssize_t>(points, 0));
  const bool is_list = ::H5Sget_simple_extent_type(space.get()) != H5S_SCALAR;
  if (::H5Tis_variable_str(type.get()) > 0) {
    return read_variable_texts(attribute, type.get(), space.get(), count, is_list);
  }
  const Hdf5Type parsed = parse_type(type.get());
  if (parsed.is_array) return std::nullopt;
  switch (parsed.kind) {
    case Hdf5Class::integer:
      if (parsed.is_signed)
        return read_numbers<std::int64_t>(attribute, H5T_NATIVE_INT64, count, is_list);
      return read_numbers<std::uint64_t>(attribute, H5T_NATIVE_UINT64, count, is_list);
    case Hdf5Class::boolean:
      return read_numbers<std::int64_t>(attribute, H5T_NATIVE_INT64, count, is_list);
    case Hdf5Class::floating:
      return read_numbers<double>(attribute, H5T_NATIVE_DOUBLE, count, is_list);
    case Hdf5Class::text:
      return read_fixed_texts(attribute, type.get(), count, is_list);
    default:
      return std::nullopt;
  }
}

/// Writes values of one attribute; the object is open for change.
class AttributeWriter {
 public:
  AttributeWriter(hid_t object, const std::string& name) : object_(object), name_(name) {}

  void operator()(std::int64_t value) const { write(H5T_NATIVE_INT64, nullptr, &value); }
  void operator()(std::uint64_t value) const { write(H5T_NATIVE_UINT64, nullptr, &value); }
  void operator()(double value) const { write(H5T_NATIVE_DOUBLE, nullptr, &value); }
  void operator()(const std::string& value) const {
    const Hdf5Handle type = variable_text();
    const char* text = value.c_str();
    write(type.get(), nullptr, static_cast<const void*>(&text));
  }
  void operator()(const std::vector<std::int64_t>& list) const { write(H5T_NATIVE_INT64, list); }
  void operator()(const std::vector<std::uint64_t>& list) const { write(H5T_NATIVE_UINT64, list); }
  void operator()(const std::vector<double>& list) const { write(H5T_NATIVE_DOUBLE, list); }
  void operator()(const std::vector<std::string>& list) const {
    const Hdf5Handle type = variable_text();
    std::vector<const char*> texts;
    for (const std::string& text : list) texts.push_back(text.c_str());
    write(type.get(), texts);
  }

 private:
  static Hdf5Handle variable_text() {
    Hdf5Handle type = own_type(::H5Tcopy(H5T_C_S1));
    ::H5Tset_size(type.get(), H5T_VARIABLE);
    ::H5Tset_cset(type.get(), H5T_CSET_UTF8);
    return type;
  }
  template <class T>
  void write(hid_t type, const std::vector<T>& list) const {
    const hsize_t count = list.size();
    write(type, &count, static_cast<const void*>(list.data()));
  }
  void write(hid_t type, const hsize_t* count, const void* values) const {
    if (::H5Aexists(object_, name_.c_str()) > 0) ::H5Adelete(object_, name_.c_str());
    const Hdf5Handle space = own_space(count == nullptr ? ::H5Screate(H5S_SCALAR)
                                                        : ::H5Screate_simple(1, count, nullptr));
    const Hdf5Handle made(
        ::H5Acreate2(object_, name_.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT),
        &H5Aclose);
    if (!made) throw_hdf5_error("cannot create attribute " + name_);
    const bool empty = count != nullptr && *count == 0;
    if (!empty && ::H5Awrite(made.get(), type, values) < 0) {
      throw_hdf5_error("cannot write attribute " + name_);
    }
  }

  hid_t object_;
  const std::string& name_;
};

}  // namespace

Hdf5DatasetInfo inspect_dataset(const std::string& path, const std::string& dataset) {
  const Hdf5Lock lock;
  const Hdf5Handle file = open_hdf5(path);
  const Hdf5Handle found = open_hdf5_dataset(file.get(), path, dataset);
  return inspect(found.get(), dataset);
}

std::vector<Hdf5DatasetInfo> list_datasets(const std::string& path) {
  const Hdf5Lock lock;
  const Hdf5Handle file = open_hdf5(path);
  Listing listing{file.get(), {}};
  const herr_t visited =
      ::H5Ovisit(file.get(), H5_INDEX_NAME, H5_ITER_INC, &visit_object, &listing);
  if (visited < 0) throw_hdf5_error("cannot list HDF5 file " + path);
  return std::move(listing.found);
}

Hdf5Attributes read_attributes(const std::string& path, const std::string& object) {
  const Hdf5Lock lock;
  const Hdf5Handle file = open_hdf5(path);
  const Hdf5Handle found = open_object(file.get(), path, object);
  std::vector<std::string> names;
  ::H5Aiterate2(found.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr, &note_attribute, &names);
  Hdf5Attributes attributes;
  for (const std::string& name : names) {
    const Hdf5Handle attribute(::H5Aopen(found.get(), name.c_str(), H5P_DEFAULT), &H5Aclose);
    if (auto value = read_attribute(attribute.get())) attributes.emplace(name, std::move(*value));
  }
  return attributes;
}

void write_attributes(const std::string& path, const std::string& object,
                      const Hdf5Attributes& attributes) {
  const Hdf5Lock lock;
  const Hdf5Handle file = open_hdf5(path, true);
  const Hdf5Handle found = open_object(file.get(), path, object);
  for (const auto& [name, value] : attributes) {
    std::visit(AttributeWriter(found.get(), name), value);
  }
}

}  // namespace volley::io::hdf5
