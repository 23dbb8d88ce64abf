#pragma once

#include <troupe/node/gone.hpp>
#include <troupe/node/node.hpp>
