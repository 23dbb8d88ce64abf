// How evidence loses weight with age.
#include <cmath>

#include <doctest/doctest.h>

#include <troupe/base/fading.hpp>

using namespace troupe;

TEST_CASE("fading stays within .01 of e^-x, falls, and never leaves (0, 1]") {
  double before = 1.1;
  for (double x = 0; x < 50; x += .01) {
    const double it = faded(x);
    CHECK(std::abs(it - std::exp(-x)) < .01);
    CHECK(it < before);
    CHECK(it > 0);
    before = it;
  }
  CHECK(faded(0) == 1);
}
