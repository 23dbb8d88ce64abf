#pragma once

#include <troupe/retry/budget.hpp>
