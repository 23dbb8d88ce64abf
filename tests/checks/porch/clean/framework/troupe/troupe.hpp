#pragma once

#include <troupe/node/node.hpp>
