#pragma once

#include <troupe/base/ids.hpp>
