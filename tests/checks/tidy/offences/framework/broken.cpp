#include <framework/counter.hpp>

int twice(Counter x) { return x.value; }
