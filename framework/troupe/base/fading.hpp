// How evidence loses weight with age: a cheap stand-in for e^-x, for statistics of whatever room.
#pragma once

namespace troupe {

/// What is left of a weight of 1 after `x` time constants, x >= 0. The squared reciprocal of e^(x/2)'s Taylor
/// sum to the third power: within .01 of e^-x, monotonic, in (0, 1], with a tail that vanishes as x^-6, and a
/// handful of multiplications, so that a scan over replicas can afford one per term.
constexpr double faded(double x) {
  const double h = x / 2;
  const double root = 1 / (1 + h * (1 + h * (.5 + h * (1. / 6))));
  return root * root;
}

}  // namespace troupe
