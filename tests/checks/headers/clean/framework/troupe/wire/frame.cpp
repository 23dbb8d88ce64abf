#include <framework/troupe/wire/frame.hpp>
