#pragma once
// Svg: writes an SVG document element by element. Coordinates are pixels from the upper left
// corner.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace volley::bench {

struct Colour {
  int red = 0;
  int green = 0;
  int blue = 0;
  std::string hex() const;
  /// Whether black writing on it is easier to read than white.
  bool bright() const;
};

struct Writing {
  double size = 12;
  std::string_view anchor = "start";  ///< start, middle, end
  std::string_view fill = "#222222";
  bool bold = false;
  bool upwards = false;  ///< turned by 90 degrees
};

class Svg {
 public:
  using Points = std::vector<std::pair<double, double>>;

  Svg(double width, double height);
  void rectangle(double x, double y, double width, double height, std::string_view fill,
                 std::string_view stroke = "none");
  void line(double x1, double y1, double x2, double y2, std::string_view stroke, double width = 1,
            std::string_view dashes = {});
  void curve(const Points& points, std::string_view stroke);
  void area(const Points& points, std::string_view fill, double opacity);
  void dot(double x, double y, std::string_view fill);
  void write(double x, double y, std::string_view text, const Writing& how = {});
  /// The document, which ends here.
  std::string finish() &&;

 private:
  std::string text_;
};

/// With &, <, > and quotes as entities.
std::string escaped(std::string_view text);

}  // namespace volley::bench
