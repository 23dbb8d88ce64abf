#include <troupe/wire/forgotten.hpp>
