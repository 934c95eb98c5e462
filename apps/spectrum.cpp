// spectrum ROWS COLUMNS TASKS: finds the waves in a field of ROWS x COLUMNS values with FFTW's
// Fourier transform over MPI, called from the tasks of a barrier stage. Run it with --isolation
// none, where tasks are threads of the MPI processes, and at most as many TASKS as there are ranks:
//
//   mpirun -n 4 volley run --isolation none --conf volley.rank.slots=1 spectrum 512 512 4
//
// The field is made of three known waves. Prints the three strongest ones that the transform finds,
// and by Parseval's theorem the energy of the field twice: from the values and from the waves.
// Fails when these are not what they should be.

#include <volley/mpi.hpp>
#include <volley/volley.hpp>

#include <fftw3-mpi.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <memory>
#include <numbers>

namespace {

/// So many periods down the rows and along the columns.
struct Wave {
  std::int64_t down = 0;
  std::int64_t along = 0;
  double amplitude = 0;
  double phase = 0;
};
constexpr std::array waves{Wave{3, 5, 1.0, 0.3}, Wave{17, 2, 0.5, 1.0}, Wave{0, 9, 0.25, 2.0}};
constexpr std::int64_t least_size = 40;  // more than two values for each period

struct Shape {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
};

/// A row of the field, by its number.
using Row = std::pair<std::int64_t, std::vector<double>>;
/// How often a wave goes down and along, and its amplitude.
using Found = std::pair<std::pair<std::int64_t, std::int64_t>, double>;

Row make_row(Shape shape, std::int64_t row) {
  std::vector<double> values(static_cast<std::size_t>(shape.columns));
  for (std::size_t column = 0; column < values.size(); ++column) {
    for (const Wave& wave : waves) {
      const double turns = static_cast<double>(wave.down * row) / static_cast<double>(shape.rows) +
                           static_cast<double>(wave.along) * static_cast<double>(column) /
                               static_cast<double>(shape.columns);
      values[column] += wave.amplitude * std::cos(2 * std::numbers::pi * turns + wave.phase);
    }
  }
  return {row, std::move(values)};
}

struct Release {
  void operator()(double* memory) const { fftw_free(memory); }
  void operator()(fftw_plan plan) const { fftw_destroy_plan(plan); }
};
using Memory = std::unique_ptr<double, Release>;
using Plan = std::unique_ptr<std::remove_pointer_t<fftw_plan>, Release>;

/// What a task of the barrier stage does: its rows of the field in, its rows of the spectrum out.
/// Everything that it captures is a plain value, so that it can travel.
struct Transform {
  Shape shape;
  volley::DoubleAccumulator energy;

  template <class Records>
  std::vector<Found> operator()(volley::BarrierTask& task, Records& records) const {
    // Read the input first: its errors should come before the others are inside MPI.
    std::vector<Row> rows;
    records.for_each([&](const auto& row) { rows.push_back(row); });

    const MPI_Comm comm = volley::mpi_comm(task);
    fftw_mpi_init();
    const std::ptrdiff_t bins = shape.columns / 2 + 1;  // of a row: real values need half of them
    std::ptrdiff_t mine = 0;
    std::ptrdiff_t first = 0;
    const std::ptrdiff_t needed = fftw_mpi_local_size_2d(shape.rows, bins, comm, &mine, &first);
    const Memory memory(fftw_alloc_real(2 * static_cast<std::size_t>(std::max(needed, bins))));
    auto* const waves_out = reinterpret_cast<fftw_complex*>(memory.get());
    // Planning may overwrite the memory.
    const Plan plan(fftw_mpi_plan_dft_r2c_2d(shape.rows, shape.columns, memory.get(), waves_out,
                                             comm, FFTW_ESTIMATE));
    for (const auto& [number, values] : rows) {
      if (number < first || number >= first + mine) throw std::logic_error("not a row of FFTW's");
      std::copy(values.begin(), values.end(), memory.get() + (number - first) * 2 * bins);
    }
    fftw_execute(plan.get());
    return found_in(waves_out, first, mine, bins);
  }

  std::vector<Found> found_in(const fftw_complex* values, std::ptrdiff_t first, std::ptrdiff_t mine,
                              std::ptrdiff_t bins) const {
    const double size = static_cast<double>(shape.rows) * static_cast<double>(shape.columns);
    std::vector<Found> found;
    found.reserve(static_cast<std::size_t>(mine * bins));
    for (std::ptrdiff_t i = 0; i < mine * bins; ++i) {
      const std::ptrdiff_t along = i % bins;
      // The other bins stand for two waves each, of opposite directions.
      const double halves = along == 0 || 2 * along == shape.columns ? 1 : 2;
      const double strength = std::hypot(values[i][0], values[i][1]) / size;
      energy.add(halves * strength * strength * size);
      found.push_back({{first + i / bins, along}, halves * strength});
    }
    return found;
  }
};

bool close(double a, double b) { return std::abs(a - b) <= 1e-9 * std::max(1.0, std::abs(b)); }

bool as_expected(const std::vector<Found>& found) {
  return std::equal(found.begin(), found.end(), waves.begin(), waves.end(),
                    [](const Found& one, const Wave& wave) {
                      return one.first == std::pair(wave.down, wave.along) &&
                             close(one.second, wave.amplitude);
                    });
}

}  // namespace

int spectrum(volley::Context& context, const std::vector<std::string>& args) {
  const auto number = [&](std::size_t i) {
    return i < args.size() ? std::strtoll(args[i].c_str(), nullptr, 10) : 0;
  };
  const Shape shape{number(0), number(1)};
  const std::int64_t tasks = number(2);
  if (shape.rows < least_size || shape.columns < least_size || tasks < 1 || args.size() != 3) {
    std::cerr << "usage: spectrum ROWS COLUMNS TASKS, with ROWS and COLUMNS from " << least_size
              << " on\n";
    return 2;
  }
  // FFTW gives every task this many rows, and what is left to the last ones.
  const std::int64_t block = (shape.rows + tasks - 1) / tasks;
  const auto by_block = volley::partitioner<std::int64_t>(
      static_cast<std::uint32_t>(tasks), [block](std::int64_t row) { return row / block; });

  const auto field =
      context.range(0, shape.rows).map([shape](std::int64_t row) { return make_row(shape, row); });
  const auto energy = context.double_accumulator("energy of the waves");
  // Nothing has run yet. The transform is an RDD as any other: here the strongest waves are asked
  // for, of which every task sends its own three.
  const auto found = field.partition_by(by_block)
                         .barrier()
                         .map_partitions(Transform{shape, energy})
                         .top(waves.size(), volley::by_value);
  const double field_energy = field.values()
                                  .map([](const std::vector<double>& values) {
                                    double sum = 0;
                                    for (const double value : values) sum += value * value;
                                    return sum;
                                  })
                                  .sum();

  std::cout << std::fixed << std::setprecision(6);
  for (const auto& [wave, amplitude] : found) {
    std::cout << wave.first << " down, " << wave.second << " along: " << amplitude << '\n';
  }
  std::cout << "energy of the values " << field_energy << ", of the waves " << energy.value()
            << '\n';
  return as_expected(found) && close(energy.value(), field_energy) ? 0 : 1;
}
VOLLEY_APPLICATION(spectrum)
