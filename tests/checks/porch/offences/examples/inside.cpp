#include <troupe/node/node.hpp>
#include <troupe/troupe.hpp>
