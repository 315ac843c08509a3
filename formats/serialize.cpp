// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "serialize.hpp"

#include "slots.hpp"
#include "src/arithmetic.hpp"
#include "src/validate.hpp"

#include <algorithm>
#include <array>

namespace septet::detail {
namespace {

constexpr std::array<unsigned char, 8> kMagic = {0x89, 'S', 'E', 'P', 'T', 'E', 'T', '\n'};
constexpr std::uint32_t kVersion = 1;
constexpr Index kChecksumAt = 24;
constexpr Index kHeaderBytes = 152;
constexpr Index kWord = 8;
constexpr Index kMostOfNothing = Index{1} << 24;

/// Every field of the header in the order of the file; `io` reads or writes each.
template <class IO, class Packed>
void header_fields(IO& io, Packed& packed) {
  auto& o = packed.options;
  io.code("format", o.format), io.code("dataflow", o.dataflow), io.code("type", packed.type);
  io.code("side", o.side), io.code("combine.policy", o.combine.policy);
  io.reserved(3);
  io.number("rows", packed.rows), io.number("cols", packed.cols), io.number("nnz", packed.nnz);
  io.number("array.height", o.array.height), io.number("array.width", o.array.width);
  io.number("combine.lanes", o.combine.lanes), io.number("combine.window", o.combine.window);
  io.number("zero_point", o.zero_point);
  io.number("group.n", o.group.n), io.number("group.m", o.group.m);
  io.reserved(4);
  io.number("block.rows", o.block.rows), io.number("block.cols", o.block.cols);
  io.number("slice.height", o.slice.height), io.number("slice.window", o.slice.window);
  io.number("tile_cols", o.tile_cols), io.number("expected_cols", o.expected_cols);
}

// The arrays of each format, in the order of the file.
template <class IO, class Arrays>
void fields(IO& io, Arrays& of, const CscArrays*) {
  io.array("col_ptr", of.col_ptr), io.array("row_idx", of.row_idx);
}
template <class IO, class Arrays>
void fields(IO& io, Arrays& of, const CooArrays*) {
  io.array("row_idx", of.row_idx), io.array("col_idx", of.col_idx);
}
template <class IO, class Arrays>
void fields(IO& io, Arrays& of, const BsrArrays*) {
  io.array("block_ptr", of.block_ptr), io.array("block_idx", of.block_idx);
}
template <class IO, class Arrays>
void fields(IO& io, Arrays& of, const EllArrays*) {
  io.array("row_length", of.row_length), io.array("col_idx", of.col_idx);
}
template <class IO, class Arrays>
void fields(IO& io, Arrays& of, const SellArrays*) {
  io.array("slice_ptr", of.slice_ptr), io.array("row_order", of.row_order);
  io.array("row_length", of.row_length), io.array("col_idx", of.col_idx);
}
template <class IO, class Arrays>
void fields(IO& io, Arrays& of, const BitmapArrays*) {
  io.array("words", of.words);
}
template <class IO, class Arrays>
void fields(IO& io, Arrays& of, const NmArrays*) {
  io.array("positions", of.positions);
}
template <class IO, class Arrays>
void fields(IO& io, Arrays& of, const TcsrArrays*) {
  io.number("block_rows", of.block_rows), io.number("tile_cols", of.tile_cols);
  io.array("run_ptr", of.run_ptr), io.array("run_rows", of.run_rows), io.array("run_count", of.run_count);
  io.array("row_ptr", of.row_ptr), io.array("row_idx", of.row_idx);
  io.array("slot_ptr", of.slot_ptr), io.array("col_offset", of.col_offset);
}
template <class IO, class Arrays>
void fields(IO&, Arrays&, const std::monostate*) {}

class Writer {
 public:
  template <class T>
  void put(const T& value) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof(T));
  }
  template <class T>
  void code(const char*, T value) {
    put(value);
  }
  template <class T>
  void number(const char*, T value) {
    put(value);
  }
  void reserved(Index count) { bytes_.resize(bytes_.size() + count); }

  /// The number of elements, those, and zeros up to a word.
  template <class T>
  void array(const char*, const std::vector<T>& elements) {
    elements_of(reinterpret_cast<const std::byte*>(elements.data()), static_cast<Index>(elements.size()), sizeof(T));
  }
  void elements_of(const std::byte* data, Index count, Index size) {
    put(count);
    bytes_.insert(bytes_.end(), data, data + count * size);
    bytes_.resize(ceil_div(static_cast<Index>(bytes_.size()), kWord) * kWord);
  }
  std::vector<std::byte>& bytes() { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

class Reader {
 public:
  Reader(const std::byte* bytes, Index size) : bytes_(bytes), size_(size) {}

  Index at() const { return at_; }
  [[noreturn]] void broken(Index at, const std::string& what) const {
    throw_bad_file("byte " + std::to_string(at) + ": " + what);
  }

  template <class T>
  T get() {
    if (size_ - at_ < static_cast<Index>(sizeof(T))) broken(size_, "the file ends within a number");
    T value;
    std::memcpy(&value, bytes_ + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }
  template <class T>
  void number(const char*, T& value) {
    value = get<T>();
  }
  /// An enumerator, by its number.
  template <class T>
  void code(const char* what, T& value) {
    const Index at = at_;
    const auto number = get<std::uint8_t>();
    if (number > static_cast<std::uint8_t>(last(value))) {
      broken(at, std::string(what) + ": no such number: " + std::to_string(number));
    }
    value = static_cast<T>(number);
  }
  void reserved(Index count) {
    for (Index i = 0; i < count; ++i) {
      if (get<std::uint8_t>() != 0) broken(at_ - 1, "is not zero, and has to be in this version");
    }
  }

  /// The elements' bytes, in the file.
  const std::byte* elements_of(const char* what, Index size, Index& count) {
    const Index at = at_;
    count = get<Index>();
    if (count < 0 || count > (size_ - at_) / size) {
      broken(at, std::string(what) + ": " + std::to_string(count) + " elements, and " + std::to_string(size_ - at_) +
                     " bytes left in the file");
    }
    const std::byte* first = bytes_ + at_;
    at_ += count * size;
    const Index padding = ceil_div(at_, kWord) * kWord - at_;
    if (padding > size_ - at_) broken(at_, "the file ends within the zeros behind " + std::string(what));
    reserved(padding);
    return first;
  }
  template <class T>
  void array(const char* what, std::vector<T>& elements) {
    Index count = 0;
    const std::byte* first = elements_of(what, sizeof(T), count);
    elements.resize(count);
    if (count > 0) std::memcpy(elements.data(), first, count * sizeof(T));
  }

 private:
  static Format last(Format) { return Format::tcsr; }
  static Dataflow last(Dataflow) { return Dataflow::csOS; }
  static Type last(Type) { return Type::s16; }
  static Side last(Side) { return Side::right; }
  static CombinePolicy last(CombinePolicy) { return CombinePolicy::first_fit; }

  const std::byte* bytes_;
  Index size_;
  Index at_ = 0;
};

// The elements of a dense matrix, row by row: its panels are made anew.
void write_dense(const PackedStorage& packed, Writer& writer) {
  const Index size = size_of(packed.type);
  std::vector<std::byte> values(packed.rows * packed.cols * size);
  unpack_dense(packed, Matrix(values.data(), packed.type, packed.rows, packed.cols, packed.cols, 1));
  writer.elements_of(values.data(), packed.rows * packed.cols, size);
}

// Magic, version, length and checksum: is this a whole file of ours?
void check_frame(Reader& reader, const std::byte* bytes, Index size) {
  if (size < static_cast<Index>(kMagic.size()) || std::memcmp(bytes, kMagic.data(), kMagic.size()) != 0) {
    reader.broken(0, "does not begin as a packed matrix does");
  }
  reader.get<std::uint64_t>();
  const auto version = reader.get<std::uint32_t>();
  if (version != kVersion) {
    reader.broken(8, "version " + std::to_string(version) + ", and " + std::to_string(kVersion) + " is known");
  }
  if (reader.get<std::uint32_t>() != kHeaderBytes) reader.broken(12, "the header has another length");
  const auto length = reader.get<Index>();
  if (length != size || size % kWord != 0 || size < kHeaderBytes) {
    reader.broken(16, "the file should have " + std::to_string(length) + " bytes, and has " + std::to_string(size));
  }
  const auto checksum = reader.get<std::uint64_t>();
  Checksum sum;
  sum.add(bytes, kChecksumAt);
  sum.add(bytes + kChecksumAt + kWord, size - kChecksumAt - kWord);
  if (checksum != sum.value()) reader.broken(kChecksumAt, "the checksum is another: the file was changed");
}

void read_header(Reader& reader, PackedStorage& packed) {
  header_fields(reader, packed);
  if (packed.options.format == Format::automatic || packed.options.dataflow == Dataflow::automatic) {
    throw_bad_file("header: format and dataflow have to be named");
  }
  if (packed.rows < 0 || packed.cols < 0) throw_bad_file("header: a negative dimension");
  // Rows of nothing take no bytes in the file, and would take memory.
  if (std::min(packed.rows, packed.cols) == 0 && std::max(packed.rows, packed.cols) > kMostOfNothing) {
    throw_bad_file("header: an empty matrix has at most " + std::to_string(kMostOfNothing) + " rows or columns");
  }
  const Status status = validate_packing(packed.options, packed.type, packed.rows, packed.cols, false);
  if (!status.ok()) throw_bad_file("header: " + status.to_string());
}

void set_alternative(PackedStorage& packed) {
  switch (packed.options.format) {
    case Format::csc:
      packed.arrays = CscArrays();
      break;
    case Format::coo:
      packed.arrays = CooArrays();
      break;
    case Format::bsr:
      packed.arrays = BsrArrays();
      break;
    case Format::ell:
      packed.arrays = EllArrays();
      break;
    case Format::sell:
      packed.arrays = SellArrays();
      break;
    case Format::bitmap:
      packed.arrays = BitmapArrays();
      break;
    case Format::nm:
      packed.arrays = NmArrays();
      break;
    default:
      packed.arrays = TcsrArrays();
      break;
  }
}

void read_values(Reader& reader, Type type, std::vector<std::byte>& values) {
  Index count = 0;
  const std::byte* first = reader.elements_of("values", size_of(type), count);
  values.assign(first, first + count * size_of(type));
}

std::shared_ptr<const PackedStorage> read_dense(Reader& reader, const PackedStorage& header) {
  std::vector<std::byte> values;
  const Index at = reader.at();
  read_values(reader, header.type, values);
  const Index count = static_cast<Index>(values.size()) / size_of(header.type);
  if (count != header.rows * header.cols) {
    reader.broken(at, "values: " + std::to_string(count) + " elements for " + std::to_string(header.rows) + " x " +
                          std::to_string(header.cols));
  }
  return pack_dense(ConstMatrix(values.data(), header.type, header.rows, header.cols, header.cols, 1), header.options);
}

void read_sparse(Reader& reader, PackedStorage& packed) {
  if (packed.options.format == Format::csr) {
    CsrArrays& csr = packed.csr;
    csr.rows = packed.rows, csr.cols = packed.cols, csr.type = packed.type;
    reader.array("row_ptr", csr.row_ptr), reader.array("col_idx", csr.col_idx);
    read_values(reader, packed.type, csr.values);
    check_arrays(packed);
  } else if (packed.options.format <= Format::csb) {
    reader.array("bytes", packed.bytes);
    packed.options.format == Format::tsb ? read_tsb(packed) : read_csb(packed);
  } else {
    set_alternative(packed);
    std::visit([&](auto& of) { fields(reader, of, &of); }, packed.arrays);
    read_values(reader, packed.type, packed.values);
    packed.stored = static_cast<Index>(packed.values.size()) / size_of(packed.type);
    check_arrays(packed);
  }
}

// Padding is zero; returns the number of other slots that are not.
template <class T>
Index count_non_zeros(const PackedStorage& packed) {
  const SlotPlaces places = slot_places(packed);
  const std::vector<std::byte> bytes = slot_values(packed);
  const T* values = reinterpret_cast<const T*>(bytes.data());
  const T zero = zero_element<T>(packed.options.zero_point);
  Index count = 0;
  for (Index p = 0; p < places.size(); ++p) {
    // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): its bits have to be zero, not its value
    if (places.row[p] < 0 && std::memcmp(values + p, &zero, sizeof(T)) != 0) {
      throw_bad_file("slot " + std::to_string(p) + " is padding, and its value not zero");
    }
    count += !is_zero(values[p], packed.options.zero_point);
  }
  return count;
}

void check_nnz(const PackedStorage& packed, Index stated) {
  if (packed.nnz == stated) return;
  throw_bad_file("header: nnz is " + std::to_string(stated) + ", and " + std::to_string(packed.nnz) +
                 " elements are not zero");
}

}  // namespace

void Checksum::add(const std::byte* bytes, Index size) {
  constexpr std::uint64_t kPrime = 0x100000001b3;
  for (Index at = 0; at < size; at += kWord) {
    std::uint64_t word;
    std::memcpy(&word, bytes + at, sizeof(word));
    value_ = (value_ ^ word) * kPrime;
    value_ ^= value_ >> 32;
  }
}

std::vector<std::byte> serialize(const PackedStorage& packed) {
  Writer writer;
  writer.put(kMagic);
  writer.put(kVersion);
  writer.put(static_cast<std::uint32_t>(kHeaderBytes));
  writer.reserved(2 * kWord);  // length and checksum: see below
  header_fields(writer, packed);
  const Index size = size_of(packed.type);
  if (packed.options.format == Format::dense) {
    write_dense(packed, writer);
  } else if (packed.options.format == Format::csr) {
    writer.array("row_ptr", packed.csr.row_ptr), writer.array("col_idx", packed.csr.col_idx);
    writer.elements_of(packed.csr.values.data(), packed.stored, size);
  } else if (packed.options.format <= Format::csb) {
    writer.array("bytes", packed.bytes);
  } else {
    std::visit([&](const auto& of) { fields(writer, of, &of); }, packed.arrays);
    writer.elements_of(packed.values.data(), packed.stored, size);
  }
  std::vector<std::byte>& bytes = writer.bytes();
  const auto length = static_cast<Index>(bytes.size());
  std::memcpy(bytes.data() + kChecksumAt - kWord, &length, sizeof(length));
  Checksum sum;
  sum.add(bytes.data(), kChecksumAt);
  sum.add(bytes.data() + kChecksumAt + kWord, length - kChecksumAt - kWord);
  const std::uint64_t checksum = sum.value();
  std::memcpy(bytes.data() + kChecksumAt, &checksum, sizeof(checksum));
  return std::move(bytes);
}

std::shared_ptr<const PackedStorage> deserialize(const std::byte* bytes, Index size) {
  Reader reader(bytes, size);
  check_frame(reader, bytes, size);
  auto packed = std::make_shared<PackedStorage>();
  read_header(reader, *packed);
  std::shared_ptr<const PackedStorage> result = packed;
  const Index nnz = packed->nnz;
  if (packed->options.format == Format::dense) {
    result = read_dense(reader, *packed);
  } else {
    read_sparse(reader, *packed);
    packed->nnz = with_type(packed->type,
                            [&](auto* tag) { return count_non_zeros<std::remove_pointer_t<decltype(tag)>>(*packed); });
  }
  if (reader.at() != size) reader.broken(reader.at(), "there is more than the format holds");
  check_nnz(*result, nnz);
  return result;
}

}  // namespace septet::detail
