using bytes = int;

#include <framework/troupe/wire/frame.hpp>
