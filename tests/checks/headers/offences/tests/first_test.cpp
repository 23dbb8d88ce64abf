using bytes = int;

#include <tests/first.hpp>
