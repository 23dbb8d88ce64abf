#pragma once

#include <troupe/balance/policy.hpp>
#include <troupe/membership/core.hpp>
#include <troupe/nowhere/file.hpp>
#include <troupe/retry/safety.hpp>
