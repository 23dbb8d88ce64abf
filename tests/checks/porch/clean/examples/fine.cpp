#include <string>

#include <troupe/admin.troupe.hpp>
#include <troupe/troupe.hpp>
