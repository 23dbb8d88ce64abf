#include <troupe/base/circle.hpp>
