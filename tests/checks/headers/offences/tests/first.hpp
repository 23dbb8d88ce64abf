#pragma once

#include <framework/troupe/wire/frame.hpp>
